# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how the inventory's connection gets to a host, as what a login check needs of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .login import LoginError, Target, Transport
from .openssh import OpenSSH
from .openssh_command import Way

DEFAULT_TIMEOUT_SECONDS = 10


def transport_of(connection: Any, user: str | None) -> Transport:
    """Return what logs in over a connection, as ``user`` if given, else as the connection's.

    Raises LoginError for a connection that takes no password, or none that is known here.
    """
    make = _TRANSPORTS.get(connection.transport)
    if make is None:
        raise LoginError(
            f"The connection is {connection.transport!r}, over which no login can be tried; "
            f"use one of {', '.join(_TRANSPORTS)} (this version knows SSH only)."
        )
    try:
        transport = make(connection, user)
    except ValueError as error:  # shlex's
        raise LoginError(f"The inventory's arguments for ssh cannot be split ({error}); close their quotes.") from None
    # The client takes both as words of its command line.
    if transport.target.address.startswith("-") or re.search(r'[\s"\\]', transport.target.user or ""):
        raise LoginError(f"The inventory's {transport.target} is no login; set ansible_host and ansible_user.")
    return transport


def timeout_of(connection: Any) -> int:
    """Return the connection's time-out in seconds."""
    return int(connection.get_option("timeout") or DEFAULT_TIMEOUT_SECONDS)


def _by_ssh(connection: Any, user: str | None) -> OpenSSH:
    """Take what Ansible's ssh connection gives its client, but for what gets around a password."""
    get = connection.get_option
    arguments = shlex.split(get("ssh_args") or "")
    if get("host_key_checking") is False:
        arguments += ["-o", "StrictHostKeyChecking=no"]
    for name in ("ssh_common_args", "ssh_extra_args"):
        arguments += shlex.split(get(name) or "")
    target = Target(user or get("remote_user"), str(get("host")), get("port"))
    return OpenSSH(Way(get("ssh_executable"), target, arguments))


def _by_paramiko(connection: Any, user: str | None) -> OpenSSH:
    """Take the way that paramiko would go, which reads known_hosts in $HOME, and no configuration of OpenSSH's."""
    get = connection.get_option
    arguments = ["-F", "none", "-o", f"UserKnownHostsFile={_known_hosts(connection)}"]
    arguments += ["-o", f"StrictHostKeyChecking={'yes' if get('host_key_checking') else 'no'}"]
    if get("proxy_command"):
        arguments += ["-o", f"ProxyCommand={get('proxy_command')}"]
    return OpenSSH(Way("ssh", Target(user or get("remote_user"), get("remote_addr"), get("port")), arguments))


def _known_hosts(connection: Any) -> str:
    return f'"{Path("~/.ssh/known_hosts").expanduser()}"' if connection.get_option("host_key_checking") else "/dev/null"


_TRANSPORTS: Mapping[str, Callable[[Any, str | None], Transport]] = {"ssh": _by_ssh, "paramiko": _by_paramiko}
