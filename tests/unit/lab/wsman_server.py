"""The lab's WinRM server on loopback, with programs of this machine in place of Windows'."""

from __future__ import annotations

import asyncio
import os
import queue
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from winrm.protocol import Protocol

from lab.wsman.program import Program, Running, run
from lab.wsman.server import serve_connection
from lab.wsman.service import Service

ADMINISTRATOR, PASSWORD = "Administrator", "Lab-Admin-1"
PLAIN, PLAIN_PASSWORD = "plain", "Lab-Plain-1"


@dataclass
class Native:
    """Starts `cmd /c LINE` with sh, and tells what it was asked for."""

    started: list[Program] = field(default_factory=list)
    server_mode: tuple[str, ...] = ("false",)

    async def start(self, program: Program) -> Running:
        self.started.append(program)
        shell = ("sh", "-c", program.line.removeprefix("cmd /c "))
        arguments = self.server_mode if "-ServerMode" in program.line else shell
        return await run(arguments, Path("/"), dict(os.environ), lambda status: 1 if status < 0 else status)


@dataclass
class Server:
    """One that runs."""

    port: int
    accounts: Path
    native: Native

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/wsman"

    def client(self, user: str = ADMINISTRATOR, password: str = PASSWORD, seconds: int = 20, **more: str) -> Protocol:
        transport = more.pop("transport", "ntlm")
        return Protocol(
            more.pop("url", self.url),
            transport=transport,  # type: ignore[arg-type]
            username=user,
            password=password,
            operation_timeout_sec=seconds,
            read_timeout_sec=seconds + 5,
            **more,  # type: ignore[arg-type]
        )


@contextmanager
def serving(accounts: Path, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server in a thread of its own."""
    native = Native()
    ready: queue.Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = queue.Queue()

    async def serve() -> None:
        service, stop = Service(native), asyncio.Event()
        answer = partial(serve_connection, service=service, file=accounts)
        listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
        ready.put((asyncio.get_running_loop(), stop, listener.sockets[0].getsockname()[1]))
        await stop.wait()
        listener.close()
        await service.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    loop, stop, port = ready.get(timeout=10)
    try:
        yield Server(port, accounts, native)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def processes_with(argument: str) -> list[str]:
    """The numbers of the processes that have this argument."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = process.read_bytes().split(b"\0")
        except OSError:  # it is gone by now
            continue
        if argument.encode() in arguments:
            found.append(process.parent.name)
    return found
