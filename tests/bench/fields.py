# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields that the bench is held on: one for each system, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import AUDIT, INSTALL, OURS, RAW, RERUN, SSH, STOCK, WINRM, Contender, Playbooks, Program
from bench.ways import Ssh, Way, WinRM
from lab.flavours import DEFAULT_WINDOWS
from lab.hosts import Wanted, light_wanted
from lab.package_options import PackageOptions

ROOT = Path(__file__).parents[2]
LINUX, WINDOWS = "linux", "windows"

_PADDING = 8 * 1024 * 1024


@dataclass(frozen=True)
class Field:
    """Hosts of one system, and who does what on them.

    ``counts`` is how many hosts unless somebody says otherwise, ``wanted`` which ones these are, ``way`` how all get
    there; ``needs`` are programs that make ready what contenders need on the controller.
    """

    system: str
    counts: tuple[int, ...]
    wanted: Callable[[int], list[Wanted]]
    package: PackageOptions
    way: Way
    contenders: tuple[Contender, ...]
    needs: tuple[Path, ...] = ()


def _windows_wanted(count: int) -> list[Wanted]:
    return [Wanted(f"winbench{number}", DEFAULT_WINDOWS) for number in range(1, count + 1)]


FIELDS = {
    field.system: field
    for field in (
        Field(
            LINUX,
            counts=(20, 100),
            wanted=light_wanted,
            package=PackageOptions(padding=_PADDING),
            way=Ssh(),
            contenders=(
                Playbooks(OURS, {INSTALL: "ours/install.yml", RERUN: "ours/install.yml", AUDIT: "ours/audit.yml"}),
                Program(SSH, dict.fromkeys((INSTALL, RERUN, AUDIT), "ssh/ssh.sh")),
                Playbooks(STOCK, {INSTALL: "stock/install.yml", RERUN: "stock/install.yml", AUDIT: "stock/audit.yml"}),
            ),
        ),
        Field(
            WINDOWS,
            counts=(8,),
            wanted=_windows_wanted,
            package=PackageOptions(variant="windows", padding=_PADDING),
            way=WinRM(),
            contenders=(
                # The same task for both systems.
                Playbooks(OURS, dict.fromkeys((INSTALL, RERUN), "ours/install.yml")),
                # One plain PowerShell command, as an operator gives it: whether the service is there.
                Playbooks(RAW, {RERUN: "raw/plain.yml"}),
                # The same way without Ansible, and it looks at nothing: no rerun can be less.
                Program(WINRM, {RERUN: "winrm/plain.py"}),
                Playbooks(STOCK, dict.fromkeys((INSTALL, RERUN), "stock/windows-install.yml")),
            ),
            needs=(ROOT / "tests/tools/stock",),
        ),
    )
}

NAMES = tuple(dict.fromkeys(contender.name for field in FIELDS.values() for contender in field.contenders))
