"""The API that the world sees: a request is logged, struck by faults, checked as the gateway does it, and answered."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from lab.cloud.api_request import ApiRefusalError, Reply
from lab.cloud.client import ApiRecord
from lab.cloud.faults import ApiError, LostAnswer, NotJson
from lab.cloud.machines import MachineError
from lab.cloud.signature import SignatureError, Signed
from lab.cloud.world import World
from lab.control_client import NEVER_ANSWERED
from lab.faults import Cut, Fault, Hang, Late, Status
from lab.serving import until_disconnected

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


class PublicApi:
    """The application in front of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.app = Starlette(routes=[Route("/{path:path}", self._receive, methods=_METHODS)])

    async def _receive(self, request: Request) -> Response:
        log = self._world.log
        number = self._begin(request)
        struck = self._world.book.strike(request.method, request.url.path)
        answer = await self._struck(struck, request)
        code = ""
        if answer is None:
            try:
                answer, code = await self._answer(request, await request.body())
            except ClientDisconnect:
                answer = Response(status_code=NEVER_ANSWERED)
            answer = await _spoilt(answer, struck, request)
        if number < len(log):
            log[number] = replace(log[number], status=answer.status_code, code=code)
        answer.headers["x-request-id"] = uuid.uuid4().hex
        answer.headers["date"] = format_datetime(self._world.now(), usegmt=True)
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
        if said := self._world.throttle.refusal():
            return _gateway(429, "APIGW.0308", said), "APIGW.0308"
        try:
            account = self._world.verifier.check(signed, self._world.now())
            parsed = json.loads(body) if body else None
            pairs = request.query_params.multi_items()
            await self._world.follow()
            value = await self._world.api.answer(request.method, request.url.path, account, pairs, parsed)
        except SignatureError as error:
            return _gateway(401, error.code, str(error)), error.code
        except ApiRefusalError as error:
            return _ecs(error.status, error.code, str(error), error.more), error.code
        except MachineError as error:
            return _ecs(500, "Common.0001", f"System error: {error}", {}), "Common.0001"
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _ecs(400, "Ecs.0005", f"Invalid parameter: {type(error).__name__}", {}), "Ecs.0005"
        return _replied(value), ""

    def _begin(self, request: Request) -> int:
        authorization = request.headers.get("authorization", "")
        self._world.log.append(
            ApiRecord(
                time=time.time(),
                method=request.method,
                path=request.url.path,
                query=request.url.query,
                access_key=authorization.partition("Access=")[2].partition(",")[0],
                user_agent=request.headers.get("user-agent", ""),
            )
        )
        return len(self._world.log) - 1


async def _spoilt(answer: Response, struck: list[Fault], request: Request) -> Response:
    """What becomes of an answer on its way."""
    for fault in struck:
        match fault:
            case LostAnswer(hangs=True):
                await until_disconnected(request)
                return Response(status_code=NEVER_ANSWERED)
            case LostAnswer():
                answer = Broken(answer, 0)
            case Cut(after=after):
                answer = Broken(answer, after)
    return answer


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
