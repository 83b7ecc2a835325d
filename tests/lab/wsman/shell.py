"""The command shell of WinRS: each command is a program with three streams."""

from __future__ import annotations

import asyncio
import base64
import binascii
import uuid
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from lab.wsman import faults
from lab.wsman.faults import Fault
from lab.wsman.program import Program, Running, Starter
from lab.wsman.soap import Request, find_all, tag, text
from lab.wsman.streams import Output

RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
STATES = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState"
# What an envelope needs beside the output in it.
OVERHEAD = 4096
CONTROL_C_EXIT = 0xC000013A


@dataclass
class Command:
    """A command of a shell; `aborted` when its client has ended it."""

    running: Running
    aborted: bool = False


@dataclass
class CommandShell:
    """One shell of one user."""

    id: str
    starter: Starter
    limited: bool
    directory: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    code_page: int = 0
    _commands: dict[str, Command] = field(default_factory=dict)

    async def command(self, request: Request) -> str:
        """Start a command."""
        line = request.element(".")
        words = [text(line, "rsp:Command"), *((words.text or "") for words in find_all(line, "rsp:Arguments"))]
        if not words[0]:
            raise Fault(faults.BAD_PARAMETER)
        direct = request.options.get("WINRS_SKIP_CMD_SHELL", "").upper() in {"TRUE", "1"}
        program = Program(
            line=" ".join(words if direct else ["cmd /c", *words]),
            directory=self.directory,
            environment=self.environment,
            code_page=self.code_page,
            limited=self.limited,
        )
        command_id = line.get("CommandId") or str(uuid.uuid4()).upper()
        self._commands[command_id] = Command(await self.starter.start(program))
        return f"<rsp:CommandResponse>{tag('rsp:CommandId', command_id)}</rsp:CommandResponse>"

    async def send(self, request: Request) -> str:
        """Pass input on to a command."""
        for stream in find_all(request.element("."), "rsp:Stream"):
            running = self._command(stream).running
            data = decode(stream)
            try:
                if data:
                    await asyncio.wait_for(running.stdin.write(data), request.timeout)
            except BrokenPipeError as error:
                raise Fault(faults.PIPE_ENDED) from error
            except asyncio.TimeoutError:  # as on Windows, it gets the input all the same once it reads
                raise Fault(faults.TIMED_OUT) from None
            if stream.get("End", "").lower() in {"true", "1"}:
                running.stdin.close()
        return "<rsp:SendResponse/>"

    async def receive(self, request: Request) -> str:
        """What a command has written since; waits until there is something, or the command's end."""
        desired = request.element("rsp:DesiredStream")
        command, command_id = self._command(desired), desired.get("CommandId", "")
        running = command.running
        outputs = {name: output for name, output in _outputs(running).items() if name in (desired.text or "").split()}
        if not await running.until(lambda: any(map(len, outputs.values())) or running.ended, request.timeout):
            raise Fault(faults.TIMED_OUT)
        if command.aborted:
            raise Fault(faults.ABORTED)
        answer = "".join(_chunks(outputs, command_id, (request.max_envelope - OVERHEAD) * 3 // 4))
        if running.ended and not any(map(len, outputs.values())):
            answer += "".join(_end(name, command_id) for name in outputs) + _done(command_id, running.exit_code or 0)
        else:
            answer += f'<rsp:CommandState CommandId="{command_id}" State="{STATES}/Running"/>'
        return f"<rsp:ReceiveResponse>{answer}</rsp:ReceiveResponse>"

    async def signal(self, request: Request) -> str:
        """End a command: at once and for good, or as Ctrl+C does."""
        element = request.element(".")
        command = self._command(element)
        code = text(element, "rsp:Code").rpartition("/")[2].lower()
        if code == "terminate":
            command.aborted = True
            await command.running.close()
            del self._commands[element.get("CommandId", "")]
        elif code in {"ctrl_c", "ctrl_break"}:
            command.running.kill(CONTROL_C_EXIT)
        else:
            raise Fault(faults.BAD_PARAMETER)
        return "<rsp:SignalResponse/>"

    async def close(self) -> None:
        """End all commands."""
        while self._commands:
            _id, command = self._commands.popitem()
            command.aborted = True
            await command.running.close()

    def _command(self, element: Element) -> Command:
        try:
            return self._commands[element.get("CommandId", "")]
        except KeyError as error:
            raise Fault(faults.BAD_PARAMETER, "The command was not found in the shell.") from error


def create(request: Request, shell_id: str, starter: Starter, limited: bool) -> CommandShell:
    """A new shell, as a Create wants it."""
    element = request.element(".")
    page = request.options.get("WINRS_CODEPAGE", "0")
    if not page.isdecimal():
        raise Fault(faults.BAD_PARAMETER, f"{page} is no code page.")
    variables = find_all(element, "rsp:Environment/rsp:Variable")
    return CommandShell(
        shell_id,
        starter,
        limited,
        text(element, "rsp:WorkingDirectory"),
        {variable.get("Name", ""): variable.text or "" for variable in variables},
        int(page),
    )


def decode(stream: Element) -> bytes:
    """The data in a stream's element. Raises Fault."""
    try:
        return base64.b64decode(stream.text or "", validate=False)
    except binascii.Error as error:
        raise Fault(faults.BAD_MESSAGE, "A stream is not base64.") from error


def _outputs(running: Running) -> dict[str, Output]:
    return {"stdout": running.stdout, "stderr": running.stderr}


def _chunks(outputs: dict[str, Output], command_id: str, room: int) -> list[str]:
    written = []
    for name, output in outputs.items():
        data = output.take(room)
        room -= len(data)
        if data:
            encoded = base64.b64encode(data).decode()
            written.append(f'<rsp:Stream Name="{name}" CommandId="{command_id}">{encoded}</rsp:Stream>')
    return written


def _end(name: str, command_id: str) -> str:
    return f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"/>'


def _done(command_id: str, exit_code: int) -> str:
    code = f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    return f'<rsp:CommandState CommandId="{command_id}" State="{STATES}/Done">{code}</rsp:CommandState>'
