"""The cloud's two applications: the API that the world sees, and the control API."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lab.cloud import faults
from lab.cloud.account import ACCOUNT
from lab.cloud.api import Api, ApiRefusalError
from lab.cloud.client import ApiRecord
from lab.cloud.faults import ApiError, LostAnswer, NotJson
from lab.cloud.jobs import Works
from lab.cloud.lab_machines import HostServers, LabMachines
from lab.cloud.machines import Machines, MemoryMachines
from lab.cloud.servers import Fleet
from lab.cloud.signature import Account, SignatureError, Signed, Verifier
from lab.cloud.throttle import Throttle, Throttling
from lab.control_client import NEVER_ANSWERED
from lab.faults import Cut, Fault, FaultBook, Hang, Late, Status
from lab.paths import Paths
from lab.serving import control_app, until_disconnected

_METHODS = ["GET", "POST", "PUT", "DELETE"]


class Broken(Response):
    """An answer of which only so many bytes arrive."""

    def __init__(self, whole: Response, after: int) -> None:
        super().__init__(bytes(whole.body)[:after], whole.status_code)
        self.headers["content-length"] = str(len(whole.body) + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the beginning and leaves: the server then ends the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


class Cloud:
    """The simulator."""

    def __init__(self, state: Path) -> None:
        self._fleet = Fleet()
        self._accounts: list[Account] = []
        self._hosts: HostServers | None = None
        self._memory = MemoryMachines()
        self._machines: Machines = self._memory
        paths = replace(Paths.from_environment(), state=state)
        if paths.hosts.exists():
            self._machines = lab = LabMachines(paths)
            self._memory = lab.memory
            self._hosts = HostServers(self._fleet, lab)
            self._accounts = [ACCOUNT]
        self._works = Works(self._fleet, self._machines)
        self._api = Api(self._fleet, self._works)
        self._verifier = Verifier()
        self._verifier.declare(self._accounts)
        self._throttle = Throttle()
        self._book = FaultBook()
        self._log: list[ApiRecord] = []
        self._skew = timedelta()
        self.app = Starlette(routes=[Route("/{path:path}", self._receive, methods=_METHODS)])
        self.control = control_app(
            [
                Route("/accounts", self._set_accounts, methods=["PUT"]),
                Route("/servers", self._set_servers, methods=["PUT"]),
                Route("/servers/{id}", self._show_server),
                Route("/servers/{id}", self._change_server, methods=["PUT"]),
                Route("/servers/{id}", self._forget_server, methods=["DELETE"]),
                Route("/switching", self._set_switching, methods=["PUT"]),
                Route("/clock", self._set_clock, methods=["PUT"]),
                Route("/throttle", self._set_throttle, methods=["PUT"]),
                Route("/faults", self._set_faults, methods=["PUT"]),
                Route("/requests", self._requests),
                Route("/requests", self._clear_requests, methods=["DELETE"]),
                Route("/", self._reset, methods=["DELETE"]),
            ]
        )

    # What the world sees

    async def _receive(self, request: Request) -> Response:
        number = self._begin(request)
        struck = self._book.strike(request.method, request.url.path)
        answer = await self._struck(struck, request)
        code = ""
        if answer is None:
            try:
                await self._follow()
                answer, code = self._answer(request, await request.body())
            except ClientDisconnect:
                answer = Response(status_code=NEVER_ANSWERED)
            if any(isinstance(fault, LostAnswer) for fault in struck):
                answer = Broken(answer, 0)
            for cut in (fault for fault in struck if isinstance(fault, Cut)):
                answer = Broken(answer, cut.after)
        if number < len(self._log):
            self._log[number] = replace(self._log[number], status=answer.status_code, code=code)
        answer.headers["x-request-id"] = uuid.uuid4().hex
        answer.headers["date"] = format_datetime(self._now(), usegmt=True)
        return answer

    async def _struck(self, struck: list[Fault], request: Request) -> Response | None:
        """The answer of a fault that stands in the place of the API's."""
        for fault in struck:
            match fault:
                case Late(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Hang():
                    await until_disconnected(request)
                    return Response(status_code=NEVER_ANSWERED)
                case Status(code=code, text=text):
                    return Response(text, code)
                case NotJson():
                    return HTMLResponse("<html><body>Please log in to the network.</body></html>")
                case ApiError():
                    return _declared(fault)
        return None

    def _answer(self, request: Request, body: bytes) -> tuple[Response, str]:
        query: str = request.scope["query_string"].decode()
        signed = Signed(request.method, request.scope["raw_path"].decode(), query, request.headers, body)
        if said := self._throttle.refusal():
            return _gateway(429, "APIGW.0308", said), "APIGW.0308"
        try:
            account = self._verifier.check(signed, self._now())
            parsed = json.loads(body) if body else None
            value = self._api.answer(request.method, request.url.path, account, dict(request.query_params), parsed)
        except SignatureError as error:
            return _gateway(401, error.code, str(error)), error.code
        except ApiRefusalError as error:
            return _ecs(error.status, error.code, str(error)), error.code
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _ecs(400, "Ecs.0005", f"Invalid parameter: {type(error).__name__}"), "Ecs.0005"
        return JSONResponse(value), ""

    async def _follow(self) -> None:
        if self._hosts:
            await self._hosts.follow()

    def _now(self) -> datetime:
        return datetime.now(timezone.utc) + self._skew

    def _begin(self, request: Request) -> int:
        authorization = request.headers.get("authorization", "")
        self._log.append(
            ApiRecord(
                time=time.time(),
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                access_key=authorization.partition("Access=")[2].partition(",")[0],
                user_agent=request.headers.get("user-agent", ""),
            )
        )
        return len(self._log) - 1

    # What tests see

    async def _set_accounts(self, request: Request) -> Response:
        self._verifier.declare([Account(**_tuples(value)) for value in await request.json()])
        return JSONResponse(True)

    async def _set_servers(self, request: Request) -> Response:
        self._works.clear()
        self._fleet.declare(await request.json())
        return JSONResponse(True)

    async def _show_server(self, request: Request) -> Response:
        await self._follow()
        return JSONResponse(asdict(self._fleet.servers[request.path_params["id"]]))

    async def _change_server(self, request: Request) -> Response:
        await self._follow()
        return JSONResponse(asdict(self._fleet.change(request.path_params["id"], await request.json())))

    async def _forget_server(self, request: Request) -> Response:
        self._fleet.servers.pop(request.path_params["id"], None)
        await self._follow()
        return JSONResponse(True)

    async def _set_switching(self, request: Request) -> Response:
        self._memory.seconds = float(await request.json())
        return JSONResponse(True)

    async def _set_clock(self, request: Request) -> Response:
        self._skew = timedelta(seconds=float(await request.json()))
        return JSONResponse(True)

    async def _set_throttle(self, request: Request) -> Response:
        self._throttle.declare(Throttling(**await request.json()))
        return JSONResponse(True)

    async def _set_faults(self, request: Request) -> Response:
        self._book.declare(faults.decode(await request.json()))
        return JSONResponse(True)

    async def _requests(self, _request: Request) -> Response:
        return JSONResponse([asdict(record) for record in self._log])

    async def _clear_requests(self, _request: Request) -> Response:
        self._log.clear()
        return JSONResponse(True)

    async def _reset(self, _request: Request) -> Response:
        self._works.clear()
        self._fleet.declare([])
        self._verifier.declare(self._accounts)
        self._throttle.declare(Throttling())
        self._book.declare([])
        self._memory.seconds = MemoryMachines().seconds
        self._skew = timedelta()
        self._log.clear()
        return JSONResponse(True)


def _declared(fault: ApiError) -> Response:
    if fault.shape == "gateway":
        answer = _gateway(fault.status, fault.code, fault.message)
    else:
        answer = _ecs(fault.status, fault.code, fault.message, fault.internal)
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def _ecs(status: int, code: str, message: str, internal: list[dict[str, str]] | None = None) -> Response:
    body: dict[str, Any] = {"error": {"code": code, "message": message}}
    return JSONResponse({**body, "internalError": internal} if internal else body, status)


def _gateway(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error_code": code, "error_msg": message, "request_id": uuid.uuid4().hex}, status)


def _tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
