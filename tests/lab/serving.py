"""Running a service of the lab: its own listener, and a control API on a Unix socket beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.control_client import NEVER_ANSWERED, RequestRecord

Endpoint = Callable[[Request], Awaitable[Response]]


class RequestLog:
    """The requests that a service received."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []

    def begin(self, request: Request) -> int:
        """Note a request; returns its number."""
        header = request.headers.get
        self.records.append(
            RequestRecord(
                time=time.time(),
                client=request.client.host if request.client else "",
                method=request.method,
                path=request.url.path,
                host=header("host", ""),
                range=header("range", ""),
                user_agent=header("user-agent", ""),
            )
        )
        return len(self.records) - 1

    def answered(self, number: int, status: int, sent: int) -> None:
        """Note the answer to a request, and how many bytes of a body it carried."""
        if number < len(self.records):  # it may have been cleared in between
            self.records[number] = replace(self.records[number], status=status, sent=sent)


async def until_disconnected(request: Request) -> Response:
    """Wait until the client has given up. Returns an answer that nobody reads; its status is for the log."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=NEVER_ANSWERED)


async def _ready(_request: Request) -> Response:
    return JSONResponse(True)


async def _refused(_request: Request, error: Exception) -> Response:
    return JSONResponse(f"{type(error).__name__}: {error}", status_code=400)


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse(str(error), status_code=status)


def control_app(routes: list[Route]) -> Starlette:
    """A control API; what its endpoints raise reaches the test as a ControlError."""
    return Starlette(
        routes=[Route("/ready", _ready), *routes],
        exception_handlers={
            HTTPException: _http_error,
            KeyError: _refused,
            TypeError: _refused,
            ValueError: _refused,
        },
    )


@dataclass(frozen=True)
class Tls:
    """A server's certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class _MeantToEndEarly(logging.Filter):
    """A connection cut by a fault is no error of the server."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "without completing response" not in record.getMessage()


def _server(app: Starlette, tls: Tls | None = None) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.create_server((host, port), backlog=1024)
    listener.setblocking(False)
    return listener


def _listen_unix(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(128)
    return listener


async def _serve(services: Mapping[socket.socket, uvicorn.Server], control: uvicorn.Server, path: Path) -> None:
    running = [asyncio.create_task(service.serve(sockets=[listener])) for listener, service in services.items()]
    # The control socket says that the service is ready, so the service comes first.
    while not all(service.started for service in services.values()) and not any(task.done() for task in running):
        await asyncio.sleep(0.01)
    control_listener = _listen_unix(path)
    try:
        # The last server takes the signals, and hands them on to the others when it ends.
        await control.serve(sockets=[control_listener])
        for service in services.values():
            service.should_exit = True
        await asyncio.gather(*running)
    finally:
        path.unlink(missing_ok=True)


def serve(
    app: Starlette,
    control: Starlette,
    host: str,
    port: int,
    socket_path: Path,
    tls: Tls | None = None,
    pages: Mapping[int, Starlette] | None = None,
) -> None:
    """Run a service until it is told to end (SIGTERM, SIGINT). Raises OSError if it cannot listen.

    `pages` are served beside it, by their ports, without TLS.
    """
    logging.getLogger("uvicorn.error").addFilter(_MeantToEndEarly())
    with contextlib.ExitStack() as stack:
        services = {stack.enter_context(contextlib.closing(_listen(host, port))): _server(app, tls)}
        for page_port, page in (pages or {}).items():
            services[stack.enter_context(contextlib.closing(_listen(host, page_port)))] = _server(page)
        asyncio.run(_serve(services, _server(control), socket_path))
