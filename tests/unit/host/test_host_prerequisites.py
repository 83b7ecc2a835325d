# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each prerequisite: when it passes, warns, fails or cannot tell, and what it says then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.host.support import UUID, host

from ansible_collections.cloudreset.huaweicloud.plugins.doc_fragments.prerequisites import ModuleDocFragment
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._prerequisite import (
    Prerequisite,
    failed,
    report,
    sentence,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.prerequisites import (
    Limits,
    override,
    server_id,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.system import LINUX, PREREQUISITES

SUSE = ["SUSE Linux Enterprise Server 11 (x86_64)", "VERSION = 11", "PATCHLEVEL = 4"]
BODY = json.dumps({"uuid": UUID, "name": "one"})
OK = "HTTP/1.1 200 OK"
ROUTE = "Allow TCP port 80 to 169.254.0.0/16"
BY_HAND = "by hand"

# name, what the guest says otherwise, limits, status, part of what was found, part of the hint
Case = tuple[str, dict[str, Any], dict[str, Any], str, str, str]

CASES: list[Case] = [
    ("root", {}, {}, "pass", "uid 0", ""),
    ("root", {"uid": "1000"}, {}, "fail", "uid 1000", "become: true"),
    ("root", {"uid": None}, {}, "fail", "uid None", "become: true"),
    ("root_writable", {}, {}, "pass", "writable", ""),
    ("root_writable", {"root_options": "ro,relatime"}, {}, "fail", "mounted ro,relatime", "read-write"),
    ("root_writable", {"root_writable": None}, {}, "fail", "mounted rw", "read-write"),
    ("root_writable", {"root_writable": None, "uid": "1000"}, {}, "unknown", "not asked as root", "become: true"),
    ("root_writable", {"root_options": "ro", "uid": "1000"}, {}, "fail", "mounted ro", "read-write"),
    ("free_space", {"root_free_kb": "307200"}, {}, "pass", "300 MB", ""),
    ("free_space", {"root_free_kb": "307199"}, {}, "fail", "299 MB", "minimum_free_mb"),
    ("free_space", {"root_free_kb": "307200"}, {"minimum_free_mb": 301}, "fail", "300 MB", "minimum_free_mb"),
    ("free_space", {"root_free_kb": "0"}, {"minimum_free_mb": 0}, "pass", "0 MB", ""),
    ("free_space", {"root_free_kb": None}, {}, "unknown", "the guest did not tell", BY_HAND),
    ("selinux", {}, {}, "pass", "disabled", ""),
    ("selinux", {"selinux": "0"}, {}, "pass", "permissive", ""),
    ("selinux", {"selinux": "1"}, {}, "fail", "enforcing", "selinux: permissive_during_install"),
    ("selinux", {"selinux": "1"}, {"selinux": "permissive_during_install"}, "warn", "enforcing", "may still keep"),
    ("selinux", {"selinux": "1"}, {"selinux": "ignore"}, "warn", "enforcing", "selinux: ignore"),
    ("selinux", {"selinux": "0"}, {"selinux": "permissive_during_install"}, "pass", "permissive", ""),
    ("dhcp", {}, {}, "pass", "eth0 on DHCP (networkd-lease)", ""),
    ("dhcp", {"dhcp": "ifcfg BOOTPROTO=none"}, {}, "fail", "eth0 has a static address (ifcfg)", "Set eth0 to DHCP"),
    ("dhcp", {"dhcp": None}, {}, "unknown", "nothing on eth0 told", "Check that the NIC"),
    ("dhcp", {"nic": None}, {}, "unknown", "no default route", "Check that the primary NIC"),
    ("metadata", {}, {}, "pass", f"server {UUID}", ""),
    ("metadata", {"metadata": ["HTTP/1.0 200 OK", "Server: x", "", BODY]}, {}, "pass", UUID, ""),
    ("metadata", {"metadata": [BODY]}, {}, "pass", UUID, ""),
    ("metadata", {"metadata": [OK, "", "{", f'  "uuid": "{UUID}"', "}"]}, {}, "pass", UUID, ""),
    ("metadata", {"metadata": [OK, "", BODY, "curl: (18) transfer closed"]}, {}, "pass", UUID, ""),
    ("metadata", {"metadata": [OK, "", "<html>Log in</html>"]}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": [OK, "", "{}"]}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": [OK, "", '{"uuid": ""}']}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": [OK, "", '{"uuid": 7}']}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": [OK, "", f'["{UUID}"]']}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": [OK, "", BODY[:-3]]}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": ["HTTP/1.1 404 Not Found", "", "404 200"]}, {}, "fail", "HTTP/1.1 404 Not Found", ROUTE),
    ("metadata", {"metadata": ["HTTP/1.1 404 Not Found", "", BODY]}, {}, "fail", "HTTP/1.1 404 Not Found", ROUTE),
    ("metadata", {"metadata": ["HTTP/1.1 500 Oops", "", "{}"]}, {}, "fail", "HTTP/1.1 500 Oops", ROUTE),
    ("metadata", {"metadata": ["HTTP/1.1 302 Found", "Location: /", ""]}, {}, "fail", "HTTP/1.1 302 Found", ROUTE),
    ("metadata", {"metadata": "curl: (28) Connection timed out"}, {}, "fail", "(28) Connection timed", ROUTE),
    ("metadata", {"metadata": ["", "no answer within 5 s"]}, {}, "fail", "no answer within 5 s", ROUTE),
    ("metadata", {"metadata": ["bash: x: no", "bash: line 1: refused", " "]}, {}, "fail", "refused", ROUTE),
    ("metadata", {"metadata": "<html>", "metadata_status": "0"}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": None, "metadata_status": "0"}, {}, "fail", "without a server's uuid", ROUTE),
    ("metadata", {"metadata": "wget: HTTP/1.1 404 No", "metadata_status": "1"}, {}, "fail", "HTTP/1.1 404 No", ROUTE),
    ("metadata", {"metadata": None}, {}, "fail", "no answer", ROUTE),
    ("metadata", {"metadata": ["", " "]}, {}, "fail", "no answer", ROUTE),
    ("metadata", {"metadata": "no-client"}, {}, "unknown", "no program to ask with", BY_HAND),
    ("memory", {"memory_kb": "500000"}, {}, "pass", "488 MB", ""),
    ("memory", {"memory_kb": None}, {}, "pass", "0 MB", ""),
    ("memory", {"release_text": SUSE, "memory_kb": "3932160"}, {}, "pass", "3840 MB", ""),
    ("memory", {"release_text": SUSE, "memory_kb": "3932159"}, {}, "fail", "3839 MB", "flavor with 4 GiB"),
    ("memory", {"release_text": SUSE, "memory_kb": None}, {}, "unknown", "/proc/meminfo", BY_HAND),
    ("memory", {"release_text": [*SUSE[:2], "PATCHLEVEL = 3"], "memory_kb": "500000"}, {}, "pass", "488 MB", ""),
    ("memory", {"release_text": [SUSE[0], "VERSION = 12", SUSE[2]], "memory_kb": "500000"}, {}, "pass", "488 MB", ""),
    ("system", {}, {}, "pass", "Debian GNU/Linux 12 (bookworm)", ""),
    ("system", {"os": None, "release": "/etc/redhat-release", "release_text": "CentOS 6"}, {}, "pass", "CentOS 6", ""),
    ("system", {"os": None, "release": "/etc/SuSE-release", "release_text": SUSE}, {}, "pass", SUSE[0], ""),
    ("system", {"os": "ID=ubuntukylin"}, {}, "unknown", "no release file", BY_HAND),
    ("system", {"os": None}, {}, "unknown", "no release file", BY_HAND),
    ("system", {"os": "ID=coreos"}, {}, "fail", "CoreOS", "does not support"),
    ("system", {"os": ["ID=flatcar", "ID_LIKE=coreos"]}, {}, "fail", "CoreOS (Flatcar)", "does not support"),
    ("system", {"os": ["ID=other", 'ID_LIKE="gentoo coreos"']}, {}, "fail", "CoreOS", "does not support"),
    ("system", {"os": ["ID=fedora", "VARIANT_ID=coreos"]}, {}, "fail", "CoreOS", "does not support"),
    ("system", {"os": ['ID="rhcos"']}, {}, "fail", "CoreOS (RHCOS)", "does not support"),
    ("system", {"os": ['ID="kylin"', 'PRETTY_NAME="Kylin Linux V10"']}, {}, "fail", "KylinOS", "does not support"),
    ("system", {"os": 'ID="NeoKylin"'}, {}, "fail", "KylinOS (NeoKylin)", "does not support"),
    ("system", {"os": None, "release": "/etc/coreos"}, {}, "fail", "CoreOS", "does not support"),
    ("system", {"release": ["/etc/redhat-release", "/etc/kylin-release"]}, {}, "fail", "KylinOS", "does not support"),
    ("system", {"os": None, "release": "/etc/neokylin-release"}, {}, "fail", "KylinOS (NeoKylin)", "does not support"),
    ("architecture", {}, {}, "pass", "x86_64", ""),
    ("architecture", {"long_bit": "32"}, {}, "pass", "x86_64", ""),
    ("architecture", {"architecture": "i686", "long_bit": None}, {}, "pass", "i686", ""),
    ("architecture", {"architecture": "aarch64", "long_bit": None}, {}, "pass", "aarch64", ""),
    ("architecture", {"architecture": "aarch64", "long_bit": "32"}, {}, "fail", "aarch64", "no package"),
    ("architecture", {"architecture": "riscv64"}, {}, "fail", "riscv64", "no package"),
    ("architecture", {"architecture": None}, {}, "fail", "nothing", "no package"),
    ("init", {}, {}, "pass", "systemd", ""),
    ("init", {"init": "sysv"}, {}, "pass", "sysv", ""),
    ("init", {"init": "openrc"}, {}, "fail", "openrc", "/etc/init.d only"),
    ("init", {"init": None}, {}, "fail", "neither", "/etc/init.d only"),
    ("boot_start", {}, {}, "pass", "systemctl", ""),
    ("boot_start", {"init": "sysv"}, {}, "fail", "none", "Install the tool"),
    ("boot_start", {"tool": ["tar", "gzip"]}, {}, "fail", "none", "Install the tool"),
    ("boot_start", {"tool": None}, {}, "fail", "none", "Install the tool"),
    ("boot_start", {"init": "sysv", "tool": ["systemctl", "update-rc.d"]}, {}, "pass", "update-rc.d", ""),
    ("boot_start", {"init": "sysv", "tool": ["insserv", "chkconfig"]}, {}, "pass", "chkconfig, insserv", ""),
    ("boot_start", {"init": "sysv", "tool": "rc.d"}, {}, "pass", "rc.d", ""),
    ("ports", {"listening": ["7D00"]}, {}, "pass", "PIPE mode", ""),
    ("ports", {"backend": None}, {}, "pass", "AUTO mode, none", ""),
    ("ports", {"backend": None, "listening": ["80E7", "7918", "7d00", "7918"]}, {}, "warn",
     "AUTO mode, listening: 31000, 32000, 32999", "backend: pipe"),
    ("ports", {"backend": "x=SOCKET", "listening": "7918"}, {}, "warn", "SOCKET mode, listening: 31000", "pipe"),
    ("ports", {"backend": None, "listening": "7918"}, {"backend": "pipe"}, "pass", "PIPE mode", ""),
    ("ports", {"listening": "7918"}, {"backend": "auto"}, "warn", "AUTO mode, listening: 31000", "backend: pipe"),
]  # fmt: skip


