"""Runs the cloud: python -m lab.cloud --state DIR [--host 10.213.0.3 --port 443]."""

from __future__ import annotations

import argparse
from pathlib import Path

from lab.cloud.app import PublicApi
from lab.cloud.page import Page
from lab.cloud.steering import Steering
from lab.cloud.world import World
from lab.network import API, CONTROLLER, PAGE_PORT
from lab.serving import Tls, serve


def main() -> None:
    """Run the cloud until it is told to end."""
    parser = argparse.ArgumentParser(prog="lab.cloud", description="the lab's cloud")
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory, with tls/ in it")
    parser.add_argument("--host", default=API)
    parser.add_argument("--port", type=int, default=443)
    options = parser.parse_args()
    world = World(options.state)
    pages = {PAGE_PORT: Page(world, options.host, CONTROLLER).app} if world.lab else {}
    tls = Tls(options.state / "tls" / "server.pem", options.state / "tls" / "server.key")
    api, control = PublicApi(world).app, Steering(world).app
    serve(api, control, options.host, options.port, options.state / "cloud.sock", tls, pages)


if __name__ == "__main__":
    main()
