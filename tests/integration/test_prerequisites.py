# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each prerequisite failing alone on a real host, and all together: told, and refused before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from controller import Controller
from snapshot import snapshot
from story import agent, audit, script, tell
from unasked import unasked_bucket
from waiting import wait_for

from lab.client import Host
from lab.metadata_client import MetadataControl

NAMES = (
    *("root", "root_writable", "free_space", "selinux", "dhcp", "metadata"),
    *("memory", "system", "architecture", "init", "boot_start", "ports"),
)
NO_METADATA = "deny tcp 169.254.169.254/32 80, allow any"
RELEASES = "rm -f /etc/os-release /usr/lib/os-release /etc/*-release"
SUSE = "printf 'SUSE Linux Enterprise Server 11 (x86_64)\\nVERSION = 11\\nPATCHLEVEL = 4\\n' >/etc/SuSE-release"
NO_TOOLS = "rm -rf /usr/sbin/update-rc.d /usr/sbin/insserv /etc/rc?.d"
KYLIN = 'printf \'ID="kylin"\\nPRETTY_NAME="Kylin V10"\\n\' >/etc/os-release'
MIPS = "printf '#!/bin/sh\\necho mips64\\n' >/usr/bin/uname"
STATIC = "rm /run/systemd/netif/leases/*; sed -i s/DHCP=.*// /etc/systemd/network/20-eth0.network"


def memory(kilobytes: int) -> str:
    """Let /proc/meminfo say so."""
    return f"echo 'MemTotal: {kilobytes} kB' >/root/meminfo; mount --bind /root/meminfo /proc/meminfo"


