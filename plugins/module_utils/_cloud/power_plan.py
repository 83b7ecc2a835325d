# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what to do with each server so that it is started, stopped or restarted. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .ecs import Action
from .errors import CloudError
from .servers import RUNNING, STOPPED, Server

State = Literal["started", "stopped", "restarted"]
Outcome = Literal["unchanged", "planned", "accepted", "done", "refused", "failed", "unknown"]
BAD: frozenset[Outcome] = frozenset({"refused", "failed", "unknown"})

# What leads from a status to the wanted state; None: it is there already.
_ACTIONS: dict[State, dict[str, Action | None]] = {
    "started": {RUNNING: None, STOPPED: "os-start"},
    "stopped": {RUNNING: "os-stop", STOPPED: None},
    "restarted": {RUNNING: "reboot", STOPPED: "os-start"},
}
REACHED: dict[Action, str] = {"os-start": RUNNING, "os-stop": STOPPED, "reboot": RUNNING}
WORDS: dict[Action, str] = {"os-start": "start", "os-stop": "stop", "reboot": "restart"}


@dataclass
class Line:
    """What is planned for a server, and what came of it."""

    id: str
    name: str = ""
    before: str = ""
    status: str = ""
    action: Action | None = None
    outcome: Outcome = "unchanged"
    job_id: str = ""
    message: str = ""
    code: str = ""
    error: dict[str, Any] = field(default_factory=dict)

    def refuse(self, message: str, code: str = "") -> None:
        """Nothing was done, and why."""
        self.outcome, self.message, self.code = "refused", message, code

    def ended(self, outcome: Outcome, message: str = "", code: str = "") -> None:
        """What came of it."""
        self.outcome, self.message, self.code = outcome, message, code

    def broken(self, error: CloudError) -> None:
        """The call was refused, or nobody knows whether it was done."""
        self.ended("unknown" if error.doubtful else "refused", str(error), error.code)
        self.error = error.result()

    def result(self) -> dict[str, Any]:
        """As the module returns it."""
        return {
            "id": self.id,
            "name": self.name or None,
            "action": WORDS[self.action] if self.action else None,
            "outcome": self.outcome,
            "status_before": self.before or None,
            "status": self.status or None,
            "job_id": self.job_id or None,
            "code": self.code or None,
            "message": self.message or None,
            "error": self.error or None,
        }


def plan(state: State, ids: Iterable[str], servers: Mapping[str, Server]) -> list[Line]:
    """One line a server, in the order of the ids: with an action, as unchanged, or refused with the reason."""
    return [_line(state, server_id, servers.get(server_id)) for server_id in dict.fromkeys(ids)]


def _line(state: State, server_id: str, server: Server | None) -> Line:
    if server is None:
        line = Line(server_id)
        line.refuse("there is no server of this id in the project and region", "Ecs.0114")
        return line
    line = Line(server.id, server.name, server.status, server.status)
    actions = _ACTIONS[state]
    if server.task or server.status not in actions:
        doing = f", task {server.task}" if server.task else ""
        line.refuse(f"its status is {server.status}{doing}, and from there it cannot be {state}", "Ecs.0100")
        return line
    line.action = actions[server.status]
    if line.action and server.locked:
        source = server.metadata.get("lockSource", "")
        line.refuse(f"it is locked{f' by {source}' if source else ''}", "Ecs.0605")
    elif line.action and server.frozen:
        line.refuse("it is frozen; see to the account's balance or the order behind it", "Ecs.0030")
    elif line.action:
        line.outcome = "planned"
    return line


def summary(state: State, lines: Iterable[Line]) -> str:
    """One sentence about the servers that did not get there, each reason once; an empty one if all did."""
    lines = list(lines)
    reasons: dict[str, list[str]] = {}
    for line in lines:
        if line.outcome in BAD:
            reasons.setdefault(f"{line.outcome}: {line.message}", []).append(line.name or line.id)
    if not reasons:
        return ""
    bad = sum(len(names) for names in reasons.values())
    told = "; ".join(f"{_names(names)} {reason}" for reason, names in reasons.items())
    return f"{bad} of {len(lines)} servers could not be proved to be {state}: {told.rstrip('.')}."


def _names(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
