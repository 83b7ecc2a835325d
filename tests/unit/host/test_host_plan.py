# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wanted state and the agent as it is to the steps; without any guest."""

from __future__ import annotations

from typing import Any

import pytest
from unit.host.support import ABSENT, CONF, DIGESTS, JAR, PACKAGE, SCRIPT, WRAPPER, agent, lines_of

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.plan import Plan, Wanted, differs, plan

INSTALL = ["receive", "setup", "modes", "enable", "record", "finish"]
REPLACE = ["receive", "backup", "setup", "modes", "backend", "enable", "record", "finish"]
OTHER = "ff" * 32
UNREGISTERED = {"registered": "none", "enabled": "no"}
UNZIPPED = "/CloudResetPwdAgent"


def steps(wanted: Wanted, base: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    return [step.name for step in plan(wanted, agent(base, **changes)).steps]


def why(wanted: Wanted, step: str, base: dict[str, Any] | None = None, **changes: Any) -> str:
    return next(item.why for item in plan(wanted, agent(base, **changes)).steps if item.name == step)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"record": None}, []),
        ({"unzipped": UNZIPPED, "updater": "/CloudResetPwdAgentNew", "backup": "/.cloudreset/backup"}, []),
        ({"running": "17"}, []),
        (ABSENT, INSTALL),
        ({**ABSENT, "registered": "initd", "enabled": "yes"}, INSTALL),
        ({**ABSENT, "unzipped": UNZIPPED}, INSTALL),
        ({**ABSENT, "interrupted": "/.cloudreset", "backup": "/.cloudreset/backup"}, INSTALL),
        ({"present": [SCRIPT, CONF]}, REPLACE),
        ({"interrupted": "/.cloudreset"}, REPLACE),
        ({"present": [SCRIPT, CONF], **UNREGISTERED}, REPLACE),
        (UNREGISTERED, ["register", "enable"]),
        ({"registered": "none", "enabled": "yes"}, ["register"]),
        ({"enabled": "no"}, ["enable"]),
        ({"enabled": "no", "masked": "yes"}, ["enable"]),
        ({"mode_wrong": ["a", "b"]}, ["modes"]),
        ({"mode_wrong": ["a"], **UNREGISTERED}, ["modes", "register", "enable"]),
    ],
)
def test_present_by_what_is_there(changes: dict[str, Any], expected: list[str]) -> None:
    assert steps(Wanted(), changes) == expected


@pytest.mark.parametrize(
    ("changes", "step", "told"),
    [
        (ABSENT, "setup", "not installed"),
        ({**ABSENT, "interrupted": "/.cloudreset"}, "setup", "an earlier run was interrupted"),
        ({**ABSENT, "unzipped": UNZIPPED}, "setup", f"only unzipped to {UNZIPPED}, not installed"),
        (
            {"present": [SCRIPT, CONF], "interrupted": "/.cloudreset"},
            "setup",
            f"{WRAPPER} is missing or empty; an earlier run was interrupted",
        ),
        ({"enabled": "no"}, "enable", "the service does not start at boot"),
        ({"enabled": "no", "masked": "yes"}, "enable", "the service is masked"),
        (UNREGISTERED, "register", "the service is not registered"),
        ({"mode_wrong": ["a", "b"]}, "modes", "2 files with a wrong mode or owner"),
    ],
)
def test_a_step_says_why(changes: dict[str, Any], step: str, told: str) -> None:
    assert why(Wanted(), step, changes) == told


@pytest.mark.parametrize(
    ("wanted", "conf", "expected"),
    [
        ("keep", None, []),
        ("keep", "x=AUTO", []),
        ("pipe", "x=PIPE", []),
        ("pipe", "x=AUTO", ["backend"]),
        ("pipe", None, ["backend"]),
        ("auto", "x=PIPE", ["backend"]),
        ("auto", "x=SOCKET", ["backend"]),
        ("auto", None, []),
    ],
)
def test_the_backend_of_an_agent_that_is_there(wanted: str, conf: str | None, expected: list[str]) -> None:
    assert steps(Wanted(backend=wanted), backend=conf) == expected


@pytest.mark.parametrize(
    ("wanted", "base", "conf", "told"),
    [
        ("keep", {}, "x=SOCKET", "wrapper.backend.type=SOCKET"),
        ("pipe", {}, "x=SOCKET", "wrapper.backend.type=PIPE"),
        ("auto", {}, None, "wrapper.backend.type=AUTO"),
        ("pipe", ABSENT, None, "wrapper.backend.type=PIPE"),
        ("keep", {}, None, None),
        ("keep", ABSENT, None, None),
        ("keep", ABSENT, "x=PIPE", None),
    ],
)
def test_the_backend_through_an_installation(
    wanted: str, base: dict[str, Any], conf: str | None, told: str | None
) -> None:
    found = plan(Wanted(backend=wanted), agent({**base, "interrupted": "/.cloudreset", "backend": conf}))
    assert [step.why for step in found.steps if step.name == "backend"] == ([told] if told else [])


def test_what_is_wrong_beside_the_backend_is_mended_in_one_plan() -> None:
    changes = {"backend": "x=AUTO", "mode_wrong": ["a"], **UNREGISTERED}
    assert steps(Wanted(backend="pipe"), changes) == ["backend", "modes", "register", "enable"]
    assert why(Wanted(backend="pipe"), "backend", changes) == "wrapper.backend.type is AUTO"


