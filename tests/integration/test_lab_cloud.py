# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's cloud does to the lab's hosts what it says."""

from __future__ import annotations

import socket
from http.client import IncompleteRead
from typing import Any

import pytest
from api import CloudApi
from cloud_fleet import beside
from controller import Controller
from waiting import accepts, wait_for

from lab.client import Host, Lab
from lab.cloud.client import CloudControl
from lab.cloud.faults import LostAnswer
from lab.cloud.view import ServerView
from lab.metadata_client import MetadataControl

PASSWORD = "Through-the-Cloud-1"
METADATA = "timeout 2 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'"
LEASE = "ip -4 -o address show dev eth0"


@pytest.fixture
def api(lab: Lab) -> CloudApi:
    return CloudApi(lab)


def view(cloud: CloudControl, host: Host) -> ServerView:
    return next(view for view in cloud.views() if view.id == host.uuid)


def flag(api: CloudApi, host: Host) -> str:
    return str(api.do("GET", f"/v1/P/cloudservers/{host.uuid}/os-resetpwd-flag")["resetpwd_flag"])


def switch_dhcp(api: CloudApi, host: Host, *, on: bool) -> None:
    (port,) = api.do("GET", "/v1/P/ports", device_id=host.uuid)["ports"]
    subnet = api.do("GET", f"/v1/P/subnets/{port['network_id']}")["subnet"]
    body = {"subnet": {"name": subnet["name"], "dhcp_enable": on}}
    api.do("PUT", f"/v1/P/vpcs/{subnet['vpc_id']}/subnets/{subnet['id']}", body)


def reaches_metadata(host: Host) -> bool:
    return host.sh(METADATA, check=False).returncode == 0


def ssh_answers(host: Host) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host.address, 22)) == 0


def power(controller: Controller, host: Host, state: str, **more: Any) -> dict[str, Any]:
    options = {"server_ids": ["{{ cloudreset_server_id }}"], "state": state, "poll_interval": 1, **more}
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
    assert power(controller, host, "restarted", mode=mode)["changed"]
    host.wait_boot(before)
    assert host.boot_id() != before


def test_stopped_through_the_api_it_is_off_until_it_is_started(
    cloud: CloudControl, controller: Controller, host: Host
) -> None:
    assert power(controller, host, "stopped")["changed"]
    assert (host.state(), ssh_answers(host)) == ("stopped", False)
    assert not power(controller, host, "stopped")["changed"]
    assert power(controller, host, "started")["changed"]
    host.wait_up()
    assert cloud.server(host.uuid).status == "ACTIVE"


def test_the_status_follows_what_the_guest_does_by_itself(cloud: CloudControl, host: Host) -> None:
    host.sh("systemctl poweroff", check=False)
    wait_for(lambda: cloud.server(host.uuid).status == "SHUTOFF")
    host.start()
    assert cloud.server(host.uuid).status == "ACTIVE"


def test_a_reset_through_the_api_is_carried_out_by_the_agent_at_the_next_boot(
    cloud: CloudControl, controller: Controller, metadata: MetadataControl, api: CloudApi, host: Host
) -> None:
    assert flag(api, host) == "False"
    assert controller.agent(host).of(host)["changed"]
    wait_for(lambda: flag(api, host) == "True")
    assert not view(cloud, host).pending
    options = {"new_password": PASSWORD, "is_check_password": True}
    api.do("PUT", f"/v1/P/cloudservers/{host.uuid}/os-reset-password", {"reset-password": options})
    assert view(cloud, host).pending
    assert not accepts(host, "root", PASSWORD)
    assert power(controller, host, "restarted")["changed"]
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)
    assert not accepts(host, "root", "Lab-Root-1")
    assert not view(cloud, host).pending
    assert PASSWORD not in "".join(path.read_text(errors="replace") for path in host.paths.state.glob("*.log"))
    assert PASSWORD not in str(cloud.requests())


