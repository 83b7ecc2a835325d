# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe's answer says of the agent and of its host."""

from __future__ import annotations

from typing import Any

import pytest
from unit.host.support import (
    ABSENT,
    CONF,
    DIGESTS,
    INSTALLED,
    JAR,
    PACKAGE,
    SCRIPT,
    WRAPPER,
    agent,
    answer,
    host,
    lines_of,
)

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.facts import AgentFacts
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.linux_facts import LinuxFacts
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.redaction import redact

NEITHER = {"registered": "none", "enabled": "no"}
INTERRUPTED = "an earlier run was interrupted"


def without(name: str) -> list[str]:
    return lines_of({other: digest for other, digest in DIGESTS.items() if other != name})


def changed(name: str) -> list[str]:
    return lines_of({**DIGESTS, name: "00" * 32})


@pytest.mark.parametrize(
    ("changes", "state", "damage"),
    [
        ({}, "installed", []),
        ({"enabled": "no"}, "disabled", []),
        ({"enabled": "no", "masked": "yes"}, "disabled", []),
        (NEITHER, "unregistered", []),
        ({"registered": "initd"}, "installed", []),
        ({"record": None}, "installed", []),
        ({"digest": [*lines_of(DIGESTS), "99  ./lib/more.jar"]}, "installed", []),
        ({"digest": changed(CONF)}, "installed", []),
        ({"unzipped": "/CloudResetPwdAgent"}, "installed", []),
        ({"digest": changed(JAR)}, "damaged", [f"{JAR} was changed"]),
        ({"digest": changed(SCRIPT)}, "damaged", [f"{SCRIPT} was changed"]),
        ({"digest": changed(JAR), **NEITHER}, "damaged", [f"{JAR} was changed"]),
        ({"digest": [*without(JAR), "99  ./lib/b.jar"]}, "damaged", [f"{JAR} is missing"]),
        ({"digest": without(JAR)}, "damaged", ["lib is empty", f"{JAR} is missing"]),
        ({"digest": without(JAR), "record": None}, "damaged", ["lib is empty"]),
        ({"present": [SCRIPT, CONF]}, "damaged", [f"{WRAPPER} is missing or empty"]),
        ({"present": [WRAPPER, CONF], "digest": without(SCRIPT)}, "damaged", [f"{SCRIPT} is missing or empty"]),
        ({"present": [SCRIPT, WRAPPER], "digest": without(CONF)}, "damaged", [f"{CONF} is missing or empty"]),
        ({"interrupted": "/.cloudreset"}, "damaged", [INTERRUPTED]),
        ({"present": None, "digest": None, "record": None}, "damaged", [
            *(f"{name} is missing or empty" for name in (SCRIPT, WRAPPER, CONF)), "lib is empty",
        ]),
        (ABSENT, "absent", []),
        ({**ABSENT, "interrupted": "/.cloudreset"}, "absent", []),
        ({**ABSENT, "unzipped": "/CloudResetPwdAgent"}, "unzipped", []),
        ({**ABSENT, "registered": "initd", "enabled": "yes"}, "absent", []),
    ],
)  # fmt: skip
def test_an_agent_is_seen_as_what_it_is(changes: dict[str, Any], state: str, damage: list[str]) -> None:
    seen = agent(changes)
    assert (seen.state, list(seen.damage)) == (state, damage)


@pytest.mark.parametrize(
    ("digests", "recorded", "damage"),
    [
        (lines_of(DIGESTS), lines_of(DIGESTS), []),
        ([f"12 3 ./{name}" for name in DIGESTS], [f"12 3 ./{name}" for name in DIGESTS], []),
        (
            [f"12 3 ./{name}" for name in DIGESTS],
            [f"12 3 ./{name}" for name in [SCRIPT, WRAPPER]] + [f"12 4 ./{JAR}"],
            [JAR],
        ),
        (
            [*lines_of(DIGESTS), f"{'11' * 32}  ./lib/with blank.jar"],
            [*lines_of(DIGESTS), f"{'22' * 32}  ./lib/with blank.jar"],
            ["lib/with blank.jar"],
        ),
    ],
    ids=["sha256sum", "cksum", "cksum-changed", "name-with-blank"],
)
def test_digests_and_record_are_read_in_both_shapes(digests: list[str], recorded: list[str], damage: list[str]) -> None:
    seen = agent(digest=digests, record=[f"package {PACKAGE}", *recorded])
    assert seen.damage == tuple(f"{name} was changed" for name in damage)
    assert seen.package_sha256 == PACKAGE


