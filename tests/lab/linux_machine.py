"""A Linux host: systemd-nspawn on its disk and its link, started again whenever the guest reboots."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from lab import cgroups
from lab.disk import Disk, linux_disk
from lab.flavours import Init
from lab.hosts import HostSpec
from lab.machine import Machine
from lab.paths import Paths
from lab.process import run_async

_POWER_OFF_SIGNAL = {Init.SYSTEMD: signal.SIGRTMIN + 4, Init.SSHD: signal.SIGRTMIN + 4}
_SSHD = ("/bin/sh", "-c", "mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e")

# The kernel's selinuxfs cannot be mounted here, and sysfs has no room for new directories: a tmpfs over /sys/fs has.
# The cgroup hierarchy below it is carried over.  It has to be done before systemd makes its first cgroup.
_SELINUX_THEN_INIT = """
set -e
mount --make-rprivate /
mount --bind /sys/fs/cgroup /mnt
mount -t tmpfs -o mode=755 sysfs /sys/fs
mkdir /sys/fs/cgroup /sys/fs/selinux
mount --move /mnt /sys/fs/cgroup
printf 1 >/sys/fs/selinux/enforce
exec /sbin/init
"""

# Puts itself into the host's cgroup, then becomes nspawn.
_JOIN_AND_BECOME = 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"'


class LinuxMachine(Machine):
    """A host whose guest is a Linux."""

    reboot_status = 133

    def __init__(self, spec: HostSpec, paths: Paths, image: Path) -> None:
        super().__init__(spec, paths)
        self._image = image

    async def _make_disk(self) -> Disk:
        return await linux_disk(self.spec, self._paths, self._image)

    async def _command(self, disk: Disk, namespace: Path) -> list[str]:
        inner_group = Path("/sys/fs/cgroup") / cgroups.NAME / self.spec.name
        join = ("sh", "-c", _JOIN_AND_BECOME, "host", str(inner_group))
        return [*disk.enter(), *join, *self._nspawn(namespace)]

    def _environment(self) -> dict[str, str]:
        return {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1", **super()._environment()}

    def _nspawn(self, namespace: Path) -> list[str]:
        return [
            "systemd-nspawn",
            "--quiet",
            f"--directory={self._paths.mount}/root",
            f"--network-namespace-path={namespace}",
            f"--machine={self.spec.machine}",
            f"--hostname={self.spec.name}",
            "--capability=CAP_NET_ADMIN",  # its DHCP client configures the link
            "--register=no",
            "--keep-unit",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=pipe",
            *(("--read-only",) if self.spec.flavour.read_only else ()),
            *self._init(),
        ]

    def _init(self) -> list[str]:
        if self.spec.flavour.init is Init.SSHD:
            return ["--as-pid2", *_SSHD]
        if self.spec.flavour.selinux:
            return ["--kill-signal=SIGRTMIN+3", "/bin/sh", "-c", _SELINUX_THEN_INIT]
        return ["--boot"]

    async def _ask_to_power_off(self) -> None:
        leader = self.leader
        number = _POWER_OFF_SIGNAL.get(self.spec.flavour.init)
        if leader and number:
            os.kill(leader, number)
        elif leader:
            await run_async("nsenter", f"--target={leader}", "--all", "--", "/sbin/poweroff")

    async def _ask_to_reboot(self) -> None:
        if leader := self.leader:
            os.kill(leader, signal.SIGINT)
