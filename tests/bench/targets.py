# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of issues 3 (Linux) and 5 (Windows), and whether the rows meet them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.contenders import INSTALL, JOBS, OURS, RAW, RERUN, SSH, STOCK
from bench.fields import LINUX, WINDOWS
from bench.race import Row

_ByName = Mapping[tuple[str, str], Row]


@dataclass(frozen=True)
class Target:
    """What is wanted of the rows of so many hosts."""

    text: str
    limit: float
    at_least: bool
    find: Callable[[_ByName], float | None]


@dataclass(frozen=True)
class Verdict:
    """One target on so many hosts. ``found`` is None where it was not measured."""

    system: str
    hosts: int
    text: str
    found: float | None
    limit: float
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether it was measured and reached."""
        if self.found is None:
            return False
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def sentence(self) -> str:
        """What was wanted and what was found."""
        wanted = f"{self.text} {'≥' if self.at_least else '≤'} {self.limit:g}"
        found = "nothing" if self.found is None else f"{self.found:.3g}"
        return f"{self.hosts} {self.system} hosts: {wanted}, found {found}"

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "met": self.met}


def _faster(job: str, other: str, limit: float) -> Target:
    def find(rows: _ByName) -> float | None:
        return _ratio(rows, (other, job), (OURS, job))

    return Target(f"{job}, times faster than {other}", limit, True, find)


def _as_long(job: str, other: str, limit: float) -> Target:
    def find(rows: _ByName) -> float | None:
        return _ratio(rows, (OURS, job), (other, job))

    return Target(f"{job}, times the time of {other}", limit, False, find)


def _cpu(job: str, limit: float) -> Target:
    def find(rows: _ByName) -> float | None:
        row = rows.get((OURS, job))
        return row.cpu_per_host if row else None

    return Target(f"{job}, controller CPU a host in s", limit, False, find)


def _ratio(rows: _ByName, above: tuple[str, str], below: tuple[str, str]) -> float | None:
    over, under = rows.get(above), rows.get(below)
    return over.wall / under.wall if over and under else None


TARGETS: dict[str, tuple[Target, ...]] = {
    LINUX: (
        _faster(INSTALL, STOCK, 15.0),
        _as_long(INSTALL, SSH, 1.3),
        _faster(RERUN, STOCK, 20.0),
        *(_cpu(job, 0.10) for job in JOBS),
    ),
    WINDOWS: (
        _faster(INSTALL, STOCK, 15.0),
        _faster(RERUN, STOCK, 15.0),
        _as_long(RERUN, RAW, 1.5),
    ),
}


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return every target for every system and number of hosts."""
    fields = dict.fromkeys((row.system, row.hosts) for row in rows)
    return [verdict for system, hosts in fields for verdict in _judge(system, hosts, rows)]


def _judge(system: str, hosts: int, rows: Sequence[Row]) -> Iterator[Verdict]:
    by_name = {(row.contender, row.job): row for row in rows if (row.system, row.hosts) == (system, hosts)}
    for target in TARGETS[system]:
        yield Verdict(system, hosts, target.text, target.find(by_name), target.limit, target.at_least)


def last_line(verdicts: Sequence[Verdict]) -> str:
    """Return the bench's last word."""
    missed = [verdict.sentence() for verdict in verdicts if verdict.found is not None and not verdict.met]
    unknown = sum(verdict.found is None for verdict in verdicts)
    words = [f"missed: {'; '.join(missed)}"] if missed else []
    words += [f"not measured: {unknown} of {len(verdicts)}"] if unknown else []
    return f"targets: {'; '.join(words) or 'met'}"