def test_a_rule_of_its_security_group_is_its_packet_filter(cloud: CloudControl, api: CloudApi, host: Host) -> None:
    assert reaches_metadata(host)
    (port,) = api.do("GET", "/v1/P/ports", device_id=host.uuid)["ports"]
    (group,) = port["security_groups"]
    denied = {"protocol": "tcp", "multiport": "80", "remote_ip_prefix": "169.254.0.0/16", "priority": 1}
    rule = {"security_group_id": group, "direction": "egress", "ethertype": "IPv4", "action": "deny", **denied}
    made = api.do("POST", "/v3/P/vpc/security-group-rules", {"security_group_rule": rule})
    assert not reaches_metadata(host)
    assert host.sh("timeout 2 bash -c 'exec 3<>/dev/tcp/10.213.0.2/443'", check=False).returncode == 0
    api.do("DELETE", f"/v3/P/vpc/security-group-rules/{made['security_group_rule']['id']}")
    assert reaches_metadata(host)


def test_without_dhcp_in_its_subnet_it_has_no_address_after_a_restart(
    cloud: CloudControl, controller: Controller, api: CloudApi, host: Host
) -> None:
    switch_dhcp(api, host, on=False)
    assert host.address in host.sh(LEASE).stdout, "a lease lasts"
    before = host.boot_id()
    assert power(controller, host, "restarted")["changed"]
    host.wait_boot(before, up=False)
    host.sh("sleep 4")  # it usually has its lease within one second
    assert host.sh(LEASE).stdout == ""
    switch_dhcp(api, host, on=True)
    assert power(controller, host, "restarted", mode="hard")["changed"]
    host.wait_up()
    assert host.address in host.sh(LEASE).stdout


def test_rebuilt_it_has_a_fresh_disk(cloud: CloudControl, controller: Controller, host: Host) -> None:
    assert controller.agent(host).of(host)["changed"]
    before = cloud.server(host.uuid)
    after = cloud.rebuild(host.uuid, "another-image")
    assert (before.system_disk != after.system_disk, after.image_id) == (True, "another-image")
    host.wait_up()
    assert controller.info(host).of(host)["agent"]["state"] == "absent"


def test_a_fresh_start_gives_a_host_its_network_back(cloud_alone: CloudControl, api: CloudApi, host: Host) -> None:
    cloud_alone.change(host.uuid, security_groups=[], metadata={"x": "y"})
    switch_dhcp(api, host, on=False)
    assert not reaches_metadata(host)
    cloud_alone.reset()
    assert reaches_metadata(host)
    assert cloud_alone.server(host.uuid).metadata == {}
    assert (view(cloud_alone, host).dhcp, view(cloud_alone, host).egress) == (True, "allow any")
    assert host.describe()["dhcp"]


def test_records_stand_beside_the_hosts(cloud_alone: CloudControl, controller: Controller, host: Host) -> None:
    ids = [server.id for server in beside(cloud_alone, 39)]
    ids.append(host.uuid)
    before = host.boot_id()
    ran = controller.cloud("ecs_power", host, server_ids=ids, state="restarted", poll_interval=1).of(host)
    assert ran["changed"]
    assert {server["outcome"] for server in ran["servers"]} == {"done"}
    host.wait_boot(before)


def test_done_though_the_answer_is_lost(cloud_alone: CloudControl, api: CloudApi, host: Host) -> None:
    cloud_alone.set_faults(LostAnswer(path="*/os-reset-password"))
    body = {"reset-password": {"new_password": PASSWORD}}
    with pytest.raises(IncompleteRead):
        api.ask("PUT", f"/v1/P/cloudservers/{host.uuid}/os-reset-password", body)
    assert view(cloud_alone, host).pending


def test_a_job_that_lies_leaves_the_host_alone(cloud_alone: CloudControl, controller: Controller, host: Host) -> None:
    cloud_alone.change(host.uuid, trouble="lies")
    ran = power(controller, host, "stopped", wait_timeout=3)
    assert (ran["kind"], host.state()) == ("failed", "running")
