"""A Windows host: Wine on its disk and its link, in a process tree of its own."""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from lab import cgroups, images, keys
from lab.disk import Disk
from lab.flavours import TOOLS
from lab.hosts import HostSpec
from lab.machine import Machine
from lab.paths import Paths
from lab.process import LabError, run_async
from lab.windows import entry, files, lease, registry, settings
from lab.windows.wine import WINE, WINESERVER, environment

_FOLDER = Path(__file__).parent
_TESTS = _FOLDER.parent.parent
_DHCP = ("udhcpc", "-i", "eth0", "-f", "-q", "-n", "-t", "3", "-T", "1", "-O", "staticroutes")

# Puts itself into the host's cgroup, then becomes what is asked for.
_JOIN_AND_BECOME = 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"'


class WindowsMachine(Machine):
    """A host whose guest is a Windows."""

    def __init__(self, spec: HostSpec, paths: Paths, image: Path) -> None:
        super().__init__(spec, paths)
        self._image = image
        self._tools = images.directory(paths, TOOLS)
        self._registry = ""

    async def _make_disk(self) -> Disk:
        spec, paths = self.spec, self._paths
        keys.write_certificate(paths, spec.name, (f"{spec.name}.lab", spec.name), (spec.address,))
        wanted = [sys.prefix, sys.base_prefix, _TESTS, paths.state, paths.cache]
        size = str(spec.flavour.disk_mb)
        mounting = ("sh", str(_FOLDER / "root.sh"), str(paths.mount), str(self._image), size, *map(str, wanted))

        def personalise(root: Path) -> None:
            files.write(spec, root, paths.public_key.read_text(), sys.executable, self._tools)

        return await Disk.create(spec.name, mounting, personalise)

    async def _command(self, disk: Disk, namespace: Path) -> list[str]:
        self._registry = registry.text(await self._configure_card())
        return [
            *self._in_group(),
            *("nsenter", f"--net={namespace}", *disk.enter()[1:]),
            *("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
            *("sh", str(_FOLDER / "boot.sh")),
        ]

    def _environment(self) -> dict[str, str]:
        logs = self._paths.console(self.spec.name).parent
        return {
            **environment(files.PREFIX),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_TESTS),
            "PYTHONUNBUFFERED": "1",
            "LAB_NAME": self.spec.name,
            entry.BOOT: str(uuid.uuid4()),
            "LAB_REGISTRY": self._registry,
            "LAB_WINE": WINE,
            "LAB_TOOLS": str(self._tools),
            "LAB_PYTHON": sys.executable,
            "LAB_ACCOUNTS": str(files.ACCOUNTS),
            "LAB_CERTIFICATE": str(self._paths.tls / f"{self.spec.name}.pem"),
            "LAB_KEY": str(self._paths.tls / f"{self.spec.name}.key"),
            "LAB_WINRM_LOG": str(logs / "winrm.log"),
        }

    async def _configure_card(self) -> registry.Keys:
        """Give the network card its address, as the guest's DHCP client does, and say what its registry then says."""
        spec = self.spec
        await run_async("ip", "-n", spec.machine, "link", "set", "eth0", "up")
        given = await self._ask_dhcp() if spec.flavour.dhcp else None
        commands = lease.commands(given) if spec.flavour.dhcp else lease.static_commands(spec.address)
        await run_async("ip", "-n", spec.machine, "-batch", "-", text=commands)
        shown = await run_async("ip", "-n", spec.machine, "-oneline", "link", "show", "eth0")
        return settings.of_card(int(shown.partition(":")[0]), spec.address, given, dhcp=spec.flavour.dhcp)

    async def _ask_dhcp(self) -> lease.Lease | None:
        hook = self._paths.console(self.spec.name).with_name("lease-hook")
        hook.write_text(lease.HOOK)
        hook.chmod(0o755)
        client = (
            str(self._tools / "usr/local/lib/busybox"),
            *_DHCP,
            "-x",
            f"hostname:{self.spec.name}",
            "-s",
            str(hook),
        )
        try:
            told = await run_async(*self._in_group(), "ip", "netns", "exec", self.spec.machine, *client)
        except LabError:  # no answer, which is its status 1: then there is no address
            return None
        return lease.parse(told)

    def _in_group(self) -> tuple[str, ...]:
        return ("sh", "-c", _JOIN_AND_BECOME, "host", str(self._group))

    async def _ask_to_power_off(self) -> None:
        """What programs have written to the registry is on the disk after this, as after a real shutdown."""
        if leader := self.leader:
            await run_async(*entry.enter(leader), "sh", "-c", '"$0" -k; "$0" -w', WINESERVER)
        cgroups.kill(self._group)

    async def _ask_to_reboot(self) -> None:
        self._again = True
        await self._ask_to_power_off()