def by_name(result: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The prerequisites of a result; all of them are there, in one order."""
    items = result["prerequisites"]
    assert tuple(item["name"] for item in items) == NAMES
    return {item["name"]: item for item in items}


def statuses(result: Mapping[str, Any]) -> dict[str, str]:
    """The status of those that do not pass."""
    return {name: item["status"] for name, item in by_name(result).items() if item["status"] != "pass"}


@dataclass(frozen=True)
class Case:
    """One way for one prerequisite to fail. `beside` is what else does not pass then."""

    name: str
    host: str = "plain1"
    spoil: str = "true"
    egress: str = "allow"
    options: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    found: str = ""
    hint: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)


AS_PLAIN = ("-e", "ansible_user=plain")
CASES = (
    Case("root", flags=AS_PLAIN, found="uid ", hint="become: true", beside={"root_writable": "unknown"}),
    Case("root_writable", "readonly", found="mounted ro", hint="read-write"),
    Case("free_space", "smalldisk", found=" MB", hint="minimum_free_mb"),
    Case("free_space", options={"minimum_free_mb": 5000}, found=" MB", hint="minimum_free_mb"),
    Case("selinux", "selinux", found="enforcing", hint="selinux: permissive_during_install"),
    Case("dhcp", "static", found="eth0 has a static address", hint="Set eth0 to DHCP"),
    Case("metadata", "nometadata", found="unreachable", hint="the route that DHCP sets", beside={"dhcp": "unknown"}),
    Case("metadata", egress=NO_METADATA, found="no answer within 1 s", hint="egress rules"),
    Case("memory", spoil=f"{SUSE}; {memory(2000000)}", found="1953 MB", hint="4 GiB"),
    Case("system", spoil=KYLIN, found="KylinOS", hint="does not support"),
    Case("architecture", spoil=MIPS, found="mips64", hint="no package"),
    Case("init", "sysv", "mv /etc/init.d /etc/off", found="neither", hint="/etc/init.d"),
    Case("init", "sysv", "mkdir /run/openrc", found="openrc", hint="/etc/init.d"),
    Case("boot_start", "sysv", NO_TOOLS, found="none", hint="registers services"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.host}")
def test_a_prerequisite_that_fails_alone_is_told_and_refused_before_anything_changes(
    case: Case, request: pytest.FixtureRequest, controller: Controller, metadata: MetadataControl
) -> None:
    host = _host(case.host, request)
    host.sh(case.spoil)
    host.egress(case.egress)
    before = snapshot(host, times=True)
    with unasked_bucket() as address:
        options = {"metadata_timeout": 1, **case.options}
        source = {"base_url": address, **options}
        tasks = [
            audit("audit", **options),
            agent("real", **source),
            {**agent("predicted", **source), "check_mode": True},
        ]
        results = tell(controller, host, *tasks, flags=case.flags)
    assert snapshot(host, times=True) == before
    assert not controller.cache.exists()
    assert set(metadata.requests(host.name)) <= {"GET meta_data.json"}

    told = by_name(results["audit"])[case.name]
    assert statuses(results["audit"]) == {case.name: "fail", **case.beside}
    assert (results["audit"]["ready"], results["audit"]["changed"]) == (False, False)
    assert case.found in told["found"]
    assert case.hint in told["hint"]
    for name in ("real", "predicted"):
        result = results[name]
        assert result["kind"] == "failed"
        assert result["msg"].startswith(
            f"Nothing was changed: {case.name} failed. {case.name}: found {told['found']}, "
        )
        assert result["msg"].endswith(told["hint"])
        assert (result["changed"], result["steps"], result["package"]) == (False, [], None)
        assert result["prerequisites"] == results["audit"]["prerequisites"]


def _host(name: str, request: pytest.FixtureRequest) -> Host:
    return request.getfixturevalue("host") if name == "plain1" else request.getfixturevalue("take")(name)


def test_all_that_fail_are_named_at_once(take: Callable[[str], Host], controller: Controller) -> None:
    host = take("selinux")
    spoils = (KYLIN, SUSE, memory(2000000), MIPS, STATIC, NO_TOOLS, "rm -rf /run/systemd/system /etc/init.d")
    # The journal holds a file open for writing until it finds no folder for it.
    host.sh("; ".join((*spoils, "rm -rf /var/log/journal; pkill -KILL systemd-journal")))
    wait_for(lambda: host.sh("mount -o remount,bind,ro /", check=False).returncode == 0)
    host.egress(NO_METADATA)
    before = snapshot(host, times=True)
    options = {"minimum_free_mb": 10**6, "metadata_timeout": 1}
    with unasked_bucket() as address:
        results = tell(
            controller, host, audit("audit", **options), agent("real", base_url=address, **options), flags=AS_PLAIN
        )
    assert snapshot(host, times=True) == before
    failing = [name for name in NAMES if name != "ports"]
    assert statuses(results["audit"]) == dict.fromkeys(failing, "fail")
    message = results["real"]["msg"]
    assert message.startswith(f"Nothing was changed: {', '.join(failing)} failed. ")
    assert [name for name in failing if f" {name}: found " not in message] == []
    assert not results["real"]["changed"]


def test_an_ignored_prerequisite_is_a_warning_that_says_so_and_the_installation_goes_on(
    take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    host = take("static")
    host.sh(KYLIN)
    ignored = ["system", "dhcp", "metadata"]
    tasks = [
        agent("one is not enough", ignore_prerequisites=["dhcp"]),
        audit("audit", ignore_prerequisites=ignored),
        agent("install", ignore_prerequisites=ignored),
        audit("afterwards"),
    ]
    results = tell(controller, host, *tasks)
    assert results["one is not enough"]["msg"].startswith("Nothing was changed: system failed. ")
    assert results["one is not enough"]["ignored_prerequisites"] == ["dhcp"]
    for name in ("audit", "install"):
        result = results[name]
        assert (result["ready"], result["ignored_prerequisites"]) == (True, ignored)
        assert statuses(result) == {"dhcp": "warn", "system": "warn"}
        hints = {name: item["hint"] for name, item in by_name(result).items()}
        assert hints["dhcp"].startswith("Ignored by ignore_prerequisites. Set eth0 to DHCP")
        assert hints["system"].startswith("Ignored by ignore_prerequisites. The vendor")
        assert hints["metadata"] == ""
    assert results["install"]["changed"]
    assert results["afterwards"]["agent"]["state"] == "installed"
    assert statuses(results["afterwards"]) == {"dhcp": "fail", "system": "fail"}
    assert not results["afterwards"]["ready"]


@pytest.mark.parametrize(
    ("name", "ignored", "flags", "said"),
    [
        ("readonly", "root_writable", (), "Read-only file system"),
        ("plain1", "root", AS_PLAIN, "Permission denied"),
    ],
)
def test_what_cannot_be_done_all_the_same_is_told_at_once(
    name: str,
    ignored: str,
    flags: tuple[str, ...],
    said: str,
    request: pytest.FixtureRequest,
    controller: Controller,
) -> None:
    host = _host(name, request)
    before = snapshot(host, times=True)
    result = tell(controller, host, agent("real", ignore_prerequisites=[ignored]), flags=flags)["real"]
    assert said in result["msg"]
    assert "Another run" not in result["msg"]
    assert not result["changed"]
    assert snapshot(host, times=True) == before


def test_minimum_free_mb_is_the_line(take: Callable[[str], Host], controller: Controller) -> None:
    host = take("smalldisk")
    free = int(by_name(controller.info(host).of(host))["free_space"]["found"].removesuffix(" MB"))
    assert 100 < free < 200
    tasks = [audit(str(limit), minimum_free_mb=limit) for limit in (0, free - 5, free + 5)]
    results = tell(controller, host, *tasks, agent("install", minimum_free_mb=100))
    assert [statuses(results[str(limit)]) for limit in (0, free - 5)] == [{}, {}]
    assert statuses(results[str(free + 5)]) == {"free_space": "fail"}
    assert results["install"]["agent"]["state"] == "installed"


SYSTEMS = [
    ("ID=coreos", "", "fail", "CoreOS"),
    ("ID=flatcar\nID_LIKE=coreos", "", "fail", "CoreOS (Flatcar)"),
    ("ID=fedora\nVARIANT_ID=coreos", "", "fail", "CoreOS"),
    ('ID="rhcos"\nID_LIKE="rhel fedora"', "", "fail", "CoreOS (RHCOS)"),
    ('ID="Kylin"', "", "fail", "KylinOS"),
    ('ID="mine"\nID_LIKE="kylin fedora"', "", "fail", "KylinOS"),
    ("", "/etc/kylin-release", "fail", "KylinOS"),
    ("ID=neokylin", "/etc/neokylin-release", "fail", "KylinOS (NeoKylin)"),
    ('ID="openEuler"\nPRETTY_NAME="openEuler 22.03 (LTS)"', "", "pass", "openEuler 22.03 (LTS)"),
    ("", "/etc/redhat-release", "pass", "A system of the lab"),
    ("", "", "unknown", "no release file"),
]


def test_a_system_is_told_by_its_release_files(host: Host, controller: Controller) -> None:
    tasks = []
    for number, (text, release, _status, _found) in enumerate(SYSTEMS):
        lines = [RELEASES]
        lines += [f"printf '{text}\\n' >/usr/lib/os-release".replace("\n", "\\n")] if text else []
        lines += [f"echo 'A system of the lab' >{release}"] if release else []
        tasks += [script("; ".join(lines)), audit(str(number))]
    results = tell(controller, host, *tasks)
    told = [by_name(results[str(number)])["system"] for number in range(len(SYSTEMS))]
    assert [(item["status"], item["found"]) for item in told] == [case[2:] for case in SYSTEMS]
    assert [results[str(number)]["ready"] for number in range(len(SYSTEMS))] == [
        status != "fail" for _text, _release, status, _found in SYSTEMS
    ]


def test_memory_counts_on_suse_11_sp4_only(host: Host, controller: Controller) -> None:
    tasks = [
        *(script(SUSE), audit("as it is")),
        *(script(memory(3934000)), audit("sold as 4 GiB")),
        *(script("echo 'MemTotal: 3900000 kB' >/root/meminfo"), audit("less")),
        *(script("echo >/root/meminfo"), audit("none")),
        *(script("echo 'MemTotal: 900000 kB' >/root/meminfo; sed -i s/4$/3/ /etc/SuSE-release"), audit("SP3")),
    ]
    results = tell(controller, host, *tasks)
    told = {name: by_name(results[name])["memory"] for name in results}
    wanted = {"as it is": "pass", "sold as 4 GiB": "pass", "less": "fail", "none": "unknown", "SP3": "pass"}
    assert {name: item["status"] for name, item in told.items()} == wanted
    assert "4 GiB on SUSE 11 SP4" in told["as it is"]["wanted"]
    assert told["SP3"]["wanted"] == "no minimum on this system"


def test_any_one_way_to_start_at_boot_is_enough(take: Callable[[str], Host], controller: Controller) -> None:
    host = take("sysv")
    off = "cd /usr/sbin; mkdir -p /off; mv update-rc.d insserv /off; mv /etc/rc?.d /off"
    tasks = [
        audit("as it is"),
        *(script(f"{off}; mv /off/insserv ."), audit("insserv")),
        *(script("cd /usr/sbin; mv insserv /off; mv /off/update-rc.d ."), audit("update-rc.d")),
        *(script("cd /usr/sbin; mv update-rc.d /off; cp /bin/true chkconfig"), audit("chkconfig")),
        *(script("rm /usr/sbin/chkconfig; mv /off/rc?.d /etc"), audit("rc.d")),
        *(script("mkdir /etc/rc.d; mv /etc/rc3.d /etc/rc.d; cp /bin/true /usr/bin/systemctl"), audit("nested")),
        *(script("rm -r /etc/rc.d"), audit("systemctl without systemd")),
    ]
    results = tell(controller, host, *tasks)
    told = {name: by_name(result)["boot_start"] for name, result in results.items()}
    assert told.pop("systemctl without systemd")["status"] == "fail"
    assert {item["status"] for item in told.values()} == {"pass"}
    assert told.pop("as it is")["found"] == "update-rc.d, insserv, rc.d"
    assert told.pop("nested")["found"] == "rc.d"
    assert {name: item["found"] for name, item in told.items()} == {name: name for name in told}


def test_listeners_on_the_wrapper_s_ports_are_a_warning_in_auto_mode_only(host: Host, controller: Controller) -> None:
    listen = "for at in {}; do systemd-run --quiet --socket-property=ListenStream=$at /bin/true; done"
    conf = "/CloudrResetPwdAgent/conf/wrapper.conf"
    tasks = [
        *(script(listen.format("0.0.0.0:30999 [::1]:33000")), audit("beside")),
        *(script(listen.format("0.0.0.0:31000 [::1]:32999 127.0.0.1:32000")), audit("within")),
        *(audit("pipe", backend="pipe"), audit("auto", backend="auto")),
        *(agent("install", backend="auto"), audit("agent in AUTO")),
        *(script(f"echo wrapper.backend.type=PIPE >>{conf}"), audit("agent in PIPE"), audit("asked", backend="auto")),
    ]
    results = tell(controller, host, *tasks)
    told = {name: by_name(result)["ports"] for name, result in results.items()}
    within = ("warn", "AUTO mode, listening: 31000, 32000, 32999")
    assert {name: (item["status"], item["found"]) for name, item in told.items()} == {
        "beside": ("pass", "AUTO mode, none"),
        **dict.fromkeys(("within", "auto", "install", "agent in AUTO", "asked"), within),
        **dict.fromkeys(("pipe", "agent in PIPE"), ("pass", "PIPE mode")),
    }
    assert "backend: pipe" in told["within"]["hint"]
    assert results["within"]["ready"]
    assert results["install"]["changed"]


def test_a_64_bit_system_that_calls_itself_i686_gets_the_64_bit_package(host: Host, controller: Controller) -> None:
    host.write("/bin/personality", '#!/bin/sh\nexec setarch i686 /bin/bash "$@"\n', mode=0o755)
    host.sh("usermod --shell /bin/personality root")
    result = controller.agent(host).of(host)
    architecture = by_name(result)["architecture"]
    assert (architecture["status"], architecture["found"]) == ("pass", "i686")
    assert result["package"]["variant"] == "linux/64"
    assert result["agent"]["state"] == "installed"
