"""A host's disk: an overlay over its image, in a mount namespace of its own.

Nothing of it is mounted in the machine's own namespace, so nothing is left when the host's processes are gone.
The namespace lives as long as somebody holds it: the host while it runs, we by a file descriptor while it is off.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lab import guest
from lab.hosts import HostSpec
from lab.paths import Paths
from lab.process import LabError

# $1 where, $2 the image, $3 size in MiB.  cgroup2 is mounted on its usual place, so that nspawn finds the same layout
# on every machine; nspawn's own state goes on a tmpfs, because it has to be one.
_MOUNT = """
set -eu
mount -t tmpfs -o "size=$3m,mode=755" clab "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" /dev/vda1 "$1/root"
mkdir -p /run/systemd/nspawn
mount -t tmpfs clab /run/systemd/nspawn
mount -t cgroup2 clab /sys/fs/cgroup
echo mounted
read -r _ || true
"""


class Disk:
    """The root file system of one host."""

    def __init__(self, namespace: int) -> None:
        self._namespace = namespace

    @classmethod
    async def create(cls, host: str, mounting: Sequence[str], personalise: Callable[[Path], None]) -> Disk:
        """A fresh disk.  `mounting` mounts it, prints a line and lives until its input ends.

        `personalise` is given the root of the mount namespace, to write the host's own files below it.
        """
        holder = await asyncio.create_subprocess_exec(
            *("unshare", "--mount", "--propagation", "slave", "--"),
            *mounting,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert holder.stdin
        assert holder.stdout
        assert holder.stderr
        try:
            if not await holder.stdout.readline():
                said = (await holder.stderr.read()).decode(errors="replace").strip()
                raise LabError(f"the disk of '{host}' could not be made: {said}")
            personalise(Path(f"/proc/{holder.pid}/root"))
            return cls(os.open(f"/proc/{holder.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC))
        finally:
            holder.stdin.close()
            await holder.wait()

    @property
    def descriptor(self) -> int:
        """The mount namespace, for a child to inherit."""
        return self._namespace

    def enter(self) -> tuple[str, ...]:
        """What to put before a command that shall see the disk; the child has to inherit the descriptor."""
        return ("nsenter", f"--mount=/proc/self/fd/{self._namespace}", "--")

    def discard(self) -> None:
        """Let go of it: with the last process that uses it, it is gone."""
        os.close(self._namespace)


async def linux_disk(host: HostSpec, paths: Paths, image: Path) -> Disk:
    """A fresh disk for a Linux host."""
    mounting = ("sh", "-c", _MOUNT, "disk", str(paths.mount), str(image), str(host.flavour.disk_mb))

    def personalise(root: Path) -> None:
        _personalise(host, root / paths.mount.relative_to("/") / "root", paths.public_key.read_text())

    return await Disk.create(host.name, mounting, personalise)


def _personalise(host: HostSpec, root: Path, authorized_key: str) -> None:
    for file in guest.files(host, authorized_key):
        file.write(root)
    for link, target in guest.links(host).items():
        path = root / link
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
