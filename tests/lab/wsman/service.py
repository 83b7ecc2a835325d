"""What the requests do: the shells of a host, by the actions of WS-Management."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from lab.process import LabError
from lab.wsman import faults, powershell, shell, soap
from lab.wsman.authentication import User
from lab.wsman.faults import Fault
from lab.wsman.program import Starter
from lab.wsman.soap import IDENTITY, Request, tag, text

IDLE_SECONDS = 7200.0
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"

log = logging.getLogger(__name__)


class Shell(Protocol):
    """What every kind of shell can do; each answers with the body of an envelope."""

    async def command(self, request: Request) -> str:
        """Start a command."""

    async def send(self, request: Request) -> str:
        """Pass input on."""

    async def receive(self, request: Request) -> str:
        """Fetch output."""

    async def signal(self, request: Request) -> str:
        """Interrupt or end a command."""

    async def close(self) -> None:
        """End all."""


@dataclass
class Session:
    """A shell and whose it is."""

    id: str
    resource: str
    owner: User
    shell: Shell
    idle: float
    busy: int = 0
    timer: asyncio.TimerHandle | None = None


@dataclass
class Service:
    """One host's shells."""

    starter: Starter
    _sessions: dict[str, Session] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, user: User, document: bytes) -> tuple[int, bytes]:
        """The HTTP status and the envelope for a request."""
        message_id = verb = ""
        try:
            request = soap.parse(document)
            message_id, verb = request.message_id, request.verb
            envelope = await self._done(user, request)
        except Fault as fault:
            log.info("%s %s: fault %d", user.name, verb, fault.kind.code)
            return 500, soap.fault(fault, message_id)
        except LabError as error:
            log.warning("%s %s: %s", user.name, verb, error)
            return 500, soap.fault(Fault(faults.NOT_READY, str(error)), message_id)
        # Not what was asked or answered: there may be passwords in it.
        log.info("%s %s", user.name, verb)
        return 200, envelope

    async def _done(self, user: User, request: Request) -> bytes:
        if request.body is not None and request.body.tag.endswith("}Identify"):
            return IDENTITY
        if request.verb == "Create":
            return await self._create(user, request)
        session = self._session(user, request)
        if request.verb == "Delete":
            await self._end(session)
            return soap.answer(request, "")
        if request.verb == "Get":
            return soap.answer(request, _described(session))
        operation = self._operation(session.shell, request.verb)
        session.busy += 1
        try:
            return soap.answer(request, await operation(request))
        finally:
            session.busy -= 1
            self._rest(session)

    @staticmethod
    def _operation(chosen: Shell, verb: str) -> Callable[[Request], Awaitable[str]]:
        operations = {
            "Command": chosen.command,
            "Send": chosen.send,
            "Receive": chosen.receive,
            "Signal": chosen.signal,
        }
        if verb in {"Disconnect", "Reconnect", "Connect"}:
            raise Fault(faults.NOT_SUPPORTED)
        if verb not in operations:
            raise Fault(faults.NO_ACTION)
        return operations[verb]

    async def _create(self, user: User, request: Request) -> bytes:
        element = request.element(".")
        shell_id = element.get("ShellId") or str(uuid.uuid4()).upper()
        if shell_id in self._sessions:
            raise Fault(faults.BAD_PARAMETER, f"There is a shell {shell_id} already.")
        limited = not user.administrator
        chosen: Shell
        if request.resource == shell.RESOURCE:
            chosen = shell.create(request, shell_id, self.starter, limited)
        elif request.resource.startswith(powershell.RESOURCES):
            chosen = await powershell.create(request, self.starter, limited)
        else:
            raise Fault(faults.NO_RESOURCE)
        idle = soap.seconds(text(element, "rsp:IdleTimeOut"), IDLE_SECONDS)
        session = Session(shell_id, request.resource, user, chosen, idle)
        self._sessions[shell_id] = session
        self._rest(session)
        created = (
            f"<x:ResourceCreated><a:Address>http://localhost/wsman</a:Address><a:ReferenceParameters>"
            f"{tag('w:ResourceURI', request.resource)}<w:SelectorSet>{tag('w:Selector', shell_id, Name='ShellId')}"
            f"</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
        )
        return soap.answer(request, created + _described(session))

    def _session(self, user: User, request: Request) -> Session:
        session = self._sessions.get(request.shell_id)
        if session is None:
            raise Fault(faults.NO_SHELL, f"ShellId: {request.shell_id}")
        if session.owner.name.casefold() != user.name.casefold():
            raise Fault(faults.ACCESS_DENIED)
        return session

    def _rest(self, session: Session) -> None:
        """From now on it is idle, unless another request is at work in it."""
        if session.timer:
            session.timer.cancel()
        if session.id in self._sessions and not session.busy:
            session.timer = asyncio.get_running_loop().call_later(session.idle, self._idle, session)

    def _idle(self, session: Session) -> None:
        if not session.busy:
            task = asyncio.ensure_future(self._end(session))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _end(self, session: Session) -> None:
        self._sessions.pop(session.id, None)
        if session.timer:
            session.timer.cancel()
        await session.shell.close()

    async def close(self) -> None:
        """End all shells."""
        for session in list(self._sessions.values()):
            await self._end(session)


def _described(session: Session) -> str:
    return (
        f"<rsp:Shell>{tag('rsp:ShellId', session.id)}{tag('rsp:ResourceUri', session.resource)}"
        f"{tag('rsp:Owner', session.owner.name)}<rsp:IdleTimeOut>PT{session.idle:.3f}S</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
        "<rsp:State>Connected</rsp:State></rsp:Shell>"
    )
