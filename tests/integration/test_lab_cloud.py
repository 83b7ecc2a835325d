# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's cloud does to the lab's hosts what it says."""

from __future__ import annotations

import asyncio
import socket

import pytest
from controller import Controller
from waiting import accepts, wait_for

from lab.client import Host, Lab
from lab.cloud.client import CloudControl
from lab.cloud.lab_machines import LabMachines
from lab.metadata_client import MetadataControl

PASSWORD = "Through-the-Cloud-1"
METADATA = "timeout 2 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'"
LEASE = "ip -4 -o address show dev eth0"


@pytest.fixture
def machines(lab: Lab) -> LabMachines:
    return LabMachines(lab.paths)


def reaches_metadata(host: Host) -> bool:
    return host.sh(METADATA, check=False).returncode == 0


def ssh_answers(host: Host) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host.address, 22)) == 0


def power(controller: Controller, host: Host, state: str, mode: str = "soft") -> dict[str, object]:
    options = {"server_ids": ["{{ cloudreset_server_id }}"], "state": state, "mode": mode, "poll_interval": 1}
    return controller.cloud("ecs_power", host, **options).of(host)


def test_each_host_is_a_server(cloud: CloudControl, controller: Controller, host: Host) -> None:
    found = controller.cloud("ecs_server_info", host, server_ids=["{{ cloudreset_server_id }}"]).of(host)
    (server,) = found["servers"]
    assert (server["id"], server["name"], server["status"]) == (host.uuid, host.name, "ACTIVE")
    assert host.address in str(server)


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_restarted_through_the_api_it_really_boots_anew(
    mode: str, cloud: CloudControl, controller: Controller, host: Host
) -> None:
    before = host.boot_id()
    assert power(controller, host, "restarted", mode)["changed"]
    host.wait_boot(before)
    assert host.boot_id() != before


def test_stopped_through_the_api_it_is_off_until_it_is_started(
    cloud: CloudControl, controller: Controller, host: Host
) -> None:
    assert power(controller, host, "stopped")["changed"]
    assert (host.state(), ssh_answers(host)) == ("stopped", False)
    assert not power(controller, host, "stopped")["changed"]
    assert power(controller, host, "started")["changed"]
    host.wait_ssh()
    assert cloud.server(host.uuid).status == "ACTIVE"


def test_the_status_follows_what_the_guest_does_by_itself(cloud: CloudControl, host: Host) -> None:
    host.sh("systemctl poweroff", check=False)
    wait_for(lambda: cloud.server(host.uuid).status == "SHUTOFF")
    host.start()
    assert cloud.server(host.uuid).status == "ACTIVE"


def test_a_password_that_is_offered_is_set_by_the_agent_at_the_next_boot(
    cloud: CloudControl,
    controller: Controller,
    metadata: MetadataControl,
    machines: LabMachines,
    host: Host,
) -> None:
    assert not asyncio.run(machines.flag(host.uuid))
    assert controller.agent(host).of(host)["changed"]
    wait_for(lambda: asyncio.run(machines.flag(host.uuid)))
    asyncio.run(machines.offer(host.uuid, PASSWORD))
    assert asyncio.run(machines.pending(host.uuid))
    assert power(controller, host, "restarted")["changed"]
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)
    assert not accepts(host, "root", "Lab-Root-1")
    assert not asyncio.run(machines.pending(host.uuid))


def test_rules_for_egress_are_the_hosts_packet_filter(machines: LabMachines, host: Host) -> None:
    assert reaches_metadata(host)
    asyncio.run(machines.filter_egress(host.uuid, "deny tcp 169.254.0.0/16 80, allow any"))
    assert not reaches_metadata(host)


def test_without_dhcp_it_has_no_address_after_a_restart(
    cloud: CloudControl, controller: Controller, machines: LabMachines, host: Host
) -> None:
    asyncio.run(machines.serve_dhcp(host.uuid, on=False))
    assert host.address in host.sh(LEASE).stdout, "a lease lasts"
    before = host.boot_id()
    assert power(controller, host, "restarted")["changed"]
    host.wait_boot(before, ssh=False)
    host.sh("sleep 4")  # it usually has its lease within one second
    assert host.sh(LEASE).stdout == ""
    asyncio.run(machines.serve_dhcp(host.uuid, on=True))
    assert power(controller, host, "restarted", "hard")["changed"]
    host.wait_ssh()
    assert host.address in host.sh(LEASE).stdout


def test_rebuilt_it_has_a_fresh_disk(controller: Controller, machines: LabMachines, host: Host) -> None:
    assert controller.agent(host).of(host)["changed"]
    asyncio.run(machines.rebuild(host.uuid))
    host.wait_ssh()
    assert controller.info(host).of(host)["agent"]["state"] == "absent"
