# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's result: targets, the table, and what becomes of what was not measured anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench import report, targets
from bench.fields import FIELDS, LINUX, WINDOWS
from bench.race import Race, Row


def row(system: str, contender: str, job: str, wall: float, hosts: int = 8) -> Row:
    return Row(system, hosts, contender, job, (wall - 1, wall, wall + 50), 0.09, 0.5, 9_000_000, 20_000)


ROWS = {
    WINDOWS: [
        row(WINDOWS, "ours", "install", 10.0),
        row(WINDOWS, "ours", "rerun", 4.0),
        row(WINDOWS, "raw", "rerun", 2.0),
        row(WINDOWS, "stock", "install", 150.0),
        row(WINDOWS, "stock", "rerun", 50.0),
    ],
    LINUX: [row(LINUX, "ours", "install", 10.0), row(LINUX, "ssh", "install", 8.0)],
}


def part(system: str, load: float) -> dict[str, Any]:
    rows = ROWS[system]
    field = FIELDS[system]
    return report.part(rows, targets.judge(rows), load, Race(field, field.contenders))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    for field in FIELDS.values():
        monkeypatch.setattr(type(field.way), "told", lambda way: f"by {type(way).__name__}")
    return {system: part(system, 0.5) for system in (WINDOWS, LINUX)}


def test_targets_are_the_systems_own() -> None:
    judged = {verdict.text: (verdict.found, verdict.met) for verdict in targets.judge(ROWS[WINDOWS])}
    assert judged == {
        "install, times faster than stock": (15.0, True),
        "rerun, times faster than stock": (12.5, False),
        "rerun, times the time of raw": (2.0, False),
    }
    linux = targets.judge(ROWS[LINUX])
    assert {verdict.text: verdict.found for verdict in linux}["install, times the time of ssh"] == 1.25
    assert "controller CPU" in linux[-1].text


def test_rows_of_two_systems_with_as_many_hosts_are_judged_apart() -> None:
    both = targets.judge([*ROWS[LINUX], *ROWS[WINDOWS]])
    assert both == [*targets.judge(ROWS[LINUX]), *targets.judge(ROWS[WINDOWS])]


def test_the_last_line_tells_what_was_missed_and_what_was_not_measured() -> None:
    line = targets.last_line(targets.judge(ROWS[WINDOWS]))
    assert line.startswith("targets: missed: 8 windows hosts: rerun, times faster than stock ≥ 15, found 12.5; 8 ")
    assert targets.last_line(targets.judge(ROWS[WINDOWS][:1])) == "targets: not measured: 3 of 3"


def test_the_table_has_both_systems_by_job(found: dict[str, dict[str, Any]]) -> None:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in report.table(found).splitlines()[2:]]
    assert [line[:5] for line in lines] == [
        ["8 linux", "install", "ours", "10.00 s", "1.00 times"],
        ["8 linux", "install", "ssh", "8.00 s", "0.80 times"],
        ["8 windows", "install", "ours", "10.00 s", "1.00 times"],
        ["8 windows", "install", "stock", "150.00 s", "15.00 times"],
        ["8 windows", "rerun", "ours", "4.00 s", "1.00 times"],
        ["8 windows", "rerun", "raw", "2.00 s", "0.50 times"],
        ["8 windows", "rerun", "stock", "50.00 s", "12.50 times"],
    ]
    linux, windows, _all = report.conditions(found).splitlines()
    assert linux.startswith("Linux: ")
    assert "by Ssh, load before 0.5" in linux
    assert windows.startswith("Windows: ")
    assert "by WinRM, load before 0.5" in windows


def test_what_was_not_measured_anew_stays_published(
    found: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("NEWEST", "PUBLISHED", "README"):
        monkeypatch.setattr(report, name, tmp_path / name)
    report.write({LINUX: found[LINUX]}, report.PUBLISHED)
    report.README.write_text("before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n")
    report.publish()
    assert "8 linux" in report.README.read_text()

    report.write({WINDOWS: part(WINDOWS, 0.7)}, report.NEWEST)
    report.publish()
    text = report.README.read_text()
    assert (text.startswith("before\n<!-- bench -->\n| hosts"), text.endswith("<!-- /bench -->\nafter\n")) == (
        True,
        True,
    )
    assert all(wanted in text for wanted in ("8 linux", "8 windows", "load before 0.5", "load before 0.7"))
    assert set(json.loads(report.PUBLISHED.read_text())) == {LINUX, WINDOWS}


def test_what_is_published_can_be_shown() -> None:
    found = json.loads(report.PUBLISHED.read_text())
    assert len(report.table(found).splitlines()) == 2 + sum(len(one["rows"]) for one in found.values())
    assert report.conditions(found).startswith("Linux: ")
