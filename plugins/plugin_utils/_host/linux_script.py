# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: puts the guest's shell script together from its fragments and the plan."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from .wire import begin_marker, end_marker

_FOLDER = Path(__file__).parent / "linux"


def probe_script(nonce: str, metadata_timeout: int, login: bool = False, backend: str = "keep") -> str:
    """Return the script that reads a guest's state and changes nothing. The time-out is in seconds.

    With ``login`` it also reads what may keep a new password from letting anybody in. ``backend`` is the option's.
    """
    variables = {"metadata_timeout": str(metadata_timeout), "wanted_backend": backend}
    if login:
        return _script(nonce, variables, ("common.sh", "probe.sh", "login.sh"), "probe; login_facts")
    return _script(nonce, variables, ("common.sh", "probe.sh"), "probe")


def apply_script(nonce: str, variables: Mapping[str, str]) -> str:
    """Return the script that carries out ``variables['steps']`` and then reads the agent's state again."""
    return _script(nonce, variables, ("common.sh", "probe.sh", "apply.sh"), "apply; probe_agent")


def _script(nonce: str, variables: Mapping[str, str], fragments: tuple[str, ...], work: str) -> str:
    assignments = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    # Standard input is the payload's alone: nothing may read it by accident.
    calls = [f"echo; echo {shlex.quote(begin_marker(nonce))}", work, f"echo {shlex.quote(end_marker(nonce))}"]
    return "\n".join([*assignments, *(_FRAGMENTS[name] for name in fragments), *calls, ""])


def _fragment(name: str) -> str:
    """Return a fragment without comments and indentation: the guest's shell reads its script byte by byte."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))


# At import, which is once in Ansible's parent process and not in each of the workers that it forks, one a host.
_FRAGMENTS = {name: _fragment(name) for name in ("common.sh", "probe.sh", "login.sh", "apply.sh")}
