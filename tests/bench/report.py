# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result: a table for people, JSON for programs, and the README's newest."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.contenders import FORKS, JOBS, OURS, ROOT
from bench.ground import PACKAGE
from bench.race import Race, Row
from bench.targets import Verdict, last_line

NEWEST = ROOT / "build/bench.json"
# Committed, so that the numbers in the README can be looked up.
PUBLISHED = ROOT / "tests/bench/latest.json"
README = ROOT / "README.md"

_HEADINGS = ("hosts", "job", "contender", "wall", "against ours", "controller CPU", "host's CPU", "sent", "received")
_BLOCK = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)


def document(rows: Sequence[Row], verdicts: Sequence[Verdict], load: float, race: Race) -> dict[str, Any]:
    """Return all of it for JSON. ``load`` is the machine's before the start."""
    return {
        "measured": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": _machine(),
        "load_before": round(load, 2),
        "forks": FORKS,
        "ssh_tuned": race.tuned,
        "quick": race.quick,
        "package_padding": PACKAGE.padding,
        "rows": [row.report() for row in rows],
        "targets": [verdict.report() for verdict in verdicts],
        "verdict": last_line(verdicts),
    }


def table(found: Mapping[str, Any]) -> str:
    """Return the table in Markdown, which a terminal shows well, too."""
    order = {job: number for number, job in enumerate(JOBS)}
    rows = sorted(found["rows"], key=lambda row: (row["hosts"], order[row["job"]]))
    ours = {(row["hosts"], row["job"]): row["wall"] for row in rows if row["contender"] == OURS}
    cells = [_HEADINGS, *(_cells(row, ours.get((row["hosts"], row["job"]))) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def conditions(found: Mapping[str, Any]) -> str:
    """Return what the numbers hold for."""
    machine = found["machine"]
    ssh = "curve25519 key exchange, no compression" if found["ssh_tuned"] else "the defaults of OpenSSH and Ansible"
    times = "of one" if found["quick"] else "the median of three (stock: of one)"
    return (
        f"{found['measured'][:10]}, {machine['cpus']} cores ({machine['cpu']}), ansible-core "
        f"{machine['ansible_core']}, Python {machine['python']}, {machine['ssh']} ({ssh}, for all), load before "
        f"{found['load_before']}; {found['forks']} at a time, a package of {found['package_padding'] // 1024**2} MB, "
        f"fetched once by each installation. Wall is {times}; CPU and bytes are a host's. The hosts run on the same "
        "cores, so wall times hold their CPU, too. Controller CPU is all that the command started (ansible-playbook, "
        "its workers, ssh and its masters), by cgroup."
    )


def write(found: Mapping[str, Any], path: Path = NEWEST) -> None:
    """Write the JSON."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def publish() -> None:
    """Put the newest result into the README and keep its JSON beside the bench."""
    found = json.loads((NEWEST if NEWEST.exists() else PUBLISHED).read_text(encoding="utf-8"))
    block = f"{table(found)}\n\n{conditions(found)}\n`{found['verdict']}`\n"
    text = README.read_text(encoding="utf-8")
    README.write_text(_BLOCK.sub(lambda _match: block, text), encoding="utf-8")
    write(found, PUBLISHED)


def _cells(row: Mapping[str, Any], ours: float | None) -> tuple[str, ...]:
    return (
        str(row["hosts"]),
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
    ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "cpu": model[1] if model else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "ssh": ssh.split(",")[0],
    }
