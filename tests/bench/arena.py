# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A contender's place: hosts, and a folder of its own with all that it finds before it starts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import Contender
from bench.fields import ROOT
from bench.meter import Command
from bench.ways import Way
from lab.client import AnyHost, Lab

FORKS = 50

# As sensible as they come, and the same for ours and stock.
_ANSIBLE_CFG = """\
[defaults]
forks = {forks}
gathering = explicit
interpreter_python = /usr/bin/python3
inventory = {folder}/inventory.ini
collections_path = {root}/.ansible/collections:{root}/.ansible/stock
local_tmp = {folder}/tmp
retry_files_enabled = false
nocolor = true
"""


@dataclass(frozen=True)
class Arena:
    """Where one contender runs."""

    lab: Lab
    hosts: Sequence[AnyHost]
    way: Way
    folder: Path

    @property
    def home(self) -> Path:
        """Where everything that a contender keeps on the controller goes."""
        return self.folder / "home"

    @property
    def output(self) -> Path:
        """Where a contender without Ansible leaves what each host said."""
        return self.folder / "out"

    def prepare(self) -> None:
        """Write inventory and configuration. Nothing is in any cache: each installation fetches the package."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        self.output.mkdir()
        (self.folder / "hosts").write_text("".join(f"{host.address}\n" for host in self.hosts))
        hosts = [f"{host.name} ansible_host={host.address}" for host in self.hosts]
        variables = [f"{name}={value}" for name, value in self.way.variables(self.lab).items()]
        (self.folder / "inventory.ini").write_text("\n".join([*hosts, "", "[all:vars]", *variables, ""]))
        common = _ANSIBLE_CFG.format(forks=FORKS, folder=self.folder, root=ROOT)
        (self.folder / "ansible.cfg").write_text(common + self.way.configuration(self.folder))

    def command(self, contender: Contender, job: str) -> Command:
        """What to start."""
        return Command(contender.argv(job), self._environment(), self.folder)

    def _environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "SSL_CERT_FILE": str(self.lab.ca),
            "BASE_URL": self.lab.base_url,
            "FORKS": str(FORKS),
            "HOSTS_FILE": str(self.folder / "hosts"),
            "OUTPUT_DIR": str(self.output),
            **self.way.environment(self.lab),
        }
