"""The hosts of a lab that is up, as the machines behind the cloud's servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from lab import control
from lab.cloud.machines import MachineError, MemoryMachines, Operation
from lab.cloud.network import Network, Subnet, default_rule
from lab.cloud.servers import Fleet, Server
from lab.control_client import ControlError
from lab.hosts_file import HostsFile, ListedHost
from lab.metadata_client import MetadataControl
from lab.paths import Paths
from lab.process import LabError

T = TypeVar("T")

_AT_ONCE = 64
_STATUS = {"running": "ACTIVE", "stopped": "SHUTOFF", "failed": "ERROR"}


class LabMachines:
    """Switches hosts through the supervisor and leaves passwords with the metadata service.

    A server whose id is no host's stays a record: `memory` stands behind it.
    """

    def __init__(self, paths: Paths) -> None:
        self.memory = MemoryMachines()
        self._paths = paths
        self._hosts = HostsFile(paths.hosts)
        self._metadata = MetadataControl(paths.service_socket("metadata"))
        # The loop's own threads are few, and a host takes its time to shut down.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "machines")

    def hosts(self) -> tuple[ListedHost, ...]:
        """The hosts that there are now."""
        return self._hosts.all()

    async def statuses(self) -> dict[str, str]:
        """The status of each host by its id, as the cloud calls it."""
        told = await self._do(lambda: control.request(self._paths, "status"))
        return {host["uuid"]: _STATUS[host["state"]] for host in told["hosts"]}

    async def switch(self, server_id: str, operation: Operation, *, hard: bool) -> None:
        """Start, stop or reboot the host; a reboot of one that is off starts it, as its console does."""
        name = self._name(server_id)
        if name is None:
            await self.memory.switch(server_id, operation, hard=hard)
            return
        if operation == "reboot" and (await self.statuses())[server_id] != "ACTIVE":
            operation = "start"
        await self._ask(operation, name, **({} if operation == "start" else {"hard": hard}))

    async def offer(self, server_id: str, password: str) -> None:
        """Leave the password with the metadata service, encrypted for this host."""
        name = self._name(server_id)
        if name is None:
            await self.memory.offer(server_id, password)
        else:
            await self._do(lambda: self._metadata.set_password(name, password))

    async def flag(self, server_id: str) -> bool:
        """What the metadata service has: it is the guest's agent that sets it."""
        name = self._name(server_id)
        if name is None:
            return await self.memory.flag(server_id)
        return (await self._do(lambda: self._metadata.show(name))).flag == "True"

    async def pending(self, server_id: str) -> bool:
        """Whether a password waits for the agent."""
        name = self._name(server_id)
        if name is None:
            return server_id in self.memory.offered
        return bool((await self._do(lambda: self._metadata.show(name))).blob)

    async def filter_egress(self, server_id: str, rules: str) -> None:
        """Set the packet filter at the host's port of the bridge."""
        name = self._name(server_id)
        if name is None:
            await self.memory.filter_egress(server_id, rules)
        else:
            await self._ask("egress", name, rules=rules)

    async def serve_dhcp(self, server_id: str, *, on: bool) -> None:
        """Have the DHCP server answer the host, or ignore it."""
        name = self._name(server_id)
        if name is None:
            await self.memory.serve_dhcp(server_id, on=on)
        else:
            await self._ask("dhcp", name, on=on)

    async def rebuild(self, server_id: str) -> None:
        """Give the host a fresh root file system, and start it."""
        name = self._name(server_id)
        if name is None:
            await self.memory.rebuild(server_id)
        else:
            await self._ask("restore", name)

    def _name(self, server_id: str) -> str | None:
        return next((host.name for host in self.hosts() if host.uuid == server_id), None)

    async def _ask(self, verb: str, name: str, **arguments: Any) -> None:
        await self._do(lambda: control.request(self._paths, verb, name=name, **arguments))

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (LabError, ControlError, OSError) as error:
            raise MachineError(str(error)) from error


class HostServers:
    """Keeps the cloud's servers true to the lab's hosts: there is one for each, and its status is the host's.

    Each has a subnet and a security group of its own, so that what is done to one host's is done to no other.
    """

    def __init__(self, fleet: Fleet, network: Network, machines: LabMachines) -> None:
        self._fleet = fleet
        self._network = network
        self._machines = machines

    async def follow(self) -> None:
        """Look at the hosts. A server that a job is at work on is left alone: the job knows better."""
        for host in self._machines.hosts():
            self._be_there(host)
        idle = self._idle()
        with suppress(MachineError):  # nobody answers while the lab comes up: then nothing has changed either
            statuses = await self._machines.statuses()
            for server_id in idle & self._idle() & statuses.keys():
                self._fleet.servers[server_id].status = statuses[server_id]

    def forget(self, server_id: str) -> None:
        """Forget the subnet and the security group of a host; they are there again when the hosts are followed."""
        for host in self._machines.hosts():
            if host.uuid == server_id:
                group = _group(host)
                self._network.subnets.pop(_subnet(host), None)
                self._network.groups = [one for one in self._network.groups if one != group]
                for rule in [rule for rule in self._network.rules.values() if rule.security_group_id == group]:
                    del self._network.rules[rule.id]

    def _be_there(self, host: ListedHost) -> None:
        subnet, group = _subnet(host), _group(host)
        if subnet not in self._network.subnets:
            self._network.subnets[subnet] = Subnet(subnet, subnet)
        if group not in self._network.groups:
            self._network.groups.append(group)
            rule = default_rule(group)
            self._network.rules[rule.id] = rule
        if host.uuid not in self._fleet.servers:
            self._fleet.servers[host.uuid] = Server(
                host.uuid,
                name=host.name,
                addresses=[host.address],
                subnet=subnet,
                security_groups=[group],
                system=host.system,
            )

    def _idle(self) -> set[str]:
        return {server.id for server in self._fleet.servers.values() if server.task_state is None}


def _subnet(host: ListedHost) -> str:
    return f"subnet-{host.name}"


def _group(host: ListedHost) -> str:
    return f"group-{host.name}"
