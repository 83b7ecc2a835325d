"""Kernel limits that many hosts on one machine run into: raised while the lab is up, put back when it goes.

All hosts' root is this machine's root, so what the kernel counts by user it counts for all of them together.
"""

from __future__ import annotations

import json
from pathlib import Path

from lab.paths import Paths, write_atomically

# Each systemd host takes about six inotify instances; the kernel's default is 128 in all.
_WANTED = {"fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 524288}
_SYSCTL = Path("/proc/sys")


def raise_limits(paths: Paths) -> None:
    """Raise what is too low, and note what it was."""
    before = {name: int((_SYSCTL / name).read_text()) for name in _WANTED}
    too_low = {name: value for name, value in before.items() if value < _WANTED[name]}
    write_atomically(paths.limits, json.dumps(too_low))
    for name in too_low:
        (_SYSCTL / name).write_text(str(_WANTED[name]))


def put_back(paths: Paths) -> None:
    """Set the limits to what they were before the lab came up."""
    if paths.limits.exists():
        for name, value in json.loads(paths.limits.read_text()).items():
            (_SYSCTL / name).write_text(str(value))
