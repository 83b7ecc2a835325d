# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of both modules: what it holds, and that the documentation tells the same."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.host.support import ABSENT, DIGESTS, HOST, INSTALLED, PACKAGE, UUID, CannedGuest, host

from ansible_collections.cloudreset.huaweicloud.plugins.action.reset_agent_info import ActionModule as InfoAction
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.delivery import Delivery
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import Options
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.prerequisites import Limits
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.result import outcome_result
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.system import LINUX
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.workflow import Done, Outcome
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.model import Package

MODULES = "ansible_collections.cloudreset.huaweicloud.plugins.modules"
# What Ansible documents itself, or what is there at times only.
ANSIBLES_OWN = {"changed", "warnings", "failed", "msg", "diff"}
STEPS = (Done("enable", "the service does not start at boot", "ok"), Done("modes", "2 files", "failed", "no"))
OPTIONS = Options(300, "require_off", "keep", ("dhcp",), 5)


def outcome(**changes: Any) -> Outcome:
    facts = host(enabled="no")
    given = {"facts": host(), "before": facts, "checked": LINUX.assess(facts, Limits()), "steps": STEPS, **changes}
    return Outcome(**given)


def delivery() -> Delivery:
    return Delivery(Package(PACKAGE, "/a.zip", "linux/64", Path("/c"), "s", dict(DIGESTS), False, 9, 9), True, False)


def audit(ignored: tuple[str, ...] = (), login: bool = True, **changes: Any) -> dict[str, Any]:
    options = Options(300, "require_off", "keep", ignored, 5, login)
    guest: Any = CannedGuest({**HOST, **INSTALLED, **changes})
    return InfoAction.work(None, guest, options)  # type: ignore[arg-type]


def full() -> dict[str, Any]:
    return outcome_result(outcome(delivery=delivery(), problem="No."), ["dhcp"], diff=True)


def documented(module: str) -> dict[str, Any]:
    return dict(yaml.safe_load(importlib.import_module(f"{MODULES}.{module}").RETURN))


PARTS = ["agent", "prerequisites", "steps", "package", "login"]


@pytest.mark.parametrize(("module", "result"), [("reset_agent", full), ("reset_agent_info", audit)])
def test_the_documentation_tells_every_key_of_the_result_and_no_other(module: str, result: Any) -> None:
    told, found = documented(module), result()
    assert set(told) == set(found) - ANSIBLES_OWN
    for name in set(PARTS) & set(told):
        part = found[name][0] if isinstance(found[name], list) else found[name]
        assert (name, set(told[name]["contains"])) == (name, set(part))


TYPES: dict[str, Any] = {"str": (str, type(None)), "bool": bool, "list": list, "dict": (dict, type(None))}


@pytest.mark.parametrize(("module", "result"), [("reset_agent", full), ("reset_agent_info", audit)])
def test_every_value_is_of_the_documented_type(module: str, result: Any) -> None:
    told, found = documented(module), result()
    assert [name for name in told if not isinstance(found[name], TYPES[told[name]["type"]])] == []
    agent = told["agent"]["contains"]
    assert [name for name in agent if not isinstance(found["agent"][name], TYPES[agent[name]["type"]])] == []


def test_both_modules_tell_the_same_of_what_they_share() -> None:
    shared = {name: told for name, told in documented("reset_agent_info").items() if name != "login"}
    assert {name: documented("reset_agent")[name] for name in shared} == shared


def test_what_is_not_asked_for_is_neither_sent_nor_told() -> None:
    assert "login" not in audit(login=False)


def test_the_documentation_tells_every_part_of_login() -> None:
    told, found = documented("reset_agent_info")["login"]["contains"], audit()["login"]
    for name in ("sshd", "root_account", "cloud_init"):
        assert set(told[name]["contains"]) == set(found[name])


def test_the_audit_of_a_healthy_guest() -> None:
    result = audit()
    assert (result["changed"], result["ready"], result["server_id"], result["boot_id"]) == (False, True, UUID, "b001")
    assert result["agent"]["state"] == "installed"
    assert [item["name"] for item in result["prerequisites"]] == list(LINUX.checks)
    assert result["ignored_prerequisites"] == []


def test_the_audit_of_a_guest_that_is_not_ready() -> None:
    result = audit(metadata=None)
    assert (result["changed"], result["ready"], result["server_id"]) == (False, False, None)


def test_the_audit_says_what_is_ignored() -> None:
    result = audit(("metadata",), metadata=None)
    assert (result["ready"], result["ignored_prerequisites"]) == (True, ["metadata"])
    (item,) = [item for item in result["prerequisites"] if item["name"] == "metadata"]
    assert (item["status"], item["hint"].partition(" in")[0]) == (
        "warn",
        "Ignored by ignore_prerequisites. Allow TCP port 80 to 169.254.0.0/16",
    )


def test_the_result_of_a_run() -> None:
    given = outcome(
        changed=True,
        delivery=delivery(),
        setup_output=("a",),
        failed_log=("b",),
        rolled_back="nothing",
        warnings=("c",),
    )
    result = outcome_result(given, ["dhcp"], diff=False)
    assert {name: result[name] for name in result if name not in ("agent", "prerequisites")} == {
        "ready": True,
        "server_id": UUID,
        "boot_id": "b001",
        "changed": True,
        "steps": [
            {"name": "enable", "why": "the service does not start at boot", "status": "ok", "message": ""},
            {"name": "modes", "why": "2 files", "status": "failed", "message": "no"},
        ],
        "package": {"variant": "linux/64", "source": "/a.zip", "sha256": PACKAGE, "delivery": "push"},
        "ignored_prerequisites": ["dhcp"],
        "rolled_back": "nothing",
        "setup_output": ["a"],
        "failed_log": ["b"],
        "warnings": ["c"],
    }
    assert result["agent"]["state"] == "installed"


def test_a_result_without_a_package() -> None:
    assert outcome_result(outcome(), [], diff=False)["package"] is None


def test_a_problem_fails_the_task() -> None:
    result = outcome_result(outcome(problem="It is so."), [], diff=False)
    assert (result["failed"], result["msg"]) == (True, "It is so.")
    assert "failed" not in outcome_result(outcome(), [], diff=False)


def test_the_diff_is_the_agent_before_and_the_plan() -> None:
    result = outcome_result(outcome(), [], diff=True)
    before, after = yaml.safe_load(result["diff"]["before"]), yaml.safe_load(result["diff"]["after"])
    assert before == {
        "state": "disabled",
        "registered": True,
        "enabled": False,
        "backend": "PIPE",
        "package_sha256": PACKAGE,
    }
    assert after == {**before, "steps": ["enable: the service does not start at boot", "modes: 2 files"]}


def test_the_diff_leaves_out_what_is_not_there() -> None:
    given = outcome(before=host({**ABSENT, "backend": None}))
    assert yaml.safe_load(outcome_result(given, [], diff=True)["diff"]["before"]) == {
        "state": "absent",
        "registered": False,
        "enabled": False,
        "backend": "AUTO",
    }


@pytest.mark.parametrize(("steps", "diff"), [((), True), (STEPS, False)])
def test_no_diff_where_there_is_nothing_to_show_or_none_is_wanted(steps: tuple[Done, ...], diff: bool) -> None:
    assert "diff" not in outcome_result(outcome(steps=steps), [], diff=diff)
