# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way every operator goes, on Windows: over winrm on each version, and over the other ways in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from controller import Controller
from waiting import wait_for
from windows import AGENT, FRESH, QUICK_AGENT, accepts, runs_at_boot, traces, windows_package

from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

PASSWORD = "Fresh-Pass-123"
SERVERS = {"pass"}
# A client edition is told as such.
VERSIONS = {"win1": SERVERS, "win2012": SERVERS, "win7": {"pass", "warn"}}
WAYS: dict[str, Mapping[str, Any]] = {
    "psrp": {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_protocol": "http"},
    "ssh cmd": {"ansible_connection": "ssh", "ansible_shell_type": "cmd", "ansible_port": 22},
    "ssh powershell": {"ansible_connection": "ssh", "ansible_shell_type": "powershell", "ansible_port": 2222},
    "winrm https": {
        "ansible_port": 5986,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "basic",
    },
}

Take = Callable[[str], WindowsHost]


def live(host: WindowsHost, controller: Controller, metadata: MetadataControl, **run: Any) -> None:
    """Look, install, find unchanged, be reset at boot, repair, remove."""
    package = windows_package(controller)
    audit = controller.info(host, **run).of(host)
    assert audit["ready"], audit["prerequisites"]
    assert audit["agent"]["state"] == "absent"
    assert audit["boot_id"].startswith("windows-")
    assert audit["server_id"] == host.uuid

    installed = controller.agent(host, **package, **run).of(host)
    assert installed["changed"], installed
    assert installed["agent"]["state"] == "installed"
    assert [step["name"] for step in installed["steps"]] == FRESH
    assert {step["status"] for step in installed["steps"]} == {"ok"}
    assert installed["package"]["variant"] == "windows"

    again = controller.agent(host, **package, **run).of(host)
    assert not again["changed"], again["steps"]

    # The service starts with Windows and does its work; that it has stopped since is health.
    assert runs_at_boot(host, metadata, PASSWORD)
    wait_for(lambda: host.ps("(Get-Service cloudResetPwdAgent).Status").stdout.strip() == "Stopped")
    changed = {**run, "_vars": {**run.get("_vars", {}), "ansible_password": PASSWORD}}
    after = controller.info(host, **changed)
    assert after.of(host)["agent"]["state"] == "installed"
    assert after.of(host)["boot_id"] != audit["boot_id"]
    assert PASSWORD not in str(after.results)

    host.ps(f"Remove-Item {AGENT}\\bin\\wrapper.exe")
    assert controller.info(host, **changed).of(host)["agent"]["state"] == "damaged"
    repaired = controller.agent(host, **package, **changed).of(host)
    assert repaired["changed"]
    assert repaired["agent"]["state"] == "installed"

    removed = controller.agent(host, state="absent", **changed).of(host)
    assert removed["changed"], removed
    assert removed["agent"]["state"] == "absent"
    assert traces(host) == []
    assert not controller.agent(host, state="absent", **changed).of(host)["changed"]


@pytest.mark.mainpath
@pytest.mark.parametrize("name", VERSIONS)
def test_the_life_of_an_agent(name: str, take: Take, controller: Controller, metadata: MetadataControl) -> None:
    host = take(name)
    prerequisites = controller.info(host).of(host)["prerequisites"]
    assert {item["status"] for item in prerequisites} == VERSIONS[name], prerequisites
    live(host, controller, metadata)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_over_other_ways_in(
    way: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    live(winhost, controller, metadata, _vars=dict(WAYS[way]))


def test_the_bucket_has_the_package_and_one_play_is_for_both_systems(
    take: Callable[[str], Any], controller: Controller, host_name: str, winhost_name: str
) -> None:
    linux, windows = take(host_name), take(winhost_name)
    for changed in (True, False):
        # become is for the Linux host; the Windows host's administrator needs none.
        run = controller.agent(linux, windows, _become=True)
        for host in (linux, windows):
            assert (run.of(host)["changed"], run.of(host)["agent"]["state"]) == (changed, "installed"), run.output
    assert run.of(windows).keys() == run.of(linux).keys()
    assert run.of(windows)["agent"].keys() == run.of(linux)["agent"].keys()


def test_a_pending_reset_is_applied_by_the_installation_itself(
    winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    metadata.set_password(winhost.name, PASSWORD)
    done = controller.agent(winhost, **windows_package(controller, **QUICK_AGENT)).of(winhost)
    assert done["changed"], done
    wait_for(lambda: accepts(winhost, PASSWORD))
    assert metadata.show(winhost.name).blob == ""
