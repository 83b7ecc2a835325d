# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: from the wanted state and the facts to the steps that lead from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .facts import EDITABLE, AgentFacts


@dataclass(frozen=True)
class Step:
    """One thing to be done on the guest. ``name`` is what the guest script calls it, ``why`` is for the operator."""

    name: str
    why: str


@dataclass(frozen=True)
class Plan:
    """The steps in their order; none when the guest is as wanted."""

    steps: tuple[Step, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether carrying it out changes the guest."""
        return bool(self.steps)

    @property
    def installs(self) -> bool:
        """Whether it needs the package on the guest."""
        return any(step.name == "setup" for step in self.steps)


@dataclass(frozen=True)
class Wanted:
    """The state that the caller wants. The package's digest and files are asked for with ``upgrade`` only.

    ``modes`` says whether files have modes on this system.
    """

    state: str = "present"
    backend: str = "keep"
    selinux_permissive: bool = False
    upgrade: bool = False
    package_sha256: str | None = None
    package_files: Mapping[str, str] | None = None
    modes: bool = True


def plan(wanted: Wanted, agent: AgentFacts) -> Plan:
    """Return the steps from the agent as it is to the wanted state."""
    return _PLANNERS[wanted.state](wanted, agent)


def _present(wanted: Wanted, agent: AgentFacts) -> Plan:
    why = _reason_to_install(wanted, agent)
    return _install(wanted, agent, why) if why else _mend(wanted, agent)


def _reason_to_install(wanted: Wanted, agent: AgentFacts) -> str:
    if not agent.installed and agent.unzipped:
        return f"only unzipped to {agent.unzipped}, not installed"
    if not agent.installed:
        return "an earlier run was interrupted" if agent.interrupted else "not installed"
    if agent.damage:
        return "; ".join(agent.damage)
    if wanted.upgrade and differs(wanted, agent):
        return f"the package {(wanted.package_sha256 or '')[:12]} differs from what is installed"
    return ""


def differs(wanted: Wanted, agent: AgentFacts) -> bool:
    """Return whether the agent on the guest is another than the package's.

    The record beside the agent tells; an agent without one, which came with the image, is compared file by file.
    """
    if agent.package_sha256:
        return agent.package_sha256 != wanted.package_sha256
    files = wanted.package_files or {}
    fixed = {name: digest for name, digest in files.items() if name not in EDITABLE and not name.startswith("logs/")}
    return any(agent.digests.get(name) != digest for name, digest in fixed.items() if name not in agent.in_use)


_MODES = Step("modes", "700 for the script and the wrapper, 600 for lib, as the guide asks")


def _install(wanted: Wanted, agent: AgentFacts, why: str) -> Plan:
    backend = _backend(wanted, agent)
    steps = (
        Step("receive", "unpack and check the package on the guest"),
        *([Step("selinux_permissive", "SELinux is enforcing")] if wanted.selinux_permissive else []),
        *([Step("backup", "put what is there aside until the new agent stands")] if agent.occupied else []),
        Step("setup", why),
        *([_MODES] if wanted.modes else []),
        *([Step("backend", f"wrapper.backend.type={backend}")] if backend else []),
        Step("enable", "registered, and started at boot"),
        *([Step("selinux_enforcing", "as before")] if wanted.selinux_permissive else []),
        Step("record", "digests of what was installed, for the next run"),
        Step("finish", "drop what is no longer needed"),
    )
    return Plan(steps)


def _backend(wanted: Wanted, agent: AgentFacts) -> str:
    """The backend mode to set after setup: the wanted one, or the one that the old agent had been given."""
    if wanted.backend != "keep":
        return wanted.backend.upper()
    return agent.backend if agent.installed and agent.backend_set else ""


def _mend(wanted: Wanted, agent: AgentFacts) -> Plan:
    steps = []
    if wanted.backend != "keep" and agent.backend != wanted.backend.upper():
        steps.append(Step("backend", f"wrapper.backend.type is {agent.backend}"))
    if agent.mode_wrong:
        steps.append(Step("modes", f"{len(agent.mode_wrong)} files with a wrong mode or owner"))
    if agent.registered == "none":
        steps.append(Step("register", "the service is not registered"))
    if not agent.enabled:
        steps.append(Step("enable", "the service is masked" if agent.masked else "the service does not start at boot"))
    return Plan(tuple(steps)) if steps else _tidy(agent)


def _tidy(agent: AgentFacts) -> Plan:
    """Every run tidies up after one that was killed; where there is nothing else to do, that is the step."""
    return Plan((Step("tidy", f"a run that was killed left {agent.leftover}"),)) if agent.leftover else Plan()


def _absent(_wanted: Wanted, agent: AgentFacts) -> Plan:
    there = [
        *(["the agent"] if agent.installed else []),
        *(["its registration"] if agent.remains and not agent.installed else []),
        *agent.updaters,
        *([agent.unzipped] if agent.unzipped else []),
        *([agent.backup] if agent.backup else []),
        *(["what an interrupted run left"] if agent.interrupted and not agent.backup else []),
    ]
    return Plan((Step("remove", "there is " + ", ".join(there)),)) if there else _tidy(agent)


def _restarted(_wanted: Wanted, _agent: AgentFacts) -> Plan:
    return Plan((Step("restart", "asked for; it applies a pending reset at once"),))


def _stopped(_wanted: Wanted, agent: AgentFacts) -> Plan:
    return Plan((Step("stop", f"it runs as process {agent.running_pid}"),)) if agent.running_pid else Plan()


_PLANNERS = {"present": _present, "absent": _absent, "restarted": _restarted, "stopped": _stopped}
