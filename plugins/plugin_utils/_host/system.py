# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what differs between the operating systems of guests, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...module_utils._prerequisite import Prerequisite
from . import linux_prerequisites, linux_script, login, windows_login, windows_prerequisites, windows_script
from .facts import HostFacts
from .linux_facts import linux_facts
from .prerequisites import Limits
from .windows_facts import windows_facts
from .wire import Answer


class ProbeScript(Protocol):
    """Makes the script that reads a guest's state."""

    def __call__(self, nonce: str, metadata_timeout: int, login: bool = False, backend: str = "keep") -> str:
        """Return the script; the time-out is in seconds."""


@dataclass(frozen=True)
class System:
    """An operating system. ``rights`` is the prerequisite without which nothing can be changed on a guest."""

    probe_script: ProbeScript
    apply_script: Callable[[str, Mapping[str, str]], str]
    facts: Callable[[Answer], HostFacts]
    # Each row takes the facts that its own system's probe tells.
    checks: Mapping[str, Callable[[Any, Limits], Prerequisite]]
    login_facts: Callable[[Answer], dict[str, Any]]
    rights: str
    modes: bool

    def assess(self, facts: HostFacts, limits: Limits) -> tuple[Prerequisite, ...]:
        """Return every prerequisite, always all of them and in the same order."""
        return tuple(check(facts, limits) for check in self.checks.values())


LINUX = System(
    probe_script=linux_script.probe_script,
    apply_script=linux_script.apply_script,
    facts=linux_facts,
    checks=linux_prerequisites.CHECKS,
    login_facts=login.login_facts,
    rights="root",
    modes=True,
)
WINDOWS = System(
    probe_script=windows_script.probe_script,
    apply_script=windows_script.apply_script,
    facts=windows_facts,
    checks=windows_prerequisites.CHECKS,
    login_facts=windows_login.login_facts,
    rights="administrator",
    modes=False,
)

# Of both, since one play may be for both.
PREREQUISITES = tuple(dict.fromkeys([*LINUX.checks, *WINDOWS.checks]))
