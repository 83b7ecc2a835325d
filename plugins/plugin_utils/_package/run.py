# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which run of Ansible this is, so that its worker processes can share what they found."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")


def default_run_id() -> str:
    """The identity of the controller process that started this worker: the same in each of its workers, and in no
    other run, on this machine or another that shares the cache.

    Where neither /proc nor `ps` tells when that process started, this worker is a run of its own: nothing is shared
    then, and nothing wrong.
    """
    parent = os.getppid()
    started = _started_by_proc(parent) or _started_by_ps(parent)
    if started is None:
        return f"{socket.gethostname()}/alone/{os.getpid()}/{time.time_ns()}"
    return f"{socket.gethostname()}/{parent}/{started}"


def _started_by_proc(pid: int) -> str | None:
    """Clock ticks from boot to the process's start (proc(5), stat, field 22), with the boot they count from."""
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    after_name = stat.rpartition(b")")[2].split()
    return f"{boot}/{after_name[19].decode()}"


def _started_by_ps(pid: int) -> str | None:
    try:
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
