"""PowerShell remoting (PSRP): a runspace pool is a `powershell -ServerMode`.

It speaks PSRP over its standard streams, one XML element a line, which names the pipeline that it is about by a GUID;
the pool's own is all zeros. What is in the elements is what WS-Management carries, so it is passed on as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from lab.wsman import faults
from lab.wsman.faults import Fault
from lab.wsman.fragments import EndOfPipeline
from lab.wsman.program import Program, Running, Starter
from lab.wsman.shell import OVERHEAD, STATES
from lab.wsman.soap import Request, find_all, text

RESOURCES = "http://schemas.microsoft.com/powershell/"
LINE = "powershell -NoProfile -ServerMode"
POOL = "00000000-0000-0000-0000-000000000000"
# Windows' host has no console and allocates one as soon as it starts a program that wants one; Wine's cannot.
CODE_PAGE = 65001
# Windows' names of the streams of a Send, and those of the elements.
STREAMS = {"stdin": "Default", "pr": "PromptResponse"}
CLOSE_SECONDS = 5.0

_ELEMENT = re.compile(r"<(\w+)(?:\s+Stream='\w*')?\s+PSGuid='([0-9a-fA-F-]+)'\s*(?:/>|>([^<]*)</\1>)")


@dataclass
class Channel:
    """What came from one pipeline, or from the pool; base64 of whole fragments each."""

    waiting: list[str] = field(default_factory=list)
    done: bool = False
    forgotten: bool = False
    end: EndOfPipeline = field(default_factory=EndOfPipeline)

    def take(self, room: int) -> list[str]:
        """As much as fits, and at least one."""
        count = size = 0
        while count < len(self.waiting) and (not count or size + len(self.waiting[count]) <= room):
            size += len(self.waiting[count])
            count += 1
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken


class RunspacePool:
    """One pool of one user."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._channels = {POOL: Channel()}
        self._acknowledged: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._writing = asyncio.Lock()
        self._arrived = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def open(self, creation: str) -> None:
        """Give the pool what its Create contained."""
        await self._running.stdin.write(_data(POOL, "stdin", creation))

    async def command(self, request: Request) -> str:
        """Start a pipeline."""
        line = request.element(".")
        command_id = line.get("CommandId", "")
        if not command_id:
            raise Fault(faults.BAD_PARAMETER, "A pipeline needs a CommandId.")
        pipeline = command_id.lower()
        self._channels[pipeline] = Channel()
        await self._ask("Command", pipeline, f"<Command PSGuid='{pipeline}' />\n".encode())
        for fragments in find_all(line, "rsp:Arguments"):
            await self._ask("Data", pipeline, _data(pipeline, "stdin", fragments.text or ""))
        return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"

    async def send(self, request: Request) -> str:
        """Pass input or a prompt's answer on."""
        for stream in find_all(request.element("."), "rsp:Stream"):
            pipeline, _channel = self._channel(stream)
            await self._ask("Data", pipeline, _data(pipeline, stream.get("Name", ""), stream.text or ""))
        return "<rsp:SendResponse/>"

    async def receive(self, request: Request) -> str:
        """What has come from a pipeline or the pool since; waits until there is something."""
        desired = request.element("rsp:DesiredStream")
        pipeline, channel = self._channel(desired)
        try:
            await asyncio.wait_for(self._until_something(channel), request.timeout)
        except asyncio.TimeoutError:
            raise Fault(faults.TIMED_OUT) from None
        if not channel.waiting and not channel.done:
            raise Fault(faults.ABORTED, self._last_words())
        command = f' CommandId="{desired.get("CommandId")}"' if desired.get("CommandId") else ""
        answer = "".join(
            f'<rsp:Stream Name="stdout"{command}>{data}</rsp:Stream>'
            for data in channel.take(request.max_envelope - OVERHEAD)
        )
        if channel.done and not channel.waiting:
            await self._forget(pipeline, channel)
            answer += (
                f'<rsp:CommandState{command} State="{STATES}/Done"><rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>'
            )
        elif command:
            answer += f'<rsp:CommandState{command} State="{STATES}/Running"/>'
        return f"<rsp:ReceiveResponse>{answer}</rsp:ReceiveResponse>"

    async def signal(self, request: Request) -> str:
        """Stop a pipeline, or forget it."""
        element = request.element(".")
        pipeline, channel = self._channel(element)
        code = text(element, "rsp:Code").rpartition("/")[2].lower()
        if code == "ctrl_c" and not channel.done:
            await self._ask("Signal", pipeline, f"<Signal PSGuid='{pipeline}' />\n".encode())
        elif code == "terminate":
            await self._forget(pipeline, channel)
            del self._channels[pipeline]
        return "<rsp:SignalResponse/>"

    async def close(self) -> None:
        """End the pool, with all that runs in it."""
        if self._running.exit_code is None:
            with contextlib.suppress(BrokenPipeError):
                await self._running.stdin.write(_close(POOL))
            self._running.stdin.close()
            await self._running.until(lambda: self._running.ended, CLOSE_SECONDS)
        await self._running.close()
        self._reading.cancel()

    async def _forget(self, pipeline: str, channel: Channel) -> None:
        """Let PowerShell forget a pipeline, once."""
        if not channel.forgotten:
            channel.forgotten = True
            await self._ask("Close", pipeline, _close(pipeline))

    def _channel(self, element: Element) -> tuple[str, Channel]:
        pipeline = element.get("CommandId", POOL).lower()
        if pipeline not in self._channels:
            raise Fault(faults.BAD_PARAMETER, "The command was not found in the shell.")
        return pipeline, self._channels[pipeline]

    async def _until_something(self, channel: Channel) -> None:
        while not channel.waiting and not channel.done and not self._running.ended:
            self._arrived.clear()
            await self._arrived.wait()

    async def _ask(self, what: str, pipeline: str, line: bytes) -> None:
        """Write an element and wait until it is acknowledged: PowerShell may handle two at once in either order."""
        async with self._writing:
            done = self._acknowledged[f"{what}Ack", pipeline] = asyncio.get_running_loop().create_future()
            try:
                await self._running.stdin.write(line)
                await done
            except BrokenPipeError as error:
                raise Fault(faults.ABORTED, self._last_words()) from error
            finally:
                del self._acknowledged[f"{what}Ack", pipeline]

    async def _read(self) -> None:
        """Sort what PowerShell writes."""
        output, rest = self._running.stdout, b""
        while not self._running.ended:
            *lines, rest = (rest + output.take()).split(b"\n")
            for line in lines:
                self._sort(line.decode(errors="replace"))
            if lines:
                self._arrived.set()
            await self._running.wait(lambda: len(output) > 0 or self._running.ended)
        self._arrived.set()
        for done in self._acknowledged.values():
            if not done.done():
                done.set_exception(BrokenPipeError())

    def _sort(self, line: str) -> None:
        found = _ELEMENT.match(line)
        if found is None:
            return
        what, pipeline, data = found[1], found[2].lower(), found[3] or ""
        acknowledged = self._acknowledged.get((what, pipeline))
        if acknowledged and not acknowledged.done():
            acknowledged.set_result(None)
        channel = self._channels.get(pipeline)
        if what == "Data" and channel:
            channel.waiting.append(data)
            channel.done = pipeline != POOL and channel.end.reached(data)

    def _last_words(self) -> str:
        return self._running.stderr.take().decode(errors="replace").strip()


async def create(request: Request, starter: Starter, limited: bool) -> RunspacePool:
    """A new pool, as a Create wants it."""
    creation = text(request.element("."), "ps:creationXml")
    if not creation:
        raise Fault(faults.BAD_MESSAGE, "There is no creationXml.")
    pool = RunspacePool(await starter.start(Program(LINE, code_page=CODE_PAGE, limited=limited)))
    await pool.open(creation)
    return pool


def _data(pipeline: str, stream: str, fragments: str) -> bytes:
    if stream not in STREAMS:
        raise Fault(faults.BAD_PARAMETER, f"There is no stream {stream}.")
    return f"<Data Stream='{STREAMS[stream]}' PSGuid='{pipeline}'>{''.join(fragments.split())}</Data>\n".encode()


def _close(pipeline: str) -> bytes:
    return f"<Close PSGuid='{pipeline}' />\n".encode()
