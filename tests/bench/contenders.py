# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contenders, and what each starts for each job."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.meter import Command, Finished
from lab.client import Host, Lab

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent

OURS, SSH, STOCK = "ours", "ssh", "stock"
CONTENDERS = (OURS, SSH, STOCK)
INSTALL, RERUN, AUDIT = "install", "rerun", "audit"
JOBS = (INSTALL, RERUN, AUDIT)

FORKS = 50
_PLAYBOOKS = {
    (OURS, INSTALL): "ours/install.yml",
    (OURS, RERUN): "ours/install.yml",
    (OURS, AUDIT): "ours/audit.yml",
    (STOCK, INSTALL): "stock/install.yml",
    (STOCK, RERUN): "stock/install.yml",
    (STOCK, AUDIT): "stock/audit.yml",
}
# As sensible as they come, and the same for ours and stock.
_ANSIBLE_CFG = """\
[defaults]
forks = {forks}
gathering = explicit
interpreter_python = /usr/bin/python3
inventory = {folder}/inventory.ini
collections_path = {collections}
local_tmp = {folder}/tmp
retry_files_enabled = false
nocolor = true
[ssh_connection]
pipelining = true
ssh_args = {ssh_args} -o ControlMaster=auto -o ControlPersist=60s
control_path_dir = {folder}/cp
"""
# For every contender. The key exchange is the one that the servers of today's fleets agree on (OpenSSH 6.5 to 8.9); the
# post-quantum one of newer ones costs some 0.1 s of CPU on each side of each connection in OpenSSH 9.2. And not
# Ansible's `-C`: to compress an archive once more only costs, 0.3 s a host with this package.
_TUNED = {"KexAlgorithms": "curve25519-sha256", "GSSAPIAuthentication": "no"}
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Arena:
    """One contender's hosts, and a folder of its own with all that it finds before it starts."""

    lab: Lab
    hosts: Sequence[Host]
    folder: Path
    tuned: bool = True

    @property
    def home(self) -> Path:
        """Where everything that a contender keeps on the controller goes."""
        return self.folder / "home"

    def prepare(self) -> None:
        """Write inventory and configuration. Nothing is in any cache: each installation fetches the package."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        (self.folder / "out").mkdir()
        (self.folder / "hosts").write_text("".join(f"{host.address}\n" for host in self.hosts))
        lines = [f"{host.name} ansible_host={host.address}" for host in self.hosts]
        (self.folder / "inventory.ini").write_text("\n".join([*lines, "", *self._inventory_variables(), ""]))
        collections = ROOT / ".ansible/collections"
        compression = "" if self.tuned else "-C"
        config = _ANSIBLE_CFG.format(forks=FORKS, folder=self.folder, collections=collections, ssh_args=compression)
        (self.folder / "ansible.cfg").write_text(config)

    def command(self, contender: str, job: str) -> Command:
        """What to start."""
        if contender == SSH:
            argv = [str(_HERE / "ssh/ssh.sh"), job]
        else:
            program = str(Path(sys.executable).parent / "ansible-playbook")
            argv = [program, str(_HERE / _PLAYBOOKS[contender, job])]
        return Command(argv, self._environment(), self.folder)

    def complaint(self, contender: str, job: str, done: Finished) -> str | None:
        """Return what is wrong with how it ended, by its own word; None when it is well."""
        if done.status != 0:
            said = done.output if contender != SSH else self._first_failure()
            return f"status {done.status}: {said[-2000:]}"
        if contender == SSH:
            return None
        recap = [(host, *map(int, numbers)) for host, *numbers in _RECAP.findall(done.output)]
        wrong = [host for host, changed, *bad in recap if any(bad) or bool(changed) != (job == INSTALL)]
        if wrong or len(recap) < len(self.hosts):
            return f"of {len(recap)} hosts, {len(wrong)} did not end as {job} should: {done.output[-2000:]}"
        return None

    def _first_failure(self) -> str:
        said = [f"{path.name}: {path.read_text(errors='replace')}" for path in sorted((self.folder / "out").iterdir())]
        return next(iter(sorted(said, key=len, reverse=True)), "it printed nothing")

    def _ssh_options(self) -> dict[str, str]:
        return {
            "IdentityFile": str(self.lab.key),
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": str(self.lab.known_hosts),
            "StrictHostKeyChecking": "yes",
            **(_TUNED if self.tuned else {}),
        }

    def _inventory_variables(self) -> list[str]:
        options = " ".join(f"-o {name}={value}" for name, value in self._ssh_options().items())
        return ["[all:vars]", "ansible_user=root", f'ansible_ssh_common_args="{options}"']

    def _environment(self) -> dict[str, str]:
        options = " ".join(f"-o {name}={value}" for name, value in self._ssh_options().items())
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "SSL_CERT_FILE": str(self.lab.ca),
            "BASE_URL": self.lab.base_url,
            "FORKS": str(FORKS),
            "HOSTS_FILE": str(self.folder / "hosts"),
            "OUTPUT_DIR": str(self.folder / "out"),
            "SSH_OPTIONS": f"-o BatchMode=yes {options}",
        }
