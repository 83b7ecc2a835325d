# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result: a table for people, JSON for programs, and the README's newest.

In JSON each system has a part of its own, with the conditions that its numbers hold for: what was not measured anew
stays as it is.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.arena import FORKS
from bench.contenders import JOBS, OURS
from bench.fields import FIELDS, ROOT
from bench.race import Race, Row
from bench.targets import Verdict, last_line

NEWEST = ROOT / "build/bench.json"
# Committed, so that the numbers in the README can be looked up.
PUBLISHED = ROOT / "tests/bench/latest.json"
README = ROOT / "README.md"

_HEADINGS = ("hosts", "job", "contender", "wall", "against ours", "controller CPU", "host's CPU", "sent", "received")
_BLOCK = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)

Part = Mapping[str, Any]
Found = Mapping[str, Part]


def part(rows: Sequence[Row], verdicts: Sequence[Verdict], load: float, race: Race) -> dict[str, Any]:
    """Return all of one system for JSON. ``load`` is the machine's before the start."""
    return {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": _machine(),
        "way": race.field.way.told(),
        "load_before": round(load, 2),
        "forks": FORKS,
        "quick": race.quick,
        "package_padding": race.field.package.padding,
        "rows": [row.report() for row in rows],
        "targets": [verdict.report() for verdict in verdicts],
        "verdict": last_line(verdicts),
    }


def table(found: Found) -> str:
    """Return the table in Markdown, which a terminal shows well, too."""
    rows = sorted((row for one in _parts(found) for row in one["rows"]), key=_place)
    ours = {_race_of(row): row["wall"] for row in rows if row["contender"] == OURS}
    cells = [_HEADINGS, *(_cells(row, ours.get(_race_of(row))) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def conditions(found: Found) -> str:
    """Return what the numbers hold for, a line for each system and one for all."""
    return "\n".join([*(f"{name.capitalize()}: {_conditions(found[name])}" for name in FIELDS if name in found), _ALL])


def verdicts(found: Found) -> str:
    """Return the last word on each system."""
    return "\n".join(f"`{one['verdict']}`" for one in _parts(found))


def write(found: Found, path: Path = NEWEST) -> None:
    """Write the JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def publish() -> None:
    """Put the newest result of each system into the README and keep its JSON beside the bench."""
    found = {name: one for path in (PUBLISHED, NEWEST) if path.exists() for name, one in _read(path).items()}
    block = f"{table(found)}\n\n{conditions(found)}\n\n{verdicts(found)}\n"
    text = README.read_text(encoding="utf-8")
    README.write_text(_BLOCK.sub(lambda _match: block, text), encoding="utf-8")
    write(found, PUBLISHED)


_ALL = (
    "Packages are fetched once by each installation; CPU and bytes are a host's. The hosts run on the same cores, so "
    "wall times hold their CPU, too. Controller CPU is all that the command started (ansible-playbook, its workers, "
    "ssh and its masters), by cgroup."
)


def _conditions(one: Part) -> str:
    machine = one["machine"]
    times = "of one" if one["quick"] else "the median of three (stock: of one)"
    return (
        f"{one['measured'][:10]}, {machine['cpus']} cores ({machine['cpu']}), ansible-core {machine['ansible_core']}, "
        f"Python {machine['python']}, {one['way']}, load before {one['load_before']}; {one['forks']} at a time, "
        f"a package of {one['package_padding'] // 1024**2} MB. Wall is {times}."
    )


def _read(path: Path) -> dict[str, Part]:
    found: dict[str, Part] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _parts(found: Found) -> list[Part]:
    return [found[name] for name in FIELDS if name in found]


def _race_of(row: Mapping[str, Any]) -> tuple[str, int, str]:
    return row["system"], row["hosts"], row["job"]


def _place(row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Where a row is in the table; those of one race stay as they are."""
    return list(FIELDS).index(row["system"]), row["hosts"], JOBS.index(row["job"])


def _cells(row: Mapping[str, Any], ours: float | None) -> tuple[str, ...]:
    return (
        f"{row['hosts']} {row['system']}",
        row["job"],
        row["contender"],
        f"{row['wall']:.2f} s",
        f"{row['wall'] / ours:.2f} times" if ours else "",
        f"{row['cpu_per_host']:.3f} s",
        f"{row['hosts_cpu_per_host']:.3f} s",
        f"{row['sent_per_host'] / 1000:,.0f} kB",
        f"{row['received_per_host'] / 1000:,.0f} kB",
    )


def _machine() -> dict[str, Any]:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu": model[1] if model else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
    }
