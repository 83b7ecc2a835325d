# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every contender through every job and keeps what it cost."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import ground
from bench.arena import Arena
from bench.contenders import INSTALL, JOBS, RERUN, STOCK, Contender
from bench.fields import Field
from bench.meter import Cost, Meter
from lab.client import Lab
from lab.process import LabError

# Stock modules take minutes: once is enough. The others are over in seconds, where chance weighs more.
_TIMES = {STOCK: 1}
_TIMES_OTHERS = 3
_TIMEOUT = 1800.0


@dataclass(frozen=True)
class Row:
    """One contender's cost of one job on so many hosts."""

    system: str
    hosts: int
    contender: str
    job: str
    walls: tuple[float, ...]
    cpu_per_host: float
    hosts_cpu_per_host: float
    sent_per_host: int
    received_per_host: int

    @property
    def wall(self) -> float:
        """The median of the walls."""
        return statistics.median(self.walls)

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "wall": self.wall}


@dataclass(frozen=True)
class Race:
    """What is run: on which field, by whom of its contenders; ``quick`` is each once."""

    field: Field
    contenders: Sequence[Contender]
    quick: bool = False


def run(race: Race, lab: Lab, count: int, say: Callable[[str], None]) -> list[Row]:
    """Measure the contenders, one after the other, on the same hosts."""
    hosts = ground.hosts(lab, race.field, count)
    meter = Meter(lab.paths, hosts)
    rows = []
    for contender in race.contenders:
        # Short: a control socket's path has to be.
        arena = Arena(lab, hosts, race.field.way, Path(f"/tmp/cb-{contender.name}"))
        arena.prepare()
        times = 1 if race.quick else _TIMES.get(contender.name, _TIMES_OTHERS)
        for job in filter(contender.files.__contains__, JOBS):
            costs = [_measure(meter, arena, contender, job) for _any in range(times)]
            rows.append(_row(race.field, count, contender, job, costs))
            walls = ", ".join(f"{cost.wall_s:.2f} s" for cost in costs)
            say(f"  {count:4} {race.field.system} hosts  {contender.name:6} {job:8} {walls}")
    return rows


def _measure(meter: Meter, arena: Arena, contender: Contender, job: str) -> Cost:
    if job == INSTALL:
        ground.refresh(arena.hosts)
        arena.prepare()
    done = meter.run(arena.command(contender, job), _TIMEOUT)
    complaint = contender.complaint(job, done, len(arena.hosts), arena.output)
    if complaint is None and contender.installs and job in (INSTALL, RERUN):
        complaint = "; ".join(ground.prove_installed(arena.hosts)) or None
    if complaint:
        raise LabError(f"{contender.name} did not do its {job}: {complaint}")
    return done.cost


def _row(field: Field, count: int, contender: Contender, job: str, costs: Sequence[Cost]) -> Row:
    def per_host(values: Sequence[float]) -> float:
        return statistics.median(values) / count

    return Row(
        system=field.system,
        hosts=count,
        contender=contender.name,
        job=job,
        walls=tuple(round(cost.wall_s, 3) for cost in costs),
        cpu_per_host=round(per_host([cost.cpu_s for cost in costs]), 4),
        hosts_cpu_per_host=round(per_host([cost.hosts_cpu_s for cost in costs]), 4),
        sent_per_host=round(per_host([cost.sent for cost in costs])),
        received_per_host=round(per_host([cost.received for cost in costs])),
    )
