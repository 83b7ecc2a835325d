# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How all contenders log in to a field's hosts, the same for each of them."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from lab import accounts
from lab.client import Lab
from lab.network import WINRM
from lab.windows.wine import WINE

# For every contender. The key exchange is the one that the servers of today's fleets agree on (OpenSSH 6.5 to 8.9); the
# post-quantum one of newer ones costs some 0.1 s of CPU on each side of each connection in OpenSSH 9.2. And not
# Ansible's `-C`: to compress an archive once more only costs, 0.3 s a host with this package.
_TUNED = {"KexAlgorithms": "curve25519-sha256", "GSSAPIAuthentication": "no"}
_SSH_CFG = """\
[ssh_connection]
pipelining = true
ssh_args = {ssh_args} -o ControlMaster=auto -o ControlPersist=60s
control_path_dir = {folder}/cp
"""


class Way(ABC):
    """A way in."""

    def configuration(self, folder: Path) -> str:
        """What ansible.cfg says of it, for a contender that has this folder."""
        return ""

    @abstractmethod
    def variables(self, lab: Lab) -> dict[str, str]:
        """What the inventory says of it, for all hosts."""

    @abstractmethod
    def environment(self, lab: Lab) -> dict[str, str]:
        """What a program that does without Ansible is told of it."""

    @abstractmethod
    def told(self) -> str:
        """What a reader of the numbers has to know of it."""


@dataclass(frozen=True)
class Ssh(Way):
    """OpenSSH, with the bench's settings or those of OpenSSH and Ansible."""

    tuned: bool = True

    def configuration(self, folder: Path) -> str:
        """With pipelining and masters that stay: as sensible as they come."""
        return _SSH_CFG.format(ssh_args="" if self.tuned else "-C", folder=folder)

    def variables(self, lab: Lab) -> dict[str, str]:
        """The key, and the hosts' own."""
        return {"ansible_user": "root", "ansible_ssh_common_args": f'"{self._options(lab)}"'}

    def environment(self, lab: Lab) -> dict[str, str]:
        """The same as one line of options."""
        return {"SSH_OPTIONS": f"-o BatchMode=yes {self._options(lab)}"}

    def told(self) -> str:
        """The client's version and what is set."""
        said = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
        how = "curve25519 key exchange, no compression" if self.tuned else "the defaults of OpenSSH and Ansible"
        return f"{said.split(',')[0]} ({how}, for all)"

    def _options(self, lab: Lab) -> str:
        options = {
            "IdentityFile": str(lab.key),
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": str(lab.known_hosts),
            "StrictHostKeyChecking": "yes",
            **(_TUNED if self.tuned else {}),
        }
        return " ".join(f"-o {name}={value}" for name, value in options.items())


@dataclass(frozen=True)
class WinRM(Way):
    """WinRM over http, where NTLM encrypts the messages, as the lab's inventory has it."""

    def variables(self, lab: Lab) -> dict[str, str]:
        """Ansible's winrm connection, which needs no pipelining to be set: it has it always."""
        return {
            "ansible_connection": "winrm",
            "ansible_port": str(WINRM.port),
            "ansible_winrm_transport": "ntlm",
            "ansible_user": _ADMINISTRATOR.name,
            "ansible_password": _ADMINISTRATOR.password,
        }

    def environment(self, lab: Lab) -> dict[str, str]:
        """The account."""
        return {"WINRM_USER": _ADMINISTRATOR.name, "WINRM_PASSWORD": _ADMINISTRATOR.password}

    def told(self) -> str:
        """The client's version, and what the hosts are."""
        wine = subprocess.run([WINE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return f"pywinrm {version('pywinrm')} (NTLM over http, for all) to hosts on {wine}"


_ADMINISTRATOR = accounts.DEFAULTS[0]
