"""`python -m lab.wsman --prefix WINEPREFIX --accounts FILE --certificate PEM --key PEM`: WinRM for one host."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import ssl
import sys
from functools import partial
from pathlib import Path

from lab.paths import Paths
from lab.process import LabError
from lab.wsman import launcher
from lab.wsman.server import serve_connection
from lab.wsman.service import Service
from lab.wsman.wine import Wine

# What Ansible's connections ask for.
USUAL_CODE_PAGE = 65001


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="lab.wsman", description="a WinRM endpoint in front of a Wine prefix")
    parser.add_argument("--prefix", type=Path, required=True, help="the Wine prefix, which is up")
    parser.add_argument("--accounts", type=Path, required=True, help="the host's accounts")
    parser.add_argument("--certificate", type=Path, required=True, help="of the https port")
    parser.add_argument("--key", type=Path, required=True, help="of that certificate")
    parser.add_argument("--address", default="0.0.0.0", help="where to listen (all addresses)")  # noqa: S104
    parser.add_argument("--http", type=int, default=5985, help="port (5985)")
    parser.add_argument("--https", type=int, default=5986, help="port (5986)")
    parser.add_argument("--log", type=Path, help="a file instead of standard error")
    return parser.parse_args()


async def _serve(options: argparse.Namespace) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(options.certificate, options.key)
    wine = Wine(options.prefix)
    service = Service(wine)
    serve = partial(serve_connection, service=service, file=options.accounts)
    await wine.console(USUAL_CODE_PAGE)
    servers = [
        await asyncio.start_server(serve, options.address, options.http),
        await asyncio.start_server(serve, options.address, options.https, ssl=tls),
    ]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    for server in servers:
        server.close()
    await service.close()
    wine.close()


def main() -> int:
    """The command line."""
    options = _options()
    logging.basicConfig(filename=options.log, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        launcher.install(options.prefix, Paths.from_environment().cache)
        asyncio.run(_serve(options))
    except (LabError, OSError) as error:
        sys.stderr.write(f"lab.wsman: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
