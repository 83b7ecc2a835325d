"""One cgroup holds every process of the lab, so that all of them can be found and ended, whoever started them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lab.paths import Paths
from lab.process import LabError, run

NAME = "clab"
_GONE_WITHIN = 15.0


def lab_group(paths: Paths) -> Path:
    """The lab's cgroup (v2), on the machine's own mount of the hierarchy or on one that we make."""
    return (_existing_mount() or _own_mount(paths)) / NAME


def existing_group() -> Path | None:
    """The lab's cgroup if there is one; unlike `lab_group` this changes nothing."""
    mount = _existing_mount()
    return mount / NAME if mount and (mount / NAME).exists() else None


def join(group: Path) -> None:
    """Put the calling process into a cgroup, made if need be."""
    group.mkdir(parents=True, exist_ok=True)
    (group / "cgroup.procs").write_text(str(os.getpid()))


def kill(group: Path) -> None:
    """End everything in the cgroup and below, at once."""
    if group.exists():
        (group / "cgroup.kill").write_text("1")


def is_empty(group: Path) -> bool:
    """Whether no process is in the cgroup or below."""
    try:
        return "populated 0" in (group / "cgroup.events").read_text()
    except FileNotFoundError:
        return True


def wait_until_empty(group: Path) -> None:
    """Wait for the processes of a killed cgroup to be gone."""
    deadline = time.monotonic() + _GONE_WITHIN
    while not is_empty(group):
        if time.monotonic() > deadline:
            raise LabError(f"processes {_processes(group)} of the lab do not end, though they were killed")
        time.sleep(0.02)


def remove(group: Path) -> None:
    """Remove a cgroup without processes and all below it."""
    if group.exists():
        for folder, _any, _any in os.walk(group, topdown=False):
            Path(folder).rmdir()


def _processes(group: Path) -> list[int]:
    found: list[int] = []
    for folder, _any, _any in os.walk(group):
        found += map(int, (Path(folder) / "cgroup.procs").read_text().split())
    return found


def _existing_mount() -> Path | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _any, source = line.partition(" - ")
        root, mount_point = fields.split()[3:5]
        if source.startswith("cgroup2 ") and root == "/":
            return Path(mount_point)
    return None


def _own_mount(paths: Paths) -> Path:
    paths.cgroup_mount.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "cgroup2", "clab", str(paths.cgroup_mount))
    return paths.cgroup_mount
