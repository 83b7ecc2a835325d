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
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lab.cloud import faults
from lab.cloud.api import Api
from lab.cloud.api_request import ApiRefusalError, Reply
from lab.cloud.client import ApiRecord
from lab.cloud.faults import ApiError, LostAnswer, NotJson
from lab.cloud.jobs import Works
from lab.cloud.machines import MachineError, MemoryMachines
from lab.cloud.servers import Fleet
from lab.cloud.signature import Account, SignatureError, Signed, Verifier
from lab.cloud.throttle import Throttle, Throttling
from lab.control_client import NEVER_ANSWERED
from lab.faults import Cut, Fault, FaultBook, Hang, Late, Status
from lab.serving import control_app, until_disconnected

_METHODS = ["GET", "POST", "PUT", "DELETE"]


class Broken(Response):
    """An answer of which only so many bytes arrive."""

    def __init__(self, whole: Response, after: int) -> None:
        # A 204 has no body that could be cut.
        super().__init__(bytes(whole.body)[:after], whole.status_code if whole.body else 200)
        self.headers["content-length"] = str(len(whole.body) + 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the beginning and leaves: the server then ends the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})


class Cloud:
    """The simulator."""

    def __init__(self) -> None:
        self._fleet = Fleet()
        self._machines = MemoryMachines()
        self._works = Works(self._fleet, self._machines)
        self._api = Api(self._fleet, self._works, self._machines)
        self._verifier = Verifier()
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
                Route("/servers/{id}/rebuild", self._rebuild, methods=["PUT"]),
                Route("/network", self._show_network),
                Route("/network", self._set_network, methods=["PUT"]),
                Route("/batches", self._set_batches, methods=["PUT"]),
                Route("/memory", self._memory),
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
                answer, code = await self._answer(request, await request.body())
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

    async def _answer(self, request: Request, body: bytes) -> tuple[Response, str]:
        query: str = request.scope["query_string"].decode()
        signed = Signed(request.method, request.scope["raw_path"].decode(), query, request.headers, body)
        if said := self._throttle.refusal():
            return _gateway(429, "APIGW.0308", said), "APIGW.0308"
        try:
            account = self._verifier.check(signed, self._now())
            parsed = json.loads(body) if body else None
            pairs = request.query_params.multi_items()
            value = await self._api.answer(request.method, request.url.path, account, pairs, parsed)
        except SignatureError as error:
            return _gateway(401, error.code, str(error)), error.code
        except ApiRefusalError as error:
            return _ecs(error.status, error.code, str(error), error.more), error.code
        except MachineError as error:
            return _ecs(500, "Common.0001", f"System error: {error}", {}), "Common.0001"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _ecs(400, "Ecs.0005", f"Invalid parameter: {type(error).__name__}", {}), "Ecs.0005"
        return _replied(value), ""

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
        await self._api.settle()
        return JSONResponse(True)

    async def _show_server(self, request: Request) -> Response:
        return JSONResponse(asdict(self._fleet.servers[request.path_params["id"]]))

    async def _change_server(self, request: Request) -> Response:
        server = self._fleet.change(request.path_params["id"], await request.json())
        await self._api.settle()
        return JSONResponse(asdict(server))

    async def _rebuild(self, request: Request) -> Response:
        return JSONResponse(asdict(await self._api.rebuild(request.path_params["id"], await request.json())))

    async def _show_network(self, _request: Request) -> Response:
        return JSONResponse(self._api.network.shown())

    async def _set_network(self, request: Request) -> Response:
        self._api.network.declare(await request.json())
        await self._api.settle()
        return JSONResponse(True)

    async def _set_batches(self, request: Request) -> Response:
        self._api.resets.shape = await request.json()
        return JSONResponse(True)

    async def _memory(self, _request: Request) -> Response:
        return JSONResponse(vars(self._machines))

    async def _set_switching(self, request: Request) -> Response:
        self._machines.seconds = float(await request.json())
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
        self._api.clear()
        self._verifier.declare([])
        self._throttle.declare(Throttling())
        self._book.declare([])
        memory = self._machines
        memory.seconds = MemoryMachines().seconds
        for told in (memory.offered, memory.flags, memory.egress, memory.dhcp, memory.rebuilt):
            told.clear()
        self._skew = timedelta()
        self._log.clear()
        return JSONResponse(True)


def _replied(value: Any) -> Response:
    reply = value if isinstance(value, Reply) else Reply(200, value)
    return Response(status_code=reply.status) if reply.value is None else JSONResponse(reply.value, reply.status)


def _declared(fault: ApiError) -> Response:
    if fault.shape == "gateway":
        answer = _gateway(fault.status, fault.code, fault.message)
    else:
        more = {"internalError": fault.internal} if fault.internal else {}
        answer = _ecs(fault.status, fault.code, fault.message, more)
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer


def _ecs(status: int, code: str, message: str, more: Mapping[str, Any]) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}, **more}, status)


def _gateway(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error_code": code, "error_msg": message, "request_id": uuid.uuid4().hex}, status)


def _tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
