# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: with which servers a password is to be reset, and what came of it. Asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from .._password_policy import RULES, System, Verdict, check
from .errors import CloudError
from .hints import hint_for
from .record import Place, record_for, records_of
from .servers import RUNNING, STOPPED, Server

Outcome = Literal["accepted", "unchanged", "refused", "unknown", "planned"]
BAD: frozenset[Outcome] = frozenset({"refused", "unknown"})
UNSETTLED = (
    "the password may or may not change at the next start; run it again, or start the server and try both passwords"
)

_SYSTEMS: Mapping[str, System] = {name: name for name in RULES}
_NAMES_SHOWN = 5

Key = TypeVar("Key")


@dataclass(frozen=True)
class ResetRequest:
    """Which password for which server. `place` is where generations are remembered; None: nowhere."""

    passwords: Mapping[str, str] = field(repr=False)
    generation: str = ""
    place: Place | None = "metadata"
    complexity: bool = True
    system: System | None = None
    check: bool = False


@dataclass
class Line:
    """What is to be done with a server, and what came of it."""

    id: str
    name: str = ""
    system: System | None = None
    outcome: Outcome = "planned"
    code: str = ""
    message: str = ""
    remedy: str = ""
    recorded: bool | None = None
    warnings: list[str] = field(default_factory=list)
    doubts: tuple[str, ...] = ()
    error: dict[str, Any] = field(default_factory=dict)

    def ended(self, outcome: Outcome, message: str = "", code: str = "", remedy: str = "") -> None:
        """What came of it."""
        self.outcome, self.message, self.code = outcome, message, code
        self.remedy = remedy or (hint_for(code, message) if outcome == "refused" else "")

    def refuse(self, message: str, code: str = "") -> None:
        """Nothing was done, and why."""
        self.ended("refused", message, code)

    def broken(self, error: CloudError, *, doubtful: bool) -> None:
        """The call was refused, or nobody knows whether it was done."""
        self.ended("unknown" if doubtful else "refused", str(error), error.code, UNSETTLED if doubtful else "")
        self.error = error.result()

    def result(self, generation: str) -> dict[str, Any]:
        """As the module returns it."""
        return {
            "id": self.id,
            "name": self.name or None,
            "outcome": self.outcome,
            "code": self.code or None,
            "message": self.message or None,
            "remedy": self.remedy or None,
            "os_type": self.system,
            "generation": generation or None,
            "recorded": self.recorded,
            "warnings": [*self.doubts, *self.warnings],
            "password_warnings": list(self.doubts),
            "error": self.error or None,
        }


def plan(request: ResetRequest, servers: Mapping[str, Server]) -> list[Line]:
    """One line a server, in the order given: planned, unchanged, or refused with the reason.

    Raises CloudError for all passwords that cannot be set and all systems that are not known, at once.
    """
    lines = [_line(request, server_id, servers.get(server_id)) for server_id in request.passwords]
    there = [line for line in lines if line.id in servers]
    wrong: list[str] = []
    nobody_says = [line for line in there if line.system is None]
    if nobody_says:
        wrong.append(f"the cloud does not tell the system of {_names(nobody_says)}, so set os_type")
    verdicts = {
        line.id: check(request.passwords[line.id], line.system, complexity=request.complexity)
        for line in there
        if line.system
    }
    wrong += [
        f"the password for {who} cannot be set: {what}"
        for what, who in _together(there, lambda line: verdicts.get(line.id, Verdict()).errors)
    ]
    wrong += _divided(request, there, verdicts)
    if wrong:
        hint = "nothing was sent; choose other passwords" if len(wrong) > len(nobody_says[:1]) else "nothing was sent"
        raise CloudError("checking the passwords", "; ".join(wrong), kind="input", hint=hint)
    for line in there:
        line.doubts = verdicts[line.id].warnings if line.outcome == "planned" else ()
    return lines


