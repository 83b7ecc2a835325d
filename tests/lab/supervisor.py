"""The lab's one daemon: it owns the network, the services and the hosts, and does what the control socket asks.

It keeps nothing that has to survive it: its hosts and services end with it, and `cleanup` finds the rest by name.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from lab import cgroups, egress, images, inventory, network
from lab.flavours import LIGHT, System
from lab.hosts import HostSpec, Wanted, allocate
from lab.linux_machine import LinuxMachine
from lab.machine import Machine
from lab.paths import Paths
from lab.process import LabError
from lab.services import DNSMASQ, SERVICES, RunningService
from lab.windows import image as windows_image
from lab.windows import powershell
from lab.windows.machine import WindowsMachine

_AT_ONCE = 8
_UP_WITHIN = 60.0

Say = Callable[[str], Awaitable[None]]


class Supervisor:
    """The lab, as long as it is up."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._machines: dict[str, Machine] = {}
        self._egress: dict[str, str] = {}
        self._ignored_by_dhcp: set[str] = set()
        self._services = {service.name: RunningService(service, paths) for service in SERVICES}
        self._changing_hosts = asyncio.Lock()
        self._restoring: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._verbs: dict[str, Callable[..., Awaitable[Any]]] = {
            "ping": self.ping,
            "add": self.add,
            "status": self.status,
            "host": self.host,
            "start": self.start_host,
            "stop": self.stop_host,
            "reboot": self.reboot_host,
            "restore": self.restore_host,
            "egress": self.set_egress,
            "dhcp": self.set_dhcp,
            "wait_up": self.wait_up,
        }

    async def run(self) -> None:
        """Bring up the network and the services, then answer the control socket for ever."""
        cgroups.join(cgroups.lab_group(self._paths) / "supervisor")
        self._paths.mount.mkdir(exist_ok=True)
        await network.create_cloud()
        await egress.create_filter()
        self._write_files()
        for service in self._services.values():
            await service.start()
        before = os.umask(0o077)  # the socket is for root alone
        server = await asyncio.start_unix_server(self._serve, self._paths.control)
        os.umask(before)
        async with server:
            await server.serve_forever()

    async def ping(self, _say: Say) -> None:
        """Say that the lab is up."""

    async def add(self, say: Say, hosts: list[dict[str, str]]) -> None:
        """Add the hosts that are not there yet, start those that are off, and wait until all answer."""
        async with self._changing_hosts:
            before = len(self._machines)
            machines = [self._machine_for(Wanted(**host)) for host in hosts]
            if len(self._machines) > before:
                await self._tell_all()
        gate = asyncio.Semaphore(_AT_ONCE)

        async def bring_up(machine: Machine) -> None:
            async with gate, self._restoring[machine.spec.name]:
                if machine.running:
                    return
                await machine.start()
                seconds = await self._answers(machine, _UP_WITHIN)
            if machine.spec.flavour.group != LIGHT:
                await say(f"  {machine.spec.name:12} answers on {machine.spec.address} after {seconds:.1f} s")

        results = await asyncio.gather(*map(bring_up, machines), return_exceptions=True)
        for failure in results:
            if isinstance(failure, BaseException):
                raise failure
        if light := sum(machine.spec.flavour.group == LIGHT for machine in machines):
            await say(f"  {light} light hosts answer")

    async def status(self, _say: Say) -> dict[str, Any]:
        """Everything there is."""
        services = {name: service.state for name, service in self._services.items()}
        return {"services": services, "hosts": [self._describe(machine) for machine in self._machines.values()]}

    async def host(self, _say: Say, name: str) -> dict[str, Any]:
        """One host."""
        return self._describe(self._machine(name))

    async def start_host(self, _say: Say, name: str) -> None:
        """Power a host on."""
        await self._machine(name).start()

    async def stop_host(self, _say: Say, name: str, hard: bool = False) -> None:
        """Shut a host down."""
        await self._machine(name).stop(hard)

    async def reboot_host(self, _say: Say, name: str, hard: bool = False) -> None:
        """Reboot a host."""
        await self._machine(name).reboot(hard)

    async def restore_host(self, _say: Say, name: str) -> None:
        """Give a host a fresh root file system."""
        machine = self._machine(name)
        # Meanwhile it is off, which is no reason for anybody else to start it.
        async with self._restoring[machine.spec.name]:
            await machine.restore()

    async def wait_up(self, _say: Say, name: str, seconds: float = _UP_WITHIN) -> None:
        """Wait until a host's SSH server answers, or its WinRM if it is a Windows."""
        await self._answers(self._machine(name), seconds)

    async def set_egress(self, _say: Say, name: str, rules: str) -> None:
        """Set what a host may open connections to."""
        await egress.apply(self._machine(name).spec, rules)
        self._egress[name] = rules

    async def set_dhcp(self, _say: Say, name: str, on: bool) -> None:
        """Have the DHCP server answer a host, or ignore it; a lease that the host has stays as long as it lasts."""
        machine = self._machine(name)
        async with self._changing_hosts:
            if on == (name not in self._ignored_by_dhcp):
                return
            (self._ignored_by_dhcp.discard if on else self._ignored_by_dhcp.add)(machine.spec.name)
            await self._tell_all()

    async def _tell_all(self) -> None:
        """Write the files about the hosts, and have them read."""
        self._write_files()
        # dnsmasq 2.90 crashes now and then when SIGHUP makes it read its hosts again
        await self._services[DNSMASQ.name].restart()

    def _machine(self, name: str) -> Machine:
        if name not in self._machines:
            raise LabError(f"there is no host '{name}' in the lab; there are {', '.join(self._machines) or 'none'}")
        return self._machines[name]

    def _machine_for(self, wanted: Wanted) -> Machine:
        machine = self._machines.get(wanted.name)
        if machine is None:
            spec = allocate(self._specs(), wanted)
            machine = self._machines[wanted.name] = self._new_machine(spec)
        elif machine.spec.flavour.name != wanted.flavour:
            raise LabError(f"the host '{wanted.name}' is there already, as '{machine.spec.flavour.name}'")
        return machine

    def _new_machine(self, spec: HostSpec) -> Machine:
        if spec.flavour.system is System.WINDOWS:
            image = windows_image.directory(self._paths, powershell.needed())
            return WindowsMachine(spec, self._paths, image)
        return LinuxMachine(spec, self._paths, images.directory(self._paths, spec.flavour.image))

    def _specs(self) -> list[HostSpec]:
        return [machine.spec for machine in self._machines.values()]

    def _write_files(self) -> None:
        network.write_dnsmasq_files(self._paths, self._specs(), self._ignored_by_dhcp)
        inventory.publish(self._paths, self._specs())

    def _describe(self, machine: Machine) -> dict[str, Any]:
        spec = machine.spec
        return {
            "name": spec.name,
            "address": spec.address,
            "uuid": spec.uuid,
            "flavour": spec.flavour.name,
            "group": spec.flavour.group,
            "system": spec.flavour.system.value,
            "state": machine.state,
            "failure": machine.failure,
            "leader": machine.leader,
            "boots": machine.boots,
            "egress": self._egress.get(spec.name, egress.ALLOW_ALL),
            "dhcp": spec.flavour.dhcp and spec.name not in self._ignored_by_dhcp,
        }

    async def _answers(self, machine: Machine, within: float) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        way = network.WINRM if machine.spec.flavour.system is System.WINDOWS else network.SSH
        if not await network.wait_for(way, machine.spec.address, began + within, lambda: machine.running):
            console = self._paths.console(machine.spec.name)
            state = f"'{machine.spec.name}' is {machine.state}"
            raise LabError(f"{state}, but its {way.name} server says nothing; see {console}")
        return loop.time() - began

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(message: dict[str, Any]) -> None:
            writer.write(json.dumps(message).encode() + b"\n")
            await writer.drain()

        async def say(text: str) -> None:
            await send({"progress": text})

        try:
            line = await reader.readline()
            if line:
                request = json.loads(line)
                await send({"result": await self._verbs[request["verb"]](say, **request["arguments"])})
        except LabError as error:
            await send({"error": str(error)})
        except (ConnectionError, BrokenPipeError):
            pass  # whoever asked has gone; what was asked for is done
        except Exception as error:  # noqa: BLE001 - the daemon has to outlive a fault in one request
            traceback.print_exc()
            await send({"error": f"fault in the lab's supervisor: {error!r}; see {self._paths.log}"})
        finally:
            writer.close()


def main() -> int:
    """Run the supervisor until it is killed."""
    try:
        paths = Paths.from_environment()
        with images.in_use(paths):
            asyncio.run(Supervisor(paths).run())
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
