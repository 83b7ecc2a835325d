# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contenders: what each starts for each job, and what is wrong with how it ended."""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.meter import Finished

INSTALL, RERUN, AUDIT = "install", "rerun", "audit"
JOBS = (INSTALL, RERUN, AUDIT)
# Ours, stock modules, and the least that one could do: a script over ssh; one plain PowerShell command over WinRM, by
# Ansible's raw and without any Ansible.
OURS, STOCK, SSH, RAW, WINRM = "ours", "stock", "ssh", "raw", "winrm"

_HERE = Path(__file__).parent
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Contender(ABC):
    """A contender, and the file that it runs for each job that it does."""

    name: str
    files: Mapping[str, str]

    @property
    def installs(self) -> bool:
        """Whether it leaves an agent behind, which is to be proved."""
        return INSTALL in self.files

    @abstractmethod
    def argv(self, job: str) -> list[str]:
        """What to start."""

    @abstractmethod
    def complaint(self, job: str, done: Finished, hosts: int, output: Path) -> str | None:
        """Return what is wrong with how it ended, by its own word; None when it is well."""


class Playbooks(Contender):
    """Is run by Ansible; judged by its recap, too."""

    def argv(self, job: str) -> list[str]:
        """The ansible-playbook beside this Python."""
        return [str(Path(sys.executable).parent / "ansible-playbook"), str(_HERE / self.files[job])]

    def complaint(self, job: str, done: Finished, hosts: int, output: Path) -> str | None:
        """An installation changes each host, and nothing else changes any."""
        if done.status != 0:
            return f"status {done.status}: {done.output[-2000:]}"
        recap = [(host, *map(int, numbers)) for host, *numbers in _RECAP.findall(done.output)]
        wrong = [host for host, changed, *bad in recap if any(bad) or bool(changed) != (job == INSTALL)]
        if wrong or len(recap) < hosts:
            return f"of {len(recap)} hosts, {len(wrong)} did not end as {job} should: {done.output[-2000:]}"
        return None


class Program(Contender):
    """Does without Ansible; takes the job as its argument, and what it needs from the environment."""

    def argv(self, job: str) -> list[str]:
        """Python's programs have this Python, others their own first line."""
        path = _HERE / self.files[job]
        return [*([sys.executable] if path.suffix == ".py" else []), str(path), job]

    def complaint(self, job: str, done: Finished, hosts: int, output: Path) -> str | None:
        """Its status says it; the longest of the hosts' own words says most of why."""
        if done.status == 0:
            return None
        said = [f"{path.name}: {path.read_text(errors='replace')}" for path in sorted(output.iterdir())]
        return f"status {done.status}: {max([done.output, *said], key=len)[-2000:]}"
