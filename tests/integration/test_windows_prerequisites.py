# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each prerequisite of Windows on a host that really lacks it, and what check mode says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from controller import Controller
from story import agent, audit, script, steps, tell
from windows import AGENT, FRESH, SC, meanwhile, traces, windows_package

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.windows_prerequisites import CHECKS
from lab.client import WindowsHost
from lab.faults import Fault, Hang, Status
from lab.metadata_client import MetadataControl

Take = Callable[[str], WindowsHost]
PLAIN: dict[str, Any] = {"ansible_user": "plain", "ansible_password": "Lab-Plain-1"}


def failing(result: Mapping[str, Any], status: str = "fail") -> dict[str, str]:
    """What was found of the prerequisites with a status, by name."""
    return {item["name"]: item["found"] for item in result["prerequisites"] if item["status"] == status}


def test_a_healthy_host_passes_all_of_them(winhost: WindowsHost, controller: Controller) -> None:
    found = controller.info(winhost).of(winhost)["prerequisites"]
    assert [item["name"] for item in found] == list(CHECKS)
    assert {item["status"] for item in found} == {"pass"}, found
    assert f"{winhost.address} by DHCP" in [item["found"] for item in found]


@pytest.mark.parametrize(
    ("name", "failed", "warned"),
    [
        ("winsmall", {"free_space"}, set()),
        ("winstatic", {"dhcp"}, set()),
        ("win7", set(), {"system"}),
    ],
)
def test_a_host_that_lacks_something_is_told_and_left_alone(
    name: str, failed: set[str], warned: set[str], take: Take, controller: Controller
) -> None:
    host = take(name)
    result = controller.agent(host, **windows_package(controller)).of(host)
    assert set(failing(result)) == failed, result["prerequisites"]
    assert set(failing(result, "warn")) == warned, result["prerequisites"]
    assert result["kind"] == ("failed" if failed else "ok")
    for prerequisite in failed:
        assert f"Nothing was changed: {prerequisite} failed." in result["msg"]
        assert traces(host) == []


def test_egress_to_the_metadata_service(winhost: WindowsHost, controller: Controller) -> None:
    winhost.egress("deny tcp 169.254.169.254/32 80, allow any")
    result = controller.info(winhost, metadata_timeout=1).of(winhost)
    assert failing(result) == {"metadata": "no answer within 1 s"}
    assert result["server_id"] is None


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (Status(path="*/meta_data.json", code=500), "HTTP/1.1 500 Internal Server Error"),
        (Hang(path="*/meta_data.json"), "no answer within 1 s"),
    ],
)
def test_a_metadata_service_that_does_not_answer_as_it_should(
    fault: Fault, found: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    metadata.set_faults(winhost.name, fault)
    assert failing(controller.info(winhost, metadata_timeout=1).of(winhost)) == {"metadata": found}


def test_who_is_no_administrator_is_told_so_and_changes_nothing(winhost: WindowsHost, controller: Controller) -> None:
    result = controller.agent(winhost, _vars=PLAIN, **windows_package(controller)).of(winhost)
    assert "administrator" in failing(result), result
    assert "Connect as a member of Administrators (ansible_user)" in result["msg"]
    assert traces(winhost) == []


def test_what_is_only_worth_a_warning(winhost: WindowsHost, controller: Controller) -> None:
    session = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"
    told = tell(
        controller,
        winhost,
        script(f"{SC} create HipsDaemon binPath= C:\\x.exe | Out-Null"),
        script(
            f"New-ItemProperty '{session}' PendingFileRenameOperations -PropertyType MultiString -Value 'a' | Out-Null"
        ),
        audit(),
        agent("install", **windows_package(controller)),
    )
    assert failing(told["audit"], "warn") == {"security_software": "Huorong", "pending_reboot": "files to be renamed"}
    assert told["install"]["agent"]["state"] == "installed"


def test_a_port_of_the_agents_range_is_taken(winhost: WindowsHost, controller: Controller) -> None:
    listen = "$l = New-Object Net.Sockets.TcpListener -ArgumentList ([Net.IPAddress]::Any), 31000; $l.Start()"
    with meanwhile(winhost, listen, "C:\\listening"):
        told = tell(controller, winhost, audit(), audit("pipe", backend="pipe"))
    assert failing(told["audit"], "warn") == {"ports": "AUTO mode, listening: 31000"}
    assert failing(told["pipe"], "warn") == {}


def test_what_may_be_ignored(take: Take, controller: Controller) -> None:
    host = take("winstatic")
    result = controller.agent(host, ignore_prerequisites=["dhcp"], **windows_package(controller)).of(host)
    assert (result["changed"], list(failing(result, "warn"))) == (True, ["dhcp"]), result


def test_check_mode_says_what_would_be_done_and_does_nothing(winhost: WindowsHost, controller: Controller) -> None:
    package = windows_package(controller)
    foretold = tell(controller, winhost, agent("install", **package), flags=["--check", "--diff"])["install"]
    assert (foretold["changed"], steps(foretold)) == (True, FRESH)
    assert {step["status"] for step in foretold["steps"]} == {"planned"}
    assert "receive: unpack and check the package on the guest" in foretold["diff"]["after"]
    assert traces(winhost) == []
    done = tell(controller, winhost, agent("install", **package))["install"]
    assert steps(done) == steps(foretold)
    assert not tell(controller, winhost, agent("install", **package), flags=["--check"])["install"]["changed"]
    absent = tell(controller, winhost, agent("absent", state="absent"), flags=["--check"])["absent"]
    assert (absent["changed"], steps(absent)) == (True, ["remove"])
    assert winhost.exists(f"{AGENT}\\bin\\wrapper.exe")
