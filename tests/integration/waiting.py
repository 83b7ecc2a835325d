# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what a host does by itself, asking whether a password is accepted, and ending what is not to end well."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import paramiko

from lab.client import Host


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until the condition holds; an assertion fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.1)


def accepts(host: Host, user: str, password: str) -> bool:
    """Return whether a fresh login with this password, and nothing else, is let in."""
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(host.paths.known_hosts))
        try:
            client.connect(host.address, username=user, password=password, allow_agent=False, look_for_keys=False)
        except paramiko.AuthenticationException:
            return False
        return True


def kill_all(process: subprocess.Popen[str], folder: Path) -> None:
    """Kill a controller: ansible-playbook, its workers, ssh and ssh's master, with no time to say goodbye."""
    while pids := _pids_of(process.pid, str(folder)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
    process.communicate(timeout=10)


def _pids_of(session: int, folder: str) -> list[int]:
    """Processes of the session, and those that the folder tells as the controller's; zombies do not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_text()
            if words[0] != "Z" and (int(words[3]) == session or folder in command):
                found.append(int(path.name))
    return found
