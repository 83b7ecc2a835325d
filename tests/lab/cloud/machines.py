"""The servers' power switches: here records in memory, later the lab's hosts."""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

Operation = Literal["start", "stop", "reboot"]


class MachineError(Exception):
    """The switch did not work."""


class Machines(Protocol):
    """What the cloud needs of the machines behind its servers."""

    async def switch(self, server_id: str, operation: Operation, *, hard: bool) -> None:
        """Start, stop or reboot; returns when it is done. Raises MachineError when it could not be."""


class MemoryMachines:
    """Nothing behind the records: every switch takes so long, and works."""

    def __init__(self) -> None:
        self.seconds = 0.2

    async def switch(self, server_id: str, operation: Operation, *, hard: bool) -> None:
        """Wait a little."""
        await asyncio.sleep(self.seconds)
