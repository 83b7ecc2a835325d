"""Starting Windows programs in a Wine prefix."""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path

from lab.process import LabError
from lab.windows.wine import WINE, environment
from lab.wsman.program import Program, Running, run

LAUNCHER = "C:\\windows\\system32\\winrshost.exe"
LIMITED = "C:\\windows\\system32\\limited.exe"
CONSOLE_SECONDS = 60
# What Windows says of a process that TerminateProcess ended.
TERMINATED = 1


class Console:
    """A console of one code page, which programs attach to; it lives until its standard input ends."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, stdin: int) -> None:
        self._process = process
        self._output = output
        self._stdin = stdin
        self.owner = ""

    @property
    def ended(self) -> bool:
        """Its process is gone: Windows went down."""
        return self._output.at_eof()

    async def read_owner(self) -> None:
        """Learn the number of its process."""
        line = await asyncio.wait_for(self._output.readline(), CONSOLE_SECONDS)
        self.owner = line.decode().strip()

    def close(self) -> None:
        """Let it go."""
        os.close(self._stdin)


class Wine:
    """One prefix. Its programs share a console a code page: opening one takes longer than starting a program."""

    def __init__(self, prefix: Path) -> None:
        self._drive = prefix / "drive_c"
        self._home = self._drive / "users" / "root"
        self._environment = {**environment(prefix), "PATH": os.defpath}
        self._consoles: dict[int, Console] = {}
        self._opening = asyncio.Lock()

    async def start(self, program: Program) -> Running:
        """Start a program through winrshost.exe. Raises LabError if Windows gives no console."""
        status = f"winrs-{uuid.uuid4()}"
        variables = {"WINRS_LINE": self._line(program), "WINRS_STATUS": f"C:\\windows\\temp\\{status}"}
        if program.directory:
            variables["WINRS_DIRECTORY"] = program.directory
        if program.code_page:
            variables["WINRS_CONSOLE"] = (await self.console(program.code_page)).owner
            variables["WINRS_PAGE"] = str(program.code_page)
        for number, (name, value) in enumerate(program.environment.items()):
            variables[f"WINRS_SET_{number}"] = f"{name}={value}"
        file = self._drive / "windows" / "temp" / status
        return await run([WINE, LAUNCHER], self._home, self._environment | variables, lambda low: _exit_code(low, file))

    def _line(self, program: Program) -> str:
        limited = program.limited and (self._drive / "windows" / "system32" / "limited.exe").exists()
        return f"{LIMITED} {program.line}" if limited else program.line

    async def console(self, page: int) -> Console:
        """The console of a code page. Raises LabError if there is none to be had."""
        async with self._opening:
            console = self._consoles.get(page)
            if console is None or console.ended:
                console = await self._open(page)
                self._consoles[page] = console
        return console

    async def _open(self, page: int) -> Console:
        theirs, ours = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                WINE,
                LAUNCHER,
                "console",
                str(page),
                cwd=self._home,
                env=self._environment,
                stdin=theirs,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        if process.stdout is None:
            raise LabError("a console without standard output")
        console = Console(process, process.stdout, ours)
        await console.read_owner()
        if not console.owner:
            console.close()
            raise LabError(f"Windows in {self._drive} opens no console of code page {page}; is it up?")
        return console

    def close(self) -> None:
        """Let the consoles go."""
        for console in self._consoles.values():
            console.close()


def _exit_code(low: int, file: Path) -> int:
    """The exit status: Linux has eight bits of it, and the launcher's file the whole where that is not enough."""
    if file.exists():
        low = int(file.read_text())
        file.unlink()
    return TERMINATED if low < 0 else low
