"""Taking the lab down, whatever is left of it: by name, without asking anybody who may be dead."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lab import cgroups
from lab.limits import put_back
from lab.network import ROOT_LINK
from lab.paths import Paths
from lab.process import LabError, run

_NETNS = Path("/run/netns")
_NSPAWN = Path("/run/systemd/nspawn")


def take_down(paths: Paths) -> list[str]:
    """Remove everything of the lab and say what could not be removed."""
    problems: list[str] = []
    for step in (_end_processes, _remove_link, _remove_namespaces, _remove_mounts, put_back, _remove_state):
        problems += _tried(step, paths)
    return problems + leftovers(paths)


def leftovers(paths: Paths) -> list[str]:
    """What there still is of a lab."""
    found = [f"the network namespace {name}" for name in _namespaces()]
    found += [f"the control group {group}" for group in [cgroups.existing_group()] if group]
    found += [f"the network interface {path.name}" for path in Path("/sys/class/net").glob("clab*")]
    found += [f"the mount {mount}" for mount in _mounts_below(paths.state)]
    if paths.state.exists():
        found.append(f"the directory {paths.state}")
    return found


def _tried(step: Callable[[Paths], None], paths: Paths) -> list[str]:
    """Do a step; what stops it must not stop the others."""
    try:
        step(paths)
    except (LabError, OSError) as error:
        return [str(error)]
    return []


def _end_processes(_paths: Paths) -> None:
    for process in _processes_in_namespaces():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    if group := cgroups.existing_group():
        cgroups.kill(group)
        cgroups.wait_until_empty(group)
        cgroups.remove(group)


def _remove_namespaces(_paths: Paths) -> None:
    for name in _namespaces():
        run("ip", "netns", "delete", name)
    if _NETNS.exists() and not any(_NETNS.iterdir()):
        # the first 'ip netns add' mounted it; it goes when nobody else has namespaces there
        for mount in _mounts_below(_NETNS):
            run("umount", mount)
        _NETNS.rmdir()


def _remove_link(_paths: Paths) -> None:
    if Path("/sys/class/net", ROOT_LINK).exists():
        run("ip", "link", "delete", ROOT_LINK)


def _remove_mounts(paths: Paths) -> None:
    for mount in _mounts_below(paths.state):
        run("umount", mount)


def _remove_state(paths: Paths) -> None:
    if not paths.state.exists():
        return
    if not paths.marker.exists():
        raise LabError(f"{paths.state} is not the state of a lab ({paths.marker.name} is not in it), so it stays")
    shutil.rmtree(paths.state)
    if _NSPAWN.exists() and not any(_NSPAWN.iterdir()):
        _NSPAWN.rmdir()


def _namespaces() -> list[str]:
    return sorted(path.name for path in _NETNS.glob("clab*")) if _NETNS.exists() else []


def _processes_in_namespaces() -> list[int]:
    """Processes in the lab's network that nobody put into its cgroup: shells that people have open in there."""
    inodes = {(_NETNS / name).stat().st_ino for name in _namespaces()}
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _inode(path / "ns/net") in inodes]


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # ended, or none of ours
        return None


def _mounts_below(folder: Path) -> list[str]:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [mount for mount in reversed(mounts) if Path(mount).is_relative_to(folder)]