def test_the_record_is_the_package_and_each_file_by_its_name() -> None:
    seen = agent(record=[f"package {PACKAGE}", "12 34 ./lib/a.jar", f"{PACKAGE}  ./b"])
    assert (seen.package_sha256, seen.recorded) == (PACKAGE, {"lib/a.jar": "12 34", "b": PACKAGE})
    assert (agent(record=None).package_sha256, agent(record=None).damage) == (None, ())


@pytest.mark.parametrize(
    "lines",
    [
        ["?? ??"],
        [f"package {PACKAGE}"],
        ["package 12", *lines_of(DIGESTS)],
        [f"package {PACKAGE}", *lines_of(DIGESTS), "c3c3"],
        [f"package {PACKAGE}", "c3c3  ./lib/a.jar"],
        lines_of(DIGESTS),
    ],
)
def test_a_corrupt_record_is_damage_and_nothing_of_it_counts(lines: list[str]) -> None:
    seen = agent(record=lines)
    assert seen.damage == ("the record of what was installed is corrupt",)
    assert (seen.package_sha256, seen.recorded) == (None, {})


@pytest.mark.parametrize(
    ("lines", "backend", "is_set"),
    [
        (None, "AUTO", False),
        ("wrapper.backend.type=PIPE", "PIPE", True),
        (" wrapper.backend.type = pipe ", "PIPE", True),
        (["wrapper.backend.type=AUTO", "wrapper.backend.type=SOCKET"], "SOCKET", True),
    ],
)
def test_the_last_backend_of_the_configuration_counts(lines: list[str] | None, backend: str, is_set: bool) -> None:
    seen = agent(backend=lines)
    assert (seen.backend, seen.backend_set) == (backend, is_set)


ALL_CVES = ["CVE-2021-44228", "CVE-2021-45046", "CVE-2021-45105", "CVE-2021-44832"]


@pytest.mark.parametrize(
    ("jar", "version", "cves"),
    [
        ("log4j-core-2.8.2.jar", "2.8.2", ALL_CVES),
        ("log4j-core-2.14.1.jar", "2.14.1", ALL_CVES),
        ("log4j-core-2.15.0.jar", "2.15.0", ALL_CVES[1:]),
        ("log4j-core-2.16.0.jar", "2.16.0", ALL_CVES[2:]),
        ("log4j-core-2.17.0.jar", "2.17.0", ALL_CVES[3:]),
        ("log4j-core-2.17.1.jar", "2.17.1", []),
        ("log4j-core-2.20.0.jar", "2.20.0", []),
        ("log4j-core-3.0.0.jar", "3.0.0", []),
        ("log4j-core-2.12.1.jar", "2.12.1", ALL_CVES),
        ("log4j-core-2.12.2.jar", "2.12.2", ALL_CVES[2:]),
        ("log4j-core-2.12.3.jar", "2.12.3", ALL_CVES[3:]),
        ("log4j-core-2.12.4.jar", "2.12.4", []),
        ("log4j-core-2.13.0.jar", "2.13.0", ALL_CVES),
        ("log4j-core-2.3.1.jar", "2.3.1", ALL_CVES[3:]),
        ("log4j-core-2.3.2.jar", "2.3.2", []),
        ("log4j-core-2.0-beta9.jar", "2.0", ALL_CVES),
        ("log4j-api-2.8.2.jar", "2.8.2", []),
        ("log4j-slf4j-impl-2.8.2.jar", "2.8.2", []),
    ],
)
def test_a_log4j_jar_tells_its_holes_by_its_name(jar: str, version: str, cves: list[str]) -> None:
    report = agent(digest=[f"ff  ./lib/{jar}"]).report()
    assert report["log4j"] == [{"name": jar, "version": version, "cves": cves}]
    assert report["log4j_vulnerable"] is (len(cves) > 1)


