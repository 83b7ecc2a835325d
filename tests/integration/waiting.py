# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what a host does by itself, and asking whether a password is accepted."""

from __future__ import annotations

import time
from collections.abc import Callable

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