def _divided(request: ResetRequest, lines: Sequence[Line], verdicts: Mapping[str, Verdict]) -> list[str]:
    """Each password that is for several systems, and that only the rules of some of them allow; told is for whom."""
    told = []
    for group in _by(lines, lambda line: request.passwords[line.id]).values():
        allowed, refused = (
            _by((line for line in group if line.system and bool(verdicts[line.id].errors) is bad), _system)
            for bad in (False, True)
        )
        if allowed and refused:
            told.append(
                f"{_names(group)} get one password, which the rules of {_titles(refused)} do not allow and those of "
                f"{_titles(allowed)} do, so give each system one of its own"
            )
    return told


def _titles(systems: Iterable[str]) -> str:
    return " and ".join(system.capitalize() for system in systems)


def _system(line: Line) -> str:
    return line.system or ""


def _line(request: ResetRequest, server_id: str, server: Server | None) -> Line:
    line = Line(server_id)
    if server is None:
        line.refuse("there is no server of this id in the project and region", "Ecs.0114")
        return line
    line.name = server.name
    line.system = request.system or _SYSTEMS.get(server.metadata.get("os_type", "").lower())
    wanted = record_for(server, request.generation) if request.generation and request.place else None
    if wanted and request.place and records_of(server).get(request.place) == wanted:
        line.ended("unchanged", "this generation was reset on this system disk and image before")
        line.recorded = True
    elif server.locked:
        source = server.metadata.get("lockSource", "")
        line.refuse(f"it is locked{f' by {source}' if source else ''}", "Ecs.0605")
    elif server.frozen:
        line.refuse("it is frozen", "Ecs.0030")
    elif server.task or server.status not in (RUNNING, STOPPED):
        doing = f", task {server.task}" if server.task else ""
        line.refuse(f"its status is {server.status}{doing}, and {RUNNING} or {STOPPED} is wanted", "Ecs.0100")
    return line


def grouped(request: ResetRequest, lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """The planned lines that may share a call, each group with its password: Linux and Windows are not mixed in one."""
    planned = (line for line in lines if line.outcome == "planned")
    groups = _by(planned, lambda line: (request.passwords[line.id], _system(line)))
    return [(password, group) for (password, _system_name), group in groups.items()]


def warnings_of(lines: Sequence[Line]) -> list[str]:
    """What is doubtful, each once."""
    return [f"{who}: {what}." for what, who in _together(lines, lambda line: [*line.doubts, *line.warnings])]


def summary(lines: Sequence[Line], *, check: bool) -> str:
    """One or two sentences: how many got what they should, and of the others each reason once."""
    bad = [line for line in lines if line.outcome in BAD]
    good = sum(line.outcome in ("accepted", "planned") for line in lines)
    one, many = ("it restarts", "they restart")
    if good:
        done = f"The cloud {'would be asked to reset' if check else 'accepted'} the password"
        when = f"nothing {'changes' if check else 'has changed'} in the guest before {one if good == 1 else many}"
        told = [f"{done} of {good} of {len(lines)} servers; {when}."]
    else:
        told = [] if bad else ["No password had to be reset."]
    if bad:
        reasons = _together(bad, lambda line: (f"{line.outcome}: {line.message.rstrip('.')}",))
        told.append(f"{len(bad)} of {len(lines)} servers were not reset for sure: " + "; ".join(_joined(reasons)) + ".")
    return " ".join(told)


def _joined(reasons: Iterable[tuple[str, str]]) -> Iterable[str]:
    return (f"{who} {what}" for what, who in reasons)


def _by(lines: Iterable[Line], key: Callable[[Line], Key]) -> dict[Key, list[Line]]:
    """The lines by something of theirs, in the order given."""
    groups: dict[Key, list[Line]] = {}
    for line in lines:
        groups.setdefault(key(line), []).append(line)
    return groups


def _together(lines: Iterable[Line], told: Callable[[Line], Iterable[str]]) -> list[tuple[str, str]]:
    """Each thing that is told of some lines, and the names of their servers."""
    of: dict[str, list[Line]] = {}
    for line in lines:
        for what in told(line):
            of.setdefault(what, []).append(line)
    return [(what, _names(whose)) for what, whose in of.items()]


def _names(lines: Sequence[Line]) -> str:
    names = [line.name or line.id for line in lines]
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
