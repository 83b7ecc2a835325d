# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what Ansible's connections over SSH give to the OpenSSH client."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from .login import LoginError, Target
from .openssh import OpenSSH
from .openssh_command import READ_BOOT_ID, Way
from .powershell import READ_BOOT_ID as WINDOWS_BOOT_ID
from .powershell import encoded


def by_ssh(connection: Any, user: str | None) -> OpenSSH:
    """Take what Ansible's ssh connection gives its client, but for what gets around a password."""
    get = connection.get_option
    try:
        arguments = shlex.split(get("ssh_args") or "")
        if get("host_key_checking") is False:
            arguments += ["-o", "StrictHostKeyChecking=no"]
        for name in ("ssh_common_args", "ssh_extra_args"):
            arguments += shlex.split(get(name) or "")
    except ValueError as error:
        raise LoginError(f"The inventory's arguments for ssh cannot be split ({error}); close their quotes.") from None
    return _openssh(connection, get("ssh_executable"), user, get("host"), arguments)


def by_paramiko(connection: Any, user: str | None) -> OpenSSH:
    """Take the way that paramiko would go, which reads known_hosts in $HOME, and no configuration of OpenSSH's."""
    get = connection.get_option
    arguments = ["-F", "none", "-o", f"UserKnownHostsFile={_known_hosts(connection)}"]
    arguments += ["-o", f"StrictHostKeyChecking={'yes' if get('host_key_checking') else 'no'}"]
    if get("proxy_command"):
        arguments += ["-o", f"ProxyCommand={get('proxy_command')}"]
    return _openssh(connection, "ssh", user, get("remote_addr"), arguments)


def _openssh(connection: Any, program: str, user: str | None, address: Any, arguments: list[str]) -> OpenSSH:
    # As Ansible itself tells: the shell that the inventory says is behind the server.
    windows = getattr(getattr(connection, "_shell", None), "_IS_WINDOWS", False)
    target = Target(
        user or connection.get_option("remote_user"),
        str(address),
        connection.get_option("port"),
        "windows_sshd" if windows else "sshd",
    )
    # The client takes both as words of its command line.
    if target.address.startswith("-") or re.search(r'[\s"\\]', target.user or ""):
        raise LoginError(f"The inventory's {target} is no login; set ansible_host and ansible_user, or login_user.")
    return OpenSSH(Way(program, target, arguments, " ".join(encoded(WINDOWS_BOOT_ID)) if windows else READ_BOOT_ID))


def _known_hosts(connection: Any) -> str:
    return f'"{Path("~/.ssh/known_hosts").expanduser()}"' if connection.get_option("host_key_checking") else "/dev/null"
