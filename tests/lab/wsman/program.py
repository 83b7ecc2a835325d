"""What runs in a shell: the description of a program, and one that runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lab.wsman.streams import Input, Output, Pipes


@dataclass(frozen=True)
class Program:
    """A command line, and what it runs with. `limited` takes the administrator's rights from it."""

    line: str
    directory: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    code_page: int = 0
    limited: bool = False


class Running:
    """A program that runs. `changed` is set when its streams or its state have changed."""

    def __init__(self, process: asyncio.subprocess.Process, read_status: Callable[[int], int]) -> None:
        self.changed = asyncio.Event()
        self.stdin, self.stdout, self.stderr = Input(), Output(self.changed), Output(self.changed)
        self.exit_code: int | None = None
        self._process = process
        self._read_status = read_status
        self._imposed: int | None = None
        self._waiting = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        status = self._read_status(await self._process.wait())
        self.exit_code = status if self._imposed is None else self._imposed
        self.stdin.close()
        self.changed.set()

    @property
    def ended(self) -> bool:
        """It has exited, and nobody has its streams open; some output may still wait for its reader."""
        return self.exit_code is not None and self.stdout.ended and self.stderr.ended

    async def until(self, ready: Callable[[], bool], seconds: float) -> bool:
        """Wait until this is true; False if it took too long."""
        try:
            await asyncio.wait_for(self.wait(ready), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    async def wait(self, ready: Callable[[], bool]) -> None:
        """Wait until this is true, however long it takes."""
        while not ready():
            self.changed.clear()
            await self.changed.wait()

    def kill(self, exit_code: int | None = None) -> None:
        """End it, with this exit code if said; what it started ends with it."""
        if self.exit_code is None:
            self._imposed = exit_code
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                self._process.kill()

    async def close(self) -> None:
        """End it, and read no more of it."""
        self.kill()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        await self._waiting


class Starter(Protocol):
    """Starts programs."""

    async def start(self, program: Program) -> Running:
        """Raises LabError if there is nothing to start programs with."""


async def run(
    arguments: Sequence[str], directory: Path, environment: Mapping[str, str], read_status: Callable[[int], int]
) -> Running:
    """Start a program of this machine; `read_status` makes Windows' exit status of ours."""
    with Pipes() as pipes:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=directory,
            env=environment,
            stdin=pipes.stdin,
            stdout=pipes.stdout,
            stderr=pipes.stderr,
            start_new_session=True,
        )
        running = Running(process, read_status)
        await pipes.connect(running.stdin, running.stdout, running.stderr)
    return running