def one(name: str, changes: dict[str, Any], limits: dict[str, Any]) -> Prerequisite:
    return next(item for item in LINUX.assess(host(changes), Limits(**limits)) if item.name == name)


@pytest.mark.parametrize(("name", "changes", "limits", "status", "found", "hint"), CASES)
def test_a_prerequisite(
    name: str, changes: dict[str, Any], limits: dict[str, Any], status: str, found: str, hint: str
) -> None:
    item = one(name, changes, limits)
    assert item.status == status
    assert found in item.found
    assert hint in item.hint


@pytest.mark.parametrize(("name", "changes", "limits", "status", "found", "hint"), CASES)
def test_a_prerequisite_has_a_hint_exactly_where_there_is_something_to_do(
    name: str, changes: dict[str, Any], limits: dict[str, Any], status: str, found: str, hint: str
) -> None:
    item = one(name, changes, limits)
    assert bool(item.hint) == (item.status != "pass")
    assert item.wanted


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_the_cases_above_leave_out_no_prerequisite(status: str) -> None:
    seen = {name for name, *_rest, case_status, _found, _hint in CASES if case_status == status}
    assert seen == set(LINUX.checks) - ({"ports"} if status == "fail" else set())


@pytest.mark.parametrize(
    ("limits", "name", "wanted"),
    [
        ({"minimum_free_mb": 42}, "free_space", "at least 42 MB"),
        ({}, "free_space", "at least 300 MB"),
        ({}, "metadata", "an answer from 169.254.169.254 port 80"),
        ({}, "root", "root (uid 0)"),
    ],
)
def test_what_is_wanted_is_told(limits: dict[str, Any], name: str, wanted: str) -> None:
    assert one(name, {}, limits).wanted == wanted


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["bash: connect: x", "bash: line 1: /dev/tcp/169.254.169.254/80: Connection refused"], "Connection refused"),
        (["curl: (7) Failed to connect"], "(7) Failed to connect"),
        (["no answer within 5 s", ""], "no answer within 5 s"),
        ([OK, "", "{}"], "an answer without a server's uuid"),
    ],
)
def test_the_metadata_services_silence_is_told_in_the_last_words_of_who_asked(lines: list[str], found: str) -> None:
    assert one("metadata", {"metadata": lines}, {}).found == found


