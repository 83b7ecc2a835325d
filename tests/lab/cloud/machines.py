"""What stands behind the cloud's servers: here records in memory; in a lab that is up, its hosts."""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

Operation = Literal["start", "stop", "reboot"]


class MachineError(Exception):
    """It did not work."""


class Machines(Protocol):
    """What the cloud needs of the machines behind its servers. All raise MachineError when it could not be done."""

    async def switch(self, server_id: str, operation: Operation, *, hard: bool) -> None:
        """Start, stop or reboot; returns when it is done."""

    async def offer(self, server_id: str, password: str) -> None:
        """Leave a password in the server's metadata, encrypted, for the agent to find; it replaces one that waits."""

    async def flag(self, server_id: str) -> bool:
        """Whether the agent has ever set resetpwd_flag to True."""

    async def pending(self, server_id: str) -> bool:
        """Whether a password waits for the agent."""

    async def filter_egress(self, server_id: str, rules: str) -> None:
        """Set the packet filter of what the server sends, in the lab's words (README, Security groups)."""

    async def serve_dhcp(self, server_id: str, *, on: bool) -> None:
        """Whether the DHCP server answers this server."""

    async def rebuild(self, server_id: str) -> None:
        """Replace the root file system by a fresh one, and start it."""


class MemoryMachines:
    """Nothing behind the records: every switch takes so long, and works; the rest is remembered."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Everything as at first."""
        self.seconds = 0.2
        self.offered: dict[str, str] = {}
        self.flags: dict[str, bool] = {}
        self.egress: dict[str, str] = {}
        self.dhcp: dict[str, bool] = {}
        self.rebuilt: list[str] = []

    async def switch(self, server_id: str, operation: Operation, *, hard: bool) -> None:
        """Wait a little."""
        await asyncio.sleep(self.seconds)

    async def offer(self, server_id: str, password: str) -> None:
        """Remember it."""
        self.offered[server_id] = password

    async def flag(self, server_id: str) -> bool:
        """What was declared; True where nothing was."""
        return self.flags.get(server_id, True)

    async def pending(self, server_id: str) -> bool:
        """Whether there was one: there is no agent that would fetch it."""
        return server_id in self.offered

    async def filter_egress(self, server_id: str, rules: str) -> None:
        """Remember them."""
        self.egress[server_id] = rules

    async def serve_dhcp(self, server_id: str, *, on: bool) -> None:
        """Remember it."""
        self.dhcp[server_id] = on

    async def rebuild(self, server_id: str) -> None:
        """Remember it."""
        self.rebuilt.append(server_id)
