"""All that the cloud is: what its API answers from, and what tests and people change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lab.cloud.account import ACCOUNT
from lab.cloud.api import Api
from lab.cloud.client import ApiRecord
from lab.cloud.jobs import Works
from lab.cloud.lab_machines import HostServers, LabMachines
from lab.cloud.machines import Machines, MemoryMachines
from lab.cloud.servers import Fleet
from lab.cloud.signature import Verifier
from lab.cloud.throttle import Throttle, Throttling
from lab.faults import FaultBook
from lab.paths import Paths


class World:
    """One cloud. In the state directory of a lab the lab's hosts are servers of it, and there is an account."""

    def __init__(self, state: Path) -> None:
        paths = replace(Paths.from_environment(), state=state)
        self.lab = lab = LabMachines(paths) if paths.hosts.exists() else None
        self.memory = lab.memory if lab else MemoryMachines()
        self.machines: Machines = lab or self.memory
        self.fleet = Fleet()
        self.works = Works(self.fleet, self.machines)
        self.api = Api(self.fleet, self.works, self.machines)
        self._hosts = HostServers(self.fleet, self.api.network, lab) if lab else None
        self._accounts = [ACCOUNT] if lab else []
        self.verifier = Verifier()
        self.verifier.declare(self._accounts)
        self.throttle = Throttle()
        self.book = FaultBook()
        self.log: list[ApiRecord] = []
        self.skew = timedelta()

    def now(self) -> datetime:
        """The cloud's clock."""
        return datetime.now(timezone.utc) + self.skew

    async def follow(self) -> None:
        """Look at the lab's hosts: there may be more of them, and they may have been switched by others."""
        if self._hosts:
            await self._hosts.follow()

    async def forget(self, server_id: str) -> None:
        """Forget a server; a host's is there again at once, as at first. Raises MachineError."""
        self.fleet.servers.pop(server_id, None)
        if self._hosts:
            self._hosts.forget(server_id)
        await self.follow()
        await self.api.settle()

    async def reset(self) -> None:
        """Everything as at first. Raises MachineError if a host could not be given its network back."""
        self.works.clear()
        self.fleet.declare([])
        self.api.network.declare({})
        await self.follow()
        await self.api.settle()
        self.api.clear()
        await self.follow()
        self.verifier.declare(self._accounts)
        self.throttle.declare(Throttling())
        self.book.declare([])
        self.memory.forget()
        self.skew = timedelta()
        self.log.clear()
