# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: puts the guest's PowerShell script together from its fragments and the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .security_software import SERVICES
from .wire import begin_marker, end_marker

_FOLDER = Path(__file__).parent / "windows"
# PowerShell takes each of these for a single quote.
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def probe_script(nonce: str, metadata_timeout: int, login: bool = False, backend: str = "keep") -> str:
    """Return the script that reads a guest's state and changes nothing. The time-out is in seconds.

    With ``login`` it also reads what may keep a new password from letting anybody in. ``backend`` is the option's.
    """
    variables = {"metadataTimeout": str(metadata_timeout), "wantedBackend": backend}
    names = ("common.ps1", "boot_id.ps1", "probe.ps1", *(("login.ps1",) if login else ()))
    work = "Write-Probe; Write-LoginFacts" if login else "Write-Probe"
    return _script(nonce, variables, names, work)


def apply_script(nonce: str, variables: Mapping[str, str]) -> str:
    """Return the script that carries out ``variables['steps']`` and then reads the agent's state again."""
    return _script(nonce, variables, ("common.ps1", "apply.ps1"), "Invoke-Plan; Write-Agent")


def boot_id_script() -> str:
    """Return the script that says the guest's boot id, on a line of its own."""
    return f"{_FRAGMENTS['boot_id.ps1']}\nGet-BootId"


def _script(nonce: str, variables: Mapping[str, str], fragments: tuple[str, ...], work: str) -> str:
    assignments = [f"${_camel(name)} = {quoted(value)}" for name, value in variables.items()]
    assignments.append(f"$securityServices = {', '.join(map(quoted, SERVICES))}")
    # Standard input is the payload's alone: nothing that is started may read it by accident.
    calls = [quoted(begin_marker(nonce)), f"try {{ {work} }} catch {{ Write-Fault $_ }}", "Write-Answer"]
    calls.append(quoted(end_marker(nonce)))
    return "\n".join([*assignments, *(_FRAGMENTS[name] for name in fragments), *calls, ""])


def quoted(text: str) -> str:
    """Return a PowerShell literal of a text."""
    return f"'{_QUOTES.sub(lambda match: match[0] * 2, text)}'"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _fragment(name: str) -> str:
    """Return a fragment without comment lines and indentation: it goes to every guest."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


# At import, which is once in Ansible's parent process and not in each of the workers that it forks, one a host.
_FRAGMENTS = {path.name: _fragment(path.name) for path in sorted(_FOLDER.glob("*.ps1"))}