@pytest.mark.parametrize("facts", [host(), host(dict.fromkeys(("uid", "nic", "metadata", "init", "tool", "os")))])
def test_all_prerequisites_are_always_told_under_their_names_in_order(facts: Any) -> None:
    assert tuple(item.name for item in LINUX.assess(facts, Limits())) == tuple(LINUX.checks)


def test_the_documentation_names_each_prerequisite() -> None:
    assert [name for name in PREREQUISITES if f"V({name})" not in ModuleDocFragment.DOCUMENTATION] == []


def test_a_healthy_guest_fails_nothing() -> None:
    assert {item.status for item in LINUX.assess(host(), Limits())} == {"pass"}


FAIL = Prerequisite("dhcp", "fail", "static", "DHCP", "Set it.")
WARN = Prerequisite("ports", "warn", "31000", "none", "Use pipe.")
UNKNOWN = Prerequisite("init", "unknown", "x", "y", "Look.")


@pytest.mark.parametrize(
    ("ignored", "statuses"),
    [
        ([], ["fail", "warn", "unknown"]),
        (["dhcp"], ["warn", "warn", "unknown"]),
        (["ports", "init"], ["fail", "warn", "unknown"]),
        (["dhcp", "ports", "init", "root"], ["warn", "warn", "unknown"]),
    ],
)
def test_only_what_fails_and_is_named_is_overridden(ignored: list[str], statuses: list[str]) -> None:
    assert [item.status for item in override([FAIL, WARN, UNKNOWN], ignored)] == statuses