@pytest.mark.parametrize(
    "name", ["lib/slf4j-log4j12-1.7.jar", "lib/log4j-core-2.8.2.jar.old", "log4j-core-2.8.2.jar/a"]
)
def test_what_is_no_log4j_jar_is_not_listed(name: str) -> None:
    assert agent(digest=[f"ff  ./{name}"]).report()["log4j"] == []


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("lib/resetpwdagent-1.0.4.jar", "1.0.4"),
        ("lib/cloudResetPwdAgent-2.1.jar", "2.1"),
        ("lib/resetpwdagent.jar", None),
        ("lib/wrapper-3.5.51.jar", None),
    ],
)
def test_the_version_is_that_of_the_agents_jar(name: str, version: str | None) -> None:
    assert agent(digest=["ff  ./lib/a-9.jar", f"ff  ./{name}"]).version == version


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('exec: /bin/sh -c "echo root:P@ss{w}0rd|chpasswd"', 'exec: /bin/sh -c "echo root:********'),
        ("net user Administrator P@ss /y", "net user Administrator ******** /y"),
        ("NET USER administrator P@ss", "NET USER administrator ********"),
        ('{"reset_password":"0Rqv2zwGpvA=brvpQE1/AA"}', '{"reset_password":"********"}'),
        ('got {\\"reset_password\\":\\"0Rqv2zwGpvA=brvp\\"}', 'got {\\"reset_password\\":\\"********\\"}'),
        ("reset_password = 0Rqv2zwGpvA=brvp, next", "reset_password = ********, next"),
        ("reset_password: '0Rqv2zwGpvA=brvp'", "reset_password: '********'"),
        ('{"reset_password":"None"}', '{"reset_password":"None"}'),
        ('{"resetpwd_flag":"True"}', '{"resetpwd_flag":"True"}'),
        ("the root of it all, Administrator", "the root of it all, Administrator"),
    ],
)  # fmt: skip
def test_a_line_of_the_log_shows_no_secret(line: str, shown: str) -> None:
    assert redact(line) == shown
    assert agent(log=[line]).report()["log"] == [shown]


def test_the_report_of_an_agent_in_every_respect() -> None:
    seen = agent(
        mode_wrong=["/CloudrResetPwdAgent/lib/agent.jar"],
        updater=["/CloudResetPwdUpdateAgent"],
        unzipped="/CloudResetPwdAgent",
        backup="/.cloudreset/backup",
        running="17",
        log=["started", "finished"],
    )
    assert seen.report() == {
        "state": "installed",
        "damage": [],
        "registered": True,
        "registered_as": "unit",
        "enabled": True,
        "modes_wrong": ["/CloudrResetPwdAgent/lib/agent.jar"],
        "backend": "PIPE",
        "version": None,
        "package_sha256": PACKAGE,
        "log4j": [],
        "log4j_vulnerable": False,
        "updaters": ["/CloudResetPwdUpdateAgent"],
        "unzipped": "/CloudResetPwdAgent",
        "backup": "/.cloudreset/backup",
        "running": True,
        "log": ["started", "finished"],
    }
    assert seen.running_pid == 17


def test_the_report_of_nothing() -> None:
    report = agent(ABSENT).report()
    assert {key: report[key] for key in ("state", "registered", "registered_as", "enabled", "running")} == {
        "state": "absent",
        "registered": False,
        "registered_as": "none",
        "enabled": False,
        "running": False,
    }
    assert [report[key] for key in ("version", "package_sha256", "unzipped", "backup")] == [None] * 4
    assert agent(dict.fromkeys(INSTALLED)).registered == "none"


def test_masked_is_told() -> None:
    assert agent(masked="yes").masked
    assert not agent(masked="no").masked


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({}, "uid", 0),
        ({"uid": None}, "uid", None),
        ({}, "architecture", "x86_64"),
        ({"architecture": None}, "architecture", ""),
        ({"long_bit": "32"}, "userland_bits", 32),
        ({"long_bit": "undefined"}, "userland_bits", None),
        ({}, "memory_kb", 2000000),
        ({}, "free_kb", 1048576),
        ({}, "root_writable", True),
        ({"root_options": "ro,relatime"}, "root_writable", False),
        ({"root_options": "relatime,rw"}, "root_writable", True),
        ({"root_options": "ro,errors=rw"}, "root_writable", False),
        ({"root_writable": None}, "root_writable", False),
        ({"selinux": "1"}, "selinux", "enforcing"),
        ({"selinux": "0"}, "selinux", "permissive"),
        ({}, "selinux", "disabled"),
        ({}, "init", "systemd"),
        ({}, "tools", frozenset({"systemctl", "tar", "gzip"})),
        ({}, "boot_id", "b001"),
        ({"fingerprint": "123 456"}, "fingerprint", "123 456"),
        ({"os": ["ID='a b'", 'ID_LIKE="c=d"', "X=y"]}, "os_release", {"ID": "a b", "ID_LIKE": "c=d", "X": "y"}),
    ],
)  # fmt: skip
def test_each_fact_of_the_host(changes: dict[str, Any], name: str, value: object) -> None:
    assert getattr(host(changes), name) == value


def test_the_facts_hold_the_answer_and_the_agent() -> None:
    facts = host()
    assert isinstance(facts, LinuxFacts)
    assert isinstance(facts.agent, AgentFacts)
    assert facts.agent == agent()
    assert facts.answer == answer()
