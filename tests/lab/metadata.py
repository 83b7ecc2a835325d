"""The metadata service on 169.254.169.254:80, as the agent knows it (facts/agent-protocol.md, steps 1 to 6).

It tells the servers apart by their address, as DIR/hosts.json lists them. The control API on DIR/metadata.sock is
for tests and for the lab's cloud (`lab.metadata_client`).

    python -m lab.metadata --state DIR [--host 169.254.169.254 --port 80]
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from lab import blob, faults
from lab.cloud.account import PROJECT, REGION
from lab.faults import FaultBook
from lab.hosts_file import HostsFile, ListedHost
from lab.serving import RequestLog, control_app, serve, until_disconnected

BASE = "/openstack/latest"
FLAG = f"{BASE}/resetpwd_flag"
PASSWORD = f"{BASE}/reset_password"
META_DATA = f"{BASE}/meta_data.json"
NO_FLAG = "False"
NO_PASSWORD = "None"


@dataclass
class ServerState:
    """What the service keeps for a server."""

    flag: str = NO_FLAG
    blob: str = ""
    book: FaultBook = field(default_factory=FaultBook)
    log: RequestLog = field(default_factory=RequestLog)


class Servers:
    """The servers of hosts.json, and the state of each."""

    def __init__(self, path: Path) -> None:
        self._file = HostsFile(path)
        self._states: dict[str, ServerState] = {}

    def all(self) -> dict[str, ListedHost]:
        """The servers by name."""
        return {host.name: host for host in self._file.all()}

    def at(self, address: str) -> ListedHost | None:
        """The server with this address."""
        return next((server for server in self.all().values() if server.address == address), None)

    def named(self, name: str) -> ListedHost:
        """The server of this name. Raises KeyError."""
        servers = self.all()
        if name not in servers:
            raise KeyError(f"there is no server {name} in {self._file.path}")
        return servers[name]

    def state(self, name: str) -> ServerState:
        """The state of a server, made on first use."""
        return self._states.setdefault(name, ServerState())

    def clear(self, name: str) -> None:
        """Forget the state of a server."""
        self._states.pop(name, None)


def meta_data(server: ListedHost) -> dict[str, object]:
    """The document that a server reads about itself."""
    return {
        "uuid": server.uuid,
        "name": server.name,
        "hostname": f"{server.name}.lab",
        "availability_zone": "lab-1a",
        "region_id": REGION,
        "project_id": PROJECT,
        "launch_index": 0,
        "meta": {"os_bit": "64", "os_type": server.system, "image_name": server.flavour},
    }


def _without_uuid(server: ListedHost) -> Response:
    return JSONResponse({key: value for key, value in meta_data(server).items() if key != "uuid"})


WRONG_BODIES: dict[str, Callable[[ListedHost], Response]] = {
    "garbage": lambda _: PlainTextResponse("\x00\x01{]; not JSON"),
    "html": lambda _: Response("<html><body><h1>Please log in</h1></body></html>", media_type="text/html"),
    "empty": lambda _: Response(b""),
    "no_uuid": _without_uuid,
}


class MetadataService:
    """The two applications around one set of servers."""

    def __init__(self, state: Path) -> None:
        self._servers = Servers(state / "hosts.json")
        self._answers: dict[tuple[str, str], Callable[[ListedHost, ServerState, str], Response]] = {
            ("GET", META_DATA): lambda server, _state, _body: JSONResponse(meta_data(server)),
            ("GET", FLAG): lambda _server, state, _body: JSONResponse({"resetpwd_flag": state.flag}),
            ("POST", FLAG): self._set_flag,
            ("GET", PASSWORD): lambda _server, state, _body: JSONResponse(
                {"reset_password": state.blob or NO_PASSWORD}
            ),
            ("DELETE", PASSWORD): self._delete_blob,
        }
        self.app = Starlette(
            routes=[Route("/{path:path}", self._answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])]
        )
        self.control = control_app(
            [
                Route("/servers", self._list),
                Route("/servers/{name}", self._show),
                Route("/servers/{name}", self._clear, methods=["DELETE"]),
                Route("/servers/{name}/log", self._log),
                Route("/servers/{name}/faults", self._faults, methods=["PUT"]),
                Route("/servers/{name}/flag", self._put_flag, methods=["PUT"]),
                Route("/servers/{name}/blob", self._put_blob, methods=["PUT"]),
                Route("/servers/{name}/password", self._put_password, methods=["PUT"]),
            ]
        )

    # What servers see

    async def _answer(self, request: Request) -> Response:
        server = self._servers.at(request.client.host if request.client else "")
        if server is None:
            raise HTTPException(404, "no server of the lab has this address")
        state = self._servers.state(server.name)
        number = state.log.begin(request)
        response = await self._answer_or_fault(request, server, state)
        state.log.answered(number, response.status_code, len(response.body))
        return response

    async def _answer_or_fault(self, request: Request, server: ListedHost, state: ServerState) -> Response:
        path = request.url.path
        body = (await request.body()).decode(errors="replace")
        for fault in state.book.strike(request.method, path):
            match fault:
                case faults.Hang():
                    return await until_disconnected(request)
                case faults.Late(seconds=seconds):
                    await asyncio.sleep(seconds)
                case faults.Status(code=code, text=text):
                    return PlainTextResponse(text, code)
                case faults.Wrong(body=kind):
                    return WRONG_BODIES[kind](server)
                case faults.RefuseDelete():
                    return Response(b"")
                case faults.SayFail():
                    return JSONResponse({"reset_password": "Fail"})
        answer = self._answers.get((request.method, path))
        return answer(server, state, body) if answer else PlainTextResponse("not found", 404)

    @staticmethod
    def _set_flag(_server: ListedHost, state: ServerState, body: str) -> Response:
        state.flag = body.strip()
        return Response(b"")

    @staticmethod
    def _delete_blob(_server: ListedHost, state: ServerState, _body: str) -> Response:
        state.blob = ""
        return Response(b"")

    # What tests see

    def _find(self, request: Request) -> tuple[ListedHost, ServerState]:
        server = self._servers.named(request.path_params["name"])
        return server, self._servers.state(server.name)

    async def _list(self, _request: Request) -> Response:
        return JSONResponse(sorted(self._servers.all()))

    async def _show(self, request: Request) -> Response:
        server, state = self._find(request)
        return JSONResponse(
            {
                **asdict(server),
                "flag": state.flag,
                "blob": state.blob,
                "faults": faults.encode(state.book.faults),
            }
        )

    async def _log(self, request: Request) -> Response:
        _any, state = self._find(request)
        return JSONResponse([asdict(record) for record in state.log.records])

    async def _clear(self, request: Request) -> Response:
        server, _any = self._find(request)
        self._servers.clear(server.name)
        return JSONResponse(True)

    async def _faults(self, request: Request) -> Response:
        _any, state = self._find(request)
        state.book.declare(faults.decode(await request.json()))
        return JSONResponse(True)

    async def _put_flag(self, request: Request) -> Response:
        _any, state = self._find(request)
        state.flag = str(await request.json())
        return JSONResponse(True)

    async def _put_blob(self, request: Request) -> Response:
        _any, state = self._find(request)
        state.blob = str(await request.json())
        return JSONResponse(True)

    async def _put_password(self, request: Request) -> Response:
        server, state = self._find(request)
        state.blob = blob.encrypt(str(await request.json()), server.uuid)
        return JSONResponse(True)


def main() -> None:
    """Run the service until it is told to end."""
    parser = argparse.ArgumentParser(prog="lab.metadata", description="the lab's metadata service")
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory")
    parser.add_argument("--host", default="169.254.169.254")
    parser.add_argument("--port", type=int, default=80)
    options = parser.parse_args()
    service = MetadataService(options.state)
    serve(service.app, service.control, options.host, options.port, options.state / "metadata.sock")


if __name__ == "__main__":
    main()
