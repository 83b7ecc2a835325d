# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bench's contenders start, and when they are believed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from bench.contenders import INSTALL, RERUN, Playbooks, Program
from bench.fields import FIELDS, WINDOWS
from bench.meter import Cost, Finished

PLAYBOOKS = Playbooks("ours", {INSTALL: "ours/install.yml", RERUN: "ours/install.yml"})
PROGRAM = Program("winrm", {RERUN: "winrm/plain.py"})


def finished(output: str, status: int = 0) -> Finished:
    return Finished(status, output, Cost(1.0, 1.0, 1.0, 1, 1))


def recap(name: str, changed: int = 0, unreachable: int = 0, failed: int = 0) -> str:
    return f"{name}   : ok=3    changed={changed}    unreachable={unreachable}    failed={failed}    skipped=0\n"


@pytest.mark.parametrize("system", FIELDS)
def test_what_is_started_is_there(system: str) -> None:
    for contender in FIELDS[system].contenders:
        for job in contender.files:
            program, *words = contender.argv(job)
            assert os.access(program, os.X_OK), program
            assert all(Path(word).is_file() for word in words if word.startswith("/"))


def test_programs_are_told_the_job() -> None:
    assert PROGRAM.argv(RERUN)[0] == sys.executable
    assert PROGRAM.argv(RERUN)[-1] == RERUN
    assert not PROGRAM.installs


@pytest.mark.parametrize(
    ("job", "output", "well"),
    [
        (INSTALL, recap("a", changed=1) + recap("b", changed=2), True),
        (INSTALL, recap("a", changed=1) + recap("b"), False),
        (RERUN, recap("a") + recap("b"), True),
        (RERUN, recap("a") + recap("b", changed=1), False),
        (RERUN, recap("a") + recap("b", unreachable=1), False),
        (RERUN, recap("a"), False),
    ],
)
def test_each_host_has_to_end_as_the_job_should(job: str, output: str, well: bool, tmp_path: Path) -> None:
    assert (PLAYBOOKS.complaint(job, finished(output), 2, tmp_path) is None) == well


def test_a_status_is_believed_and_explained(tmp_path: Path) -> None:
    (tmp_path / "10.213.1.10").write_text("this host said why it would not do what it was asked to do")
    said = PROGRAM.complaint(RERUN, finished("no", 3), 2, tmp_path)
    assert said == "status 3: 10.213.1.10: this host said why it would not do what it was asked to do"
    assert PROGRAM.complaint(RERUN, finished(""), 2, tmp_path) is None


def test_windows_hosts_have_names_of_their_own_and_the_padded_package() -> None:
    field = FIELDS[WINDOWS]
    assert [(host.name, host.flavour) for host in field.wanted(2)] == [
        ("winbench1", "win2019"),
        ("winbench2", "win2019"),
    ]
    assert (field.package.variant, field.package.padding, field.counts) == ("windows", 8 * 1024**2, (8,))