def test_an_override_says_so_and_keeps_the_rest() -> None:
    (item,) = override([FAIL], ["dhcp"])
    assert item == Prerequisite("dhcp", "warn", "static", "DHCP", "Ignored by ignore_prerequisites. Set it.")
    assert override([WARN, UNKNOWN], ["ports", "init"]) == (WARN, UNKNOWN)


def test_what_fails_is_told_apart() -> None:
    assert failed([WARN, FAIL, UNKNOWN]) == (FAIL,)


def test_one_sentence_for_all() -> None:
    assert (
        sentence([FAIL, WARN]) == "dhcp: found static, wanted DHCP. Set it. ports: found 31000, wanted none. Use pipe."
    )


def test_the_report_is_a_mapping_for_each() -> None:
    assert report([FAIL]) == [
        {"name": "dhcp", "status": "fail", "found": "static", "wanted": "DHCP", "hint": "Set it."}
    ]


@pytest.mark.parametrize(
    ("lines", "uuid"),
    [
        ([OK, "", BODY], UUID),
        ([OK, 'Set-Cookie: a={"b": 1}', "", BODY], UUID),
        ([BODY], UUID),
        ([], None),
        (["no-client"], None),
        (["}{"], None),
        (["{]}"], None),
    ],
)
def test_the_servers_id(lines: list[str], uuid: str | None) -> None:
    assert server_id(lines) == uuid
