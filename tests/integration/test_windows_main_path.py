# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way every operator goes, on Windows: over winrm on each version, and over the other ways in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controller import Controller
from story import agent, audit, steps, tell
from waiting import wait_for
from windows import AGENT, FRESH, IDLE, WAYS, accepts, runs_at_boot, traces, windows_package

from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

PASSWORD = "Fresh-Pass-123"

Take = Callable[[str], WindowsHost]


def live(host: WindowsHost, controller: Controller, metadata: MetadataControl, **variables: Any) -> None:
    """Look, install, find unchanged, be reset at boot, repair, remove: what comes before the boot, and after it."""
    package = windows_package(controller)
    told = tell(controller, host, audit(), agent("install", **package), agent("again", **package), variables=variables)
    found, installed = told["audit"], told["install"]
    assert found["ready"], found["prerequisites"]
    assert found["agent"]["state"] == "absent"
    assert found["boot_id"].startswith("windows-")
    assert found["server_id"] == host.uuid
    assert installed["changed"], installed
    assert installed["agent"]["state"] == "installed"
    assert steps(installed) == FRESH
    assert {step["status"] for step in installed["steps"]} == {"ok"}
    assert installed["package"]["variant"] == "windows"
    assert not told["again"]["changed"], told["again"]["steps"]

    # The service starts with Windows and does its work; that it has stopped since is health.
    assert runs_at_boot(host, metadata, PASSWORD)
    host.ps(f"{IDLE}; Remove-Item {AGENT}\\bin\\wrapper.exe")
    told = tell(
        controller,
        host,
        audit("damaged"),
        agent("repair", **package),
        agent("remove", state="absent"),
        agent("again", state="absent"),
        variables={**variables, "ansible_password": PASSWORD},
    )
    assert PASSWORD not in str(told)
    assert (told["damaged"]["agent"]["state"], told["damaged"]["boot_id"] != found["boot_id"]) == ("damaged", True)
    assert (told["repair"]["changed"], told["repair"]["agent"]["state"]) == (True, "installed")
    assert (told["remove"]["changed"], told["remove"]["agent"]["state"]) == (True, "absent"), told["remove"]
    assert traces(host) == []
    assert not told["again"]["changed"]


@pytest.mark.parametrize("name", [pytest.param("win1", marks=pytest.mark.mainpath), "win2012", "win7"])
def test_the_life_of_an_agent(name: str, take: Take, controller: Controller, metadata: MetadataControl) -> None:
    live(take(name), controller, metadata)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_over_other_ways_in(
    way: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    live(winhost, controller, metadata, **WAYS[way])


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
    done = controller.agent(winhost, **windows_package(controller)).of(winhost)
    assert done["changed"], done
    wait_for(lambda: accepts(winhost, PASSWORD))
    assert metadata.show(winhost.name).blob == ""
