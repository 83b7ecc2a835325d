# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Windows guest answers, and what is made of it: facts, prerequisites, login facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from unit.host.support import ABSENT, UUID, CannedGuest, Values, answer, lines_of

from ansible_collections.cloudreset.huaweicloud.plugins.doc_fragments.prerequisites import ModuleDocFragment
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.delivery import Packages
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import Options
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.prerequisites import Limits
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.security_software import SERVICES
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.system import LINUX, WINDOWS
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.windows_facts import (
    WindowsFacts,
    windows_facts,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.windows_login import login_facts
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.workflow import Converger, Outcome

WRAPPER, CONF, JAR = "bin/wrapper.exe", "conf/wrapper.conf", "lib/agent.jar"
HOST: Mapping[str, Values] = {
    "account": "WEB\\Administrator",
    "administrator": "yes",
    "architecture": "AMD64",
    "powershell": "5.1.17763.1",
    "os_ProductName": "Windows Server 2019 Datacenter",
    "os_CurrentVersion": "6.3",
    "os_CurrentMajorVersionNumber": "10",
    "os_CurrentBuildNumber": "17763",
    "os_InstallationType": "Server",
    "dotnet": "461814",
    "boot_id": "windows-639314889289888930",
    "free_kb": "1048576",
    "drive_writable": "yes",
    "address": "192.168.0.7",
    "nic": "{0C8C}",
    "dhcp": "1",
    "metadata": ["HTTP/1.0 200 OK", "", f'{{"uuid": "{UUID}"}}'],
    "fingerprint": "AB",
}
FILES = {WRAPPER: "b2" * 32, CONF: "c3" * 32, JAR: "d4" * 32}
INSTALLED: Mapping[str, Values] = {
    "directory": "C:\\CloudResetPwdAgent",
    "present": [WRAPPER, CONF],
    "digest": lines_of(FILES),
    "record": [f"package {'ee' * 32}", *lines_of(FILES)],
    "backend": "wrapper.backend.type=PIPE",
    "registered": "service",
    "enabled": "yes",
    "masked": "no",
}


def told(base: Mapping[str, Values] | None = None, **changes: Values) -> Mapping[str, Values]:
    """A healthy guest with the agent, but for the changes."""
    # What Linux guests tell is not told.
    return {
        **dict.fromkeys(("uid", "long_bit", "mac", "tool", "init", "memory_kb", "os")),
        **HOST,
        **INSTALLED,
        **(base or {}),
        **changes,
    }


def facts(base: Mapping[str, Values] | None = None, **changes: Values) -> WindowsFacts:
    return windows_facts(answer(told(base, **changes)))


PREREQUISITES: list[tuple[str, Mapping[str, Values], Limits, str, str, str]] = [
    ("administrator", {}, Limits(), "pass", "WEB\\Administrator", ""),
    (
        "administrator",
        {"administrator": "no", "account": "WEB\\bob"},
        Limits(),
        "fail",
        "WEB\\bob, who is none",
        "become is not",
    ),
    ("drive_writable", {}, Limits(), "pass", "writable", ""),
    (
        "drive_writable",
        {"drive_writable": None, "drive_error": "write-protected"},
        Limits(),
        "fail",
        "write-protected",
        "C:",
    ),
    (
        "drive_writable",
        {"drive_writable": None, "administrator": "no"},
        Limits(),
        "unknown",
        "not asked",
        "administrator",
    ),
    ("free_space", {"free_kb": "307200"}, Limits(), "pass", "300 MB", ""),
    ("free_space", {"free_kb": "307199"}, Limits(), "fail", "299 MB", "Free space on C:"),
    ("free_space", {"free_kb": None}, Limits(), "unknown", "did not tell", "C: by hand"),
    ("dhcp", {}, Limits(), "pass", "192.168.0.7 by DHCP", ""),
    ("dhcp", {"dhcp": "0"}, Limits(), "fail", "192.168.0.7 is a static address", "automatically"),
    ("dhcp", {"address": None, "nic": None, "dhcp": None}, Limits(), "unknown", "no route", "DHCP"),
    ("dhcp", {"nic": None, "dhcp": None}, Limits(), "unknown", "no NIC is registered with 192.168.0.7", "DHCP"),
    ("metadata", {}, Limits(), "pass", UUID, ""),
    ("metadata", {"metadata": "no answer within 5 s"}, Limits(), "fail", "no answer within 5 s", "egress"),
    ("system", {}, Limits(), "pass", "Windows Server 2019 Datacenter (10.0.17763)", ""),
    ("system", {"os_CurrentMajorVersionNumber": None, "os_CurrentVersion": "6.2"}, Limits(), "pass", "(6.2.17763)", ""),
    (
        "system",
        {"os_CurrentMajorVersionNumber": "", "os_CurrentVersion": "5.2"},
        Limits(),
        "fail",
        "(5.2",
        "other means",
    ),
    (
        "system",
        {"os_InstallationType": "Client", "os_ProductName": "Windows 11"},
        Limits(),
        "warn",
        "Windows 11",
        "server",
    ),
    (
        "system",
        {"os_CurrentMajorVersionNumber": None, "os_CurrentVersion": None},
        Limits(),
        "unknown",
        "2019",
        "by hand",
    ),
    ("architecture", {"architecture": "x86"}, Limits(), "pass", "x86", ""),
    ("architecture", {"architecture": "ARM64"}, Limits(), "fail", "ARM64", "no package"),
    ("powershell", {"powershell": "3.0"}, Limits(), "pass", "3.0", ""),
    ("powershell", {"powershell": "2.0"}, Limits(), "fail", "2.0", "Management Framework"),
    ("powershell", {"powershell": "7.6.0-preview.1"}, Limits(), "fail", "not told", "Management Framework"),
    ("pending_reboot", {}, Limits(), "pass", "none", ""),
    ("pending_reboot", {"pending_reboot": ["b", "a"]}, Limits(), "warn", "a, b", "restart before"),
    ("security_software", {}, Limits(), "pass", "none", ""),
    ("security_software", {"security_service": ["hrwfpdrv", "HipsDaemon"]}, Limits(), "warn", "Huorong", "trust"),
    ("ports", {}, Limits(), "pass", "PIPE mode", ""),
    ("ports", {"backend": None, "listening": ["31001", "31000"]}, Limits(), "warn", "31000, 31001", "backend: pipe"),
    ("ports", {"backend": None, "listening": "31000"}, Limits(backend="pipe"), "pass", "PIPE mode", ""),
]


@pytest.mark.parametrize(("name", "changes", "limits", "status", "found", "hint"), PREREQUISITES)
def test_each_prerequisite(
    name: str, changes: Mapping[str, Values], limits: Limits, status: str, found: str, hint: str
) -> None:
    (item,) = [one for one in WINDOWS.assess(facts(changes), limits) if one.name == name]
    assert (item.status, found in item.found, hint in item.hint) == (status, True, True), item
    assert bool(item.hint) == (status != "pass")


def test_a_guest_that_tells_nothing_has_all_of_them_all_the_same() -> None:
    items = WINDOWS.assess(windows_facts(answer(dict.fromkeys(told()))), Limits())
    assert [item.name for item in items] == list(WINDOWS.checks)
    assert {item.name for item in WINDOWS.assess(facts(), Limits()) if item.status != "pass"} == set()


def test_the_documentation_names_each() -> None:
    assert [name for name in WINDOWS.checks if f"V({name})" not in ModuleDocFragment.DOCUMENTATION] == []


def test_every_known_service_has_a_name_that_people_know() -> None:
    assert all(name and known for name, known in SERVICES.items())


# --- the agent ---


@pytest.mark.parametrize(
    ("changes", "state", "damage"),
    [
        ({}, "installed", []),
        ({"registered": "none", "enabled": "no"}, "unregistered", []),
        ({"enabled": "no"}, "disabled", []),
        ({"present": [CONF]}, "damaged", ["bin/wrapper.exe is missing or empty"]),
        ({"digest": lines_of({**FILES, JAR: "00" * 32})}, "damaged", ["lib/agent.jar was changed"]),
        ({"digest": lines_of({**FILES, CONF: "00" * 32})}, "installed", []),
        ({**ABSENT, "unzipped": "C:\\CloudResetPwdAgent", "occupied": "yes"}, "unzipped", []),
        (
            {"digest": lines_of({WRAPPER: FILES[WRAPPER], CONF: FILES[CONF]})},
            "damaged",
            ["lib is empty", f"{JAR} is missing"],
        ),
        ({"digest": lines_of({**FILES, "lib/x.jar": "e5" * 32}), "in_use": JAR}, "installed", []),
        (ABSENT, "absent", []),
    ],
)
def test_the_agents_state(changes: Mapping[str, Values], state: str, damage: list[str]) -> None:
    agent = facts(changes).agent
    assert (agent.state, list(agent.damage)) == (state, damage)


OPTIONS = Options(300, "permissive_during_install", "keep", (), 5, base_url="https://mirror")


def planned(changes: Mapping[str, Values], **options: Any) -> list[str]:
    """The steps that check mode foretells; the package is never asked for where nothing is installed."""

    class Guest(CannedGuest):
        system = WINDOWS

    class Shelf(Packages):
        def deliver(self, _facts: object) -> Any:
            return None

    given = Options(**{**vars(OPTIONS), **options})
    guest = Guest(told(changes))
    outcome: Outcome = Converger(guest, given, Shelf(given, lambda _line: None), check_mode=True).run()
    assert len(guest.scripts) == 1
    return [step.name for step in outcome.steps] or [outcome.problem or "nothing"]


INSTALL = ["receive", "setup", "enable", "record", "finish"]


@pytest.mark.parametrize(
    ("changes", "options", "steps"),
    [
        ({}, {}, ["nothing"]),
        (ABSENT, {}, INSTALL),
        # The vendor's folder in the archive has the name of the one that the agent is installed to.
        ({**ABSENT, "unzipped": "C:\\CloudResetPwdAgent", "occupied": "yes"}, {}, ["receive", "backup", *INSTALL[1:]]),
        ({"present": [CONF]}, {}, ["receive", "backup", "setup", "backend", *INSTALL[2:]]),
        ({"registered": "none", "enabled": "no"}, {}, ["register", "enable"]),
        ({"enabled": "no", "masked": "yes"}, {}, ["enable"]),
        ({"backend": None}, {"backend": "pipe"}, ["backend"]),
        ({}, {"state": "restarted"}, ["restart"]),
        ({}, {"state": "stopped"}, ["nothing"]),
        ({"running": "77"}, {"state": "stopped"}, ["stop"]),
        ({}, {"state": "absent"}, ["remove"]),
        ({**ABSENT, "updater": "C:\\CloudResetPwdUpdateAgent"}, {"state": "absent"}, ["remove"]),
        (ABSENT, {"state": "absent"}, ["nothing"]),
    ],
)
def test_the_plan_is_made_by_the_same_code(
    changes: Mapping[str, Values], options: Mapping[str, Any], steps: list[str]
) -> None:
    assert planned(changes, **options) == steps


@pytest.mark.parametrize("state", ["present", "absent", "restarted", "stopped"])
def test_who_is_no_administrator_changes_nothing(state: str) -> None:
    (said,) = planned({"administrator": "no"}, state=state)
    assert said.startswith(
        "Nothing was changed: administrator failed. administrator: found WEB\\Administrator, who is none"
    )


@pytest.mark.parametrize(("release", "told_why"), [("378389", ()), ("378388", ("4.5",)), ("", ("4.5",))])
def test_what_pull_needs(release: str, told_why: tuple[str, ...]) -> None:
    found = facts(dotnet=release).cannot_pull
    assert len(found) == len(told_why)
    assert all(word in found[0] for word in told_why)


# --- what may keep a password out ---


def test_login_facts_have_the_shape_of_linux() -> None:
    days = datetime.now(timezone.utc) - timedelta(days=3)
    lines = {"admin_named": "yes", "admin_locked": "no", "admin_expired": "yes", "admin_password_age": str(3 * 86400)}
    found = login_facts(answer(told(lines, cloud_init=["present", "readable", "module", "sets"], pending_reset="yes")))
    linux = LINUX.login_facts(answer())
    assert {part: sorted(value) for part, value in found.items() if isinstance(value, dict)} == {
        part: sorted(value) for part, value in linux.items() if isinstance(value, dict)
    }
    assert found["root_account"] == {
        "named": True,
        "locked": False,
        "expired": True,
        "password_changed": days.date().isoformat(),
    }
    assert (found["cloud_init"]["rewrites_password"], found["pending_reset"]) == (True, True)


def test_what_was_not_told_is_null() -> None:
    found = login_facts(answer(told()))
    assert set(found["root_account"].values()) | set(found["sshd"].values()) == {None}
    assert (found["pending_reset"], found["cloud_init"]["present"]) == (None, False)
