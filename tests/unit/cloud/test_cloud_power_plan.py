# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.jobs import read_job
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.power_plan import (
    Line,
    State,
    plan,
    summary,
)
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.servers import (
    Server,
    described,
    has_tags,
    read_server,
    tags_of,
)


def server(**raw: Any) -> Server:
    return read_server({"id": "s", "name": "web", "status": "ACTIVE", **raw})


BUSY = {"OS-EXT-STS:task_state": "powering-off"}
LOCKED = {"locked": True, "metadata": {"lockSource": "RDS"}}
FROZEN = {"metadata": {"EcmResStatus": "freeze"}}
ROWS: list[tuple[State, dict[str, Any], str | None, str, str]] = [
    # state, server, action, outcome, code
    ("started", {}, None, "unchanged", ""),
    ("started", {"status": "SHUTOFF"}, "os-start", "planned", ""),
    ("stopped", {}, "os-stop", "planned", ""),
    ("stopped", {"status": "SHUTOFF"}, None, "unchanged", ""),
    ("restarted", {}, "reboot", "planned", ""),
    ("restarted", {"status": "SHUTOFF"}, "os-start", "planned", ""),
    ("restarted", {"status": "ERROR"}, None, "refused", "Ecs.0100"),
    ("started", {"status": "BUILD"}, None, "refused", "Ecs.0100"),
    ("started", {"status": "REBOOT"}, None, "refused", "Ecs.0100"),
    ("started", BUSY, None, "refused", "Ecs.0100"),
    ("stopped", LOCKED, "os-stop", "refused", "Ecs.0605"),
    ("started", LOCKED, None, "unchanged", ""),
    ("started", {**FROZEN, "status": "SHUTOFF"}, "os-start", "refused", "Ecs.0030"),
]


@pytest.mark.parametrize(("state", "raw", "action", "outcome", "code"), ROWS)
def test_what_is_done_with_a_server(state: State, raw: dict[str, Any], action: str, outcome: str, code: str) -> None:
    (line,) = plan(state, ["s"], {"s": server(**raw)})
    assert (line.action, line.outcome, line.code) == (action, outcome, code)
    assert bool(line.message) == (outcome == "refused")


def test_one_line_an_id_in_their_order_and_one_for_what_is_not_there() -> None:
    lines = plan("started", ["b", "a", "b", "gone"], {one: server(id=one) for one in "ab"})
    assert [(line.id, line.outcome, line.code) for line in lines] == [
        ("b", "unchanged", ""),
        ("a", "unchanged", ""),
        ("gone", "refused", "Ecs.0114"),
    ]


def test_the_sentence_tells_each_reason_once() -> None:
    bad = [Line(f"id{n}", f"web{n}", outcome="refused", message="it is locked") for n in range(7)]
    lines = [*bad, Line("x", outcome="failed", message="its part failed"), Line("y", outcome="done")]
    assert summary("started", lines) == (
        "8 of 9 servers could not be proved to be started: web0, web1, web2, web3, web4 and 2 more refused: it is "
        "locked; x failed: its part failed."
    )
    assert summary("started", [Line("y", outcome="done")]) == ""


def test_tags_in_both_spellings() -> None:
    tagged = server(tags=["env=prod", "a=b=c", "team.web", "lonely"])
    assert tags_of(tagged) == {"env": "prod", "a": "b=c", "team": "web", "lonely": ""}
    assert has_tags(tagged, {"env": "prod", "lonely": "", "team": ""})
    assert not has_tags(tagged, {"env": "test"})


def test_no_password_in_the_metadata_is_told() -> None:
    told = described(server(metadata={"admin_pass": "Hush@1", "Password": "Hush@2", "os_type": "Windows"}))
    assert told["metadata"] == {"os_type": "Windows"}
    assert told["os_type"] == "Windows"


def test_a_placeholder_of_nulls_is_no_server() -> None:
    assert read_server({"id": "x", "status": None, "metadata": None, "tags": None, "addresses": None}).gone


def test_a_sub_job_that_is_not_told_of_ended_as_its_job_did() -> None:
    part = {"status": "FAIL", "error_code": "Ecs.0226", "fail_reason": "no", "entities": {"server_id": "a"}}
    report = read_job({"status": "SUCCESS", "entities": {"sub_jobs": [part]}})
    assert (report.of("a").status, report.of("a").code, report.of("a").message) == ("FAIL", "Ecs.0226", "no")
    assert report.of("b").status == "SUCCESS"
    assert read_job({"status": "RUNNING", "entities": None}).of("a").over is False