@pytest.mark.parametrize("base", [ABSENT, {"present": None}])
def test_selinux_is_permissive_around_setup_and_no_longer(base: dict[str, Any]) -> None:
    found = steps(Wanted(selinux_permissive=True), base)
    assert found.index("receive") < found.index("selinux_permissive") < found.index("setup")
    assert found.index("setup") < found.index("selinux_enforcing") < found.index("record")
    assert steps(Wanted(selinux_permissive=True)) == []
    assert steps(Wanted(selinux_permissive=True), enabled="no") == ["enable"]


FILES = dict(DIGESTS)


def upgrade(**changes: Any) -> Wanted:
    return Wanted(upgrade=True, **{"package_sha256": PACKAGE, "package_files": FILES, **changes})


@pytest.mark.parametrize(
    ("wanted", "changes", "different"),
    [
        (upgrade(), {}, False),
        (upgrade(package_sha256=OTHER), {}, True),
        # A record stands above the files: the package is the same, though the files could not be compared.
        (upgrade(package_files={JAR: OTHER}), {}, False),
        (upgrade(), {"record": None}, False),
        (upgrade(package_sha256=OTHER), {"record": None}, False),
        (upgrade(package_files={**FILES, JAR: OTHER}), {"record": None}, True),
        (upgrade(package_files={**FILES, "lib/new.jar": OTHER}), {"record": None}, True),
        (upgrade(package_files={**FILES, CONF: OTHER}), {"record": None}, False),
        (upgrade(package_files={**FILES, "logs/.keep": OTHER}), {"record": None}, False),
        (upgrade(package_files={**FILES, "lib/logs/a": OTHER}), {"record": None}, True),
        (upgrade(), {"record": None, "digest": [*lines_of(DIGESTS), "ff  ./lib/own.jar"]}, False),
        (upgrade(package_files=None), {"record": None}, False),
    ],
)
def test_an_upgrade_is_due_where_the_agent_is_not_the_packages(
    wanted: Wanted, changes: dict[str, Any], different: bool
) -> None:
    assert differs(wanted, agent(changes)) is different
    assert steps(wanted, changes) == (REPLACE if different else [])


def test_an_upgrade_names_the_package() -> None:
    told = why(upgrade(package_sha256=OTHER), "setup")
    assert told == f"the package {OTHER[:12]} differs from what is installed"


def test_without_upgrade_any_version_will_do() -> None:
    assert steps(Wanted(package_sha256=OTHER, package_files={JAR: OTHER}), record=None) == []
    assert steps(Wanted(package_sha256=OTHER, package_files={JAR: OTHER})) == []


@pytest.mark.parametrize(
    ("base", "told"),
    [
        (ABSENT, None),
        ({}, "there is the agent"),
        ({"present": None}, "there is the agent"),
        ({**ABSENT, "remains": "yes"}, "there is its registration"),
        ({**ABSENT, "unzipped": UNZIPPED}, f"there is {UNZIPPED}"),
        ({**ABSENT, "updater": ["/CloudResetPwdUpdateAgent", "/N"]}, "there is /CloudResetPwdUpdateAgent, /N"),
        ({**ABSENT, "backup": "/.cloudreset/backup"}, "there is /.cloudreset/backup"),
        ({**ABSENT, "interrupted": "/.cloudreset"}, "there is what an interrupted run left"),
        (
            {**ABSENT, "interrupted": "/.cloudreset", "backup": "/.cloudreset/backup"},
            "there is /.cloudreset/backup",
        ),
        (
            {"updater": "/U", "unzipped": UNZIPPED, "backup": "/b", "interrupted": "/.cloudreset"},
            f"there is the agent, /U, {UNZIPPED}, /b",
        ),
    ],
)
def test_absent_leaves_nothing(base: dict[str, Any], told: str | None) -> None:
    found = plan(Wanted("absent"), agent(base))
    assert [(step.name, step.why) for step in found.steps] == ([("remove", told)] if told else [])


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_a_killed_run_left_is_a_step_only_where_there_is_no_other(state: str) -> None:
    base = {} if state == "present" else ABSENT
    assert steps(Wanted(state), {**base, "leftover": "/.cloudreset"}) == ["tidy"]
    assert "tidy" not in steps(Wanted(state), {**base, "leftover": "/.cloudreset", "updater": "/U", "enabled": "no"})


@pytest.mark.parametrize("base", [{}, {"enabled": "no"}, {"running": "17"}])
def test_restarted_is_done_each_time(base: dict[str, Any]) -> None:
    assert steps(Wanted("restarted"), base) == ["restart"]


@pytest.mark.parametrize(
    ("base", "expected"), [({}, []), ({"running": "17"}, ["stop"]), (ABSENT, []), ({"enabled": "no"}, [])]
)
def test_stopped_is_done_where_it_runs(base: dict[str, Any], expected: list[str]) -> None:
    assert steps(Wanted("stopped"), base) == expected


def test_stopped_names_the_process() -> None:
    assert why(Wanted("stopped"), "stop", running="17") == "it runs as process 17"


@pytest.mark.parametrize(
    ("wanted", "base", "changes", "installs"),
    [
        (Wanted(), {}, False, False),
        (Wanted(), {"enabled": "no"}, True, False),
        (Wanted(), ABSENT, True, True),
        (Wanted("absent"), {}, True, False),
    ],
)
def test_a_plan_tells_whether_it_changes_and_needs_the_package(
    wanted: Wanted, base: dict[str, Any], changes: bool, installs: bool
) -> None:
    found = plan(wanted, agent(base))
    assert (found.changes, found.installs) == (changes, installs)
    assert not Plan().changes


@pytest.mark.parametrize("state", ["present", "absent", "stopped"])
def test_a_guest_that_is_as_wanted_is_left_alone(state: str) -> None:
    base = ABSENT if state == "absent" else {}
    assert plan(Wanted(state), agent(base)) == Plan()
