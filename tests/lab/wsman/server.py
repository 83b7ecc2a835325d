"""HTTP: connections that stay open, since NTLM authenticates a connection and not a request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

import h11

from lab.wsman import sealing, soap
from lab.wsman.authentication import Authentication, User
from lab.wsman.service import Service

PATH = "/wsman"
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
# Sealing adds some hundred bytes to an envelope.
MAX_BODY = soap.MAX_ENVELOPE + 4096
READ_SIZE = 1 << 16

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = SOAP_TYPE
    challenges: tuple[str, ...] = ()


class TooLarge(Exception):  # noqa: N818 - an outcome, not a mistake
    """A request is larger than Windows takes."""


class Connection:
    """One connection of a client."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: Service, file: Path
    ) -> None:
        self._reader, self._writer, self._service = reader, writer, service
        self._http = h11.Connection(h11.SERVER)
        self._authentication = Authentication(file)

    async def serve(self) -> None:
        """Answer until the client goes, or until one of us has said that this is the last."""
        while self._http.our_state is not h11.MUST_CLOSE:
            try:
                message = await self._receive()
            except TooLarge:
                await self._send(Reply(413))
                return
            if message is None:
                return
            await self._send(await self._reply(message))
            if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
                self._http.start_next_cycle()

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            self._http.receive_data(await self._reader.read(READ_SIZE))
        return event

    async def _receive(self) -> Message | None:
        """The next request; None when there is no more."""
        request = await self._event()
        if not isinstance(request, h11.Request):
            return None
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY:
                raise TooLarge
        if not isinstance(event, h11.EndOfMessage):
            return None
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in request.headers}
        return Message(request.method.decode(), request.target.decode(), headers, bytes(body))

    async def _send(self, reply: Reply) -> None:
        headers = [("Server", "Microsoft-HTTPAPI/2.0"), ("Content-Length", str(len(reply.body)))]
        headers += [("WWW-Authenticate", challenge) for challenge in reply.challenges]
        if reply.body:
            headers.append(("Content-Type", reply.content_type))
        head = self._http.send(h11.Response(status_code=reply.status, headers=headers)) or b""
        body = self._http.send(h11.Data(data=reply.body)) or b""
        self._writer.write(head + body + (self._http.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()

    async def _reply(self, message: Message) -> Reply:
        if message.path.partition("?")[0].rstrip("/").lower() != PATH:
            return Reply(404)
        if message.method != "POST":
            return Reply(405)
        if message.headers.get("wsmanidentify") == "unauthenticated":
            return Reply(200, soap.IDENTITY)
        decision = self._authentication.decide(message.headers.get("authorization", ""))
        if decision.user is None:
            return Reply(401, challenges=decision.challenges)
        if not message.body:
            return Reply(200, challenges=decision.challenges)
        status, body, content_type = await self._answer(decision.user, message)
        return Reply(status, body, content_type, decision.challenges)

    async def _answer(self, user: User, message: Message) -> tuple[int, bytes, str]:
        if not sealing.is_sealed(message.headers.get("content-type", "")):
            return *await self._service.answer(user, message.body), SOAP_TYPE
        context = self._authentication.context
        if context is None:
            return 400, b"", SOAP_TYPE
        try:
            envelope = sealing.unseal(context, message.body)
        except ValueError as error:
            log.warning("a sealed message of %s: %s", user.name, error)
            return 400, b"", SOAP_TYPE
        status, answer = await self._service.answer(user, envelope)
        return status, sealing.seal(context, answer), sealing.CONTENT_TYPE


async def serve_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, service: Service, file: Path
) -> None:
    """Serve one connection to its end."""
    try:
        await Connection(reader, writer, service, file).serve()
    except (h11.ProtocolError, ConnectionError) as error:
        log.info("connection ended: %s", error)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
