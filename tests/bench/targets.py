# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of issue 3, and whether the rows meet them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.contenders import INSTALL, JOBS, OURS, RERUN, SSH, STOCK
from bench.race import Row

STOCK_INSTALL_AT_LEAST = 15.0
STOCK_RERUN_AT_LEAST = 20.0
SSH_INSTALL_AT_MOST = 1.3
CPU_AT_MOST = 0.10


@dataclass(frozen=True)
class Verdict:
    """One target on so many hosts. ``found`` is None where it was not measured."""

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
        return f"{self.hosts} hosts: {wanted}, found {'nothing' if self.found is None else f'{self.found:.3g}'}"

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "met": self.met}


def judge(rows: Sequence[Row]) -> list[Verdict]:
    """Return every target for every number of hosts."""
    return [verdict for count in sorted({row.hosts for row in rows}) for verdict in _judge(count, rows)]


def _judge(count: int, rows: Sequence[Row]) -> list[Verdict]:
    by_name = {(row.contender, row.job): row for row in rows if row.hosts == count}

    def ratio(job: str, above: str, below: str) -> float | None:
        over, under = by_name.get((above, job)), by_name.get((below, job))
        return over.wall / under.wall if over and under else None

    def cpu(job: str) -> float | None:
        row = by_name.get((OURS, job))
        return row.cpu_per_host if row else None

    return [
        Verdict(count, "install, times faster than stock", ratio(INSTALL, STOCK, OURS), STOCK_INSTALL_AT_LEAST, True),
        Verdict(count, "install, times the time of ssh", ratio(INSTALL, OURS, SSH), SSH_INSTALL_AT_MOST, False),
        Verdict(count, "rerun, times faster than stock", ratio(RERUN, STOCK, OURS), STOCK_RERUN_AT_LEAST, True),
        *(Verdict(count, f"{job}, controller CPU a host in s", cpu(job), CPU_AT_MOST, False) for job in JOBS),
    ]


def last_line(verdicts: Sequence[Verdict]) -> str:
    """Return the bench's last word."""
    missed = [verdict.sentence() for verdict in verdicts if verdict.found is not None and not verdict.met]
    unknown = sum(verdict.found is None for verdict in verdicts)
    words = [f"missed: {'; '.join(missed)}"] if missed else []
    words += [f"not measured: {unknown} of {len(verdicts)}"] if unknown else []
    return f"targets: {'; '.join(words) or 'met'}"
