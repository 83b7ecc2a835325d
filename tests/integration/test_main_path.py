# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way every operator goes: look, install, find unchanged, repair, remove, on each flavour of host."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from controller import Controller
from waiting import accepts, wait_for

from lab.client import Host
from lab.metadata_client import MetadataControl

PASSWORD = "Fresh-Pass-123"
TRACES = "ls -d /Cloud* /.cloudreset /etc/init.d/cloudReset* /etc/rc?.d/*cloudReset* 2>/dev/null"


@pytest.mark.mainpath
@pytest.mark.parametrize("name", ["plain1", "debian13", "debian11", "sysv", "busybox"])
def test_the_life_of_an_agent(
    name: str, take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    host = take(name)
    audit = controller.info(host).of(host)
    assert audit["ready"], audit["prerequisites"]
    assert audit["agent"]["state"] == "absent"
    assert {item["status"] for item in audit["prerequisites"]} == {"pass"}

    installed = controller.agent(host).of(host)
    assert installed["changed"], installed
    assert installed["agent"]["state"] == "installed"
    assert {step["status"] for step in installed["steps"]} == {"ok"}

    again = controller.agent(host)
    assert not again.of(host)["changed"], again.of(host)["steps"]
    assert again.ssh_starts == 1

    # The agent starts at boot, by the host's own init, and does its work.
    metadata.set_password(host.name, PASSWORD)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)
    assert PASSWORD not in str(controller.info(host).results)

    host.sh("rm -f /CloudrResetPwdAgent/bin/wrapper")
    assert controller.info(host).of(host)["agent"]["state"] == "damaged"
    repaired = controller.agent(host).of(host)
    assert repaired["changed"]
    assert repaired["agent"]["state"] == "installed"

    removed = controller.agent(host, state="absent").of(host)
    assert removed["changed"]
    assert removed["agent"]["state"] == "absent"
    assert host.sh(TRACES, check=False).stdout == ""
    assert not controller.agent(host, state="absent").of(host)["changed"]
