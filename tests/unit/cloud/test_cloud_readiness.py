# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ecs_readiness_info tells, against the lab's cloud."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from unit.cloud.cloud_support import ACCOUNT, CloudUnderTest, run_module

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.client import Limits
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.readiness import ReadinessRequest, run
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.reset import run as run_reset
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.reset_plan import ResetRequest
from lab.cloud.faults import ApiError, NotJson
from lab.cloud.network import AddressGroup, Rule, Subnet
from lab.cloud.servers import Server
from lab.faults import Hang

# Each asks the simulator over TLS.
pytestmark = pytest.mark.slow

FORTY = [f"id-{n}" for n in range(40)]
NAMES = [
    "state",
    "lock",
    "freeze",
    "agent",
    "resetpwd_flag",
    "agent_since_rebuild",
    "egress",
    "subnet_dhcp",
    "eip",
    "os",
    "image",
]
NARROW = Rule("narrow", protocol="tcp", multiport="80", remote_ip_prefix="169.254.0.0/16")


def readiness(cloud: CloudUnderTest, *ids: str, **more: Any) -> dict[str, Any]:
    client = cloud.client(limits=Limits(retries=0, requests_per_second=0))
    return run(client, ReadinessRequest(ids or ["a"], **more))


def statuses(server: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["status"] for entry in server["prerequisites"]}


def one(cloud: CloudUnderTest, name: str, **more: Any) -> dict[str, str]:
    """One prerequisite of the server a."""
    (server,) = readiness(cloud, **more)["servers"]
    (entry,) = [entry for entry in server["prerequisites"] if entry["name"] == name]
    assert set(entry) == {"name", "status", "found", "wanted", "hint"}
    assert entry["found"]
    assert entry["wanted"]
    assert entry["hint"] or entry["status"] == "pass"
    return dict(entry)


def made(cloud: CloudUnderTest) -> Counter[str]:
    return Counter(record.path.rpartition("/")[2] for record in cloud.control.requests())


def guest(state: str = "installed", **prerequisites: str) -> dict[str, Any]:
    entries = [
        {"name": name, "status": status, "found": "x", "wanted": "y", "hint": ""}
        for name, status in prerequisites.items()
    ]
    return {"agent": {"state": state}, "prerequisites": entries, "ready": True, "server_id": "a", "changed": False}


# What it costs


def test_one_server_and_forty_cost_what_the_documentation_says(cloud: CloudUnderTest) -> None:
    cloud.control.servers(*map(Server, FORTY))
    result = readiness(cloud, "id-0")
    assert made(cloud) == {
        "detail": 1,
        "ports": 1,
        "lab-subnet": 1,
        "security-group-rules": 1,
        "os-resetpwd-flag": 1,
    }
    assert result["api_calls"] == 5
    cloud.control.clear_requests()
    result = readiness(cloud, *FORTY)
    assert [server["id"] for server in result["servers"]] == FORTY
    assert all(server["ready"] for server in result["servers"])
    assert made(cloud)["os-resetpwd-flag"] == 40
    assert result["api_calls"] == 44
    result = readiness(cloud, *FORTY, check_flag=False)
    assert result["api_calls"] == 4
    assert statuses(result["servers"][0])["resetpwd_flag"] == "unknown"


def test_ports_are_listed_as_long_as_that_is_cheaper_than_asking_for_each(cloud: CloudUnderTest) -> None:
    strangers = [Server(f"x{n}") for n in range(6500)]
    cloud.control.servers(*strangers, *map(Server, FORTY[:6]))
    assert all(server["ready"] for server in readiness(cloud, *FORTY[:6])["servers"])
    # Six pages of a thousand tell of none of the six servers, so each is asked about.
    assert made(cloud)["ports"] == 12
    cloud.control.clear_requests()
    cloud.control.servers(*strangers[:2500], *map(Server, FORTY))
    assert all(server["ready"] for server in readiness(cloud, *FORTY, check_flag=False)["servers"])
    assert made(cloud)["ports"] == 3


def test_every_group_in_one_call_and_every_page(cloud: CloudUnderTest) -> None:
    groups = [f"g{n}" for n in range(60)]
    many = [replace(NARROW, id=f"r{n}", security_group_id="g0", multiport="443") for n in range(1200)]
    cloud.control.network(groups=groups, rules=[*many, *(replace(NARROW, id=g, security_group_id=g) for g in groups)])
    cloud.control.servers(*(Server(f"s{n}", security_groups=[group]) for n, group in enumerate(groups)))
    result = readiness(cloud, *(f"s{n}" for n in range(60)), check_flag=False)
    assert {statuses(server)["egress"] for server in result["servers"]} == {"pass"}
    assert made(cloud)["security-group-rules"] == 3


# The whole


def test_a_server_that_is_ready(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", name="web", eips=["1.2.3.4"]))
    result = readiness(cloud, "a", "gone", "a")
    (server,) = result["servers"]
    assert [entry["name"] for entry in server["prerequisites"]] == NAMES
    assert (server["id"], server["name"], server["ready"], server["half_missing"]) == ("a", "web", True, "guest")
    assert result["missing"] == ["gone"]
    assert result["changed"] is False
    told = {name for name, status in statuses(server).items() if status != "pass"}
    assert told == {"agent", "agent_since_rebuild"}


@pytest.mark.parametrize(
    ("server", "name", "status"),
    [
        (Server("a", status="SHUTOFF"), "state", "pass"),
        (Server("a", status="ERROR"), "state", "fail"),
        (Server("a", task_state="rebooting"), "state", "fail"),
        (Server("a", locked=True, metadata={"lockSource": "RDS"}), "lock", "fail"),
        (Server("a", metadata={"EcmResStatus": "freeze"}), "freeze", "fail"),
        (Server("a", flag="False"), "resetpwd_flag", "fail"),
        (Server("a"), "eip", "warn"),
        (Server("a", metadata={"image_name": "Ubuntu 22.04"}), "os", "pass"),
        (Server("a", metadata={"os_type": "Windows"}), "os", "pass"),
        (Server("a", metadata={"image_name": "KylinOS V10"}), "os", "fail"),
        (Server("a", metadata={"image_name": "Fedora CoreOS 39"}), "os", "fail"),
        (Server("a", metadata={"os_type": ""}), "os", "unknown"),
        (Server("a", metadata={"metering.imagetype": "private"}), "image", "warn"),
        (Server("a", metadata={"metering.imagetype": ""}), "image", "unknown"),
    ],
)
def test_what_the_server_itself_tells(cloud: CloudUnderTest, server: Server, name: str, status: str) -> None:
    cloud.control.servers(server)
    assert one(cloud, name)["status"] == status
    assert readiness(cloud)["servers"][0]["ready"] is (status != "fail")


# The network


@pytest.mark.parametrize(
    ("rules", "status", "found"),
    [
        ([], "fail", "no rule allows it"),
        ([NARROW], "pass", "allowed by the allow rule narrow of the group lab-group"),
        ([replace(NARROW, enabled=False)], "fail", "no rule allows it"),
        (
            [NARROW, Rule("no", action="deny", priority=1)],
            "fail",
            "denied by the deny rule no of the group lab-group",
        ),
        (
            [replace(NARROW, remote_ip_prefix="169.254.169.254/32")],
            "warn",
            "169.254.169.254 only, by the allow rule narrow of the group lab-group",
        ),
        ([Rule("far", remote_group_id="g")], "unknown", "it hangs on the allow rule far of the group lab-group"),
        ([Rule("named", remote_address_group_id="ag")], "warn", "169.254.169.254 only"),
        ([Rule("other", "another-group")], "fail", "no rule allows it"),
    ],
)
def test_egress(cloud: CloudUnderTest, rules: list[Rule], status: str, found: str) -> None:
    cloud.control.network(rules=rules, address_groups=[AddressGroup("ag", ip_set=["169.254.169.254"])])
    cloud.control.servers(Server("a"))
    entry = one(cloud, "egress")
    assert (entry["status"], entry["found"][: len(found)]) == (status, found)
    assert made(cloud)["address-groups"] == (1 if "ag" in str(rules) else 0)


def test_all_groups_of_a_port_count_together(cloud: CloudUnderTest) -> None:
    cloud.control.network(groups=["one", "two"], rules=[Rule("no", "one", action="deny"), Rule("yes", "two")])
    cloud.control.servers(
        Server("a", security_groups=["one", "two"]),
        Server("b", security_groups=["two"]),
        Server("c", security_groups=["one"], port_security=False),
    )
    result = readiness(cloud, "a", "b", "c")
    assert [statuses(server)["egress"] for server in result["servers"]] == ["fail", "pass", "pass"]


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([NARROW], "pass"),
        ([replace(NARROW, multiport="443")], "fail"),
        ([Rule("named", remote_address_group_id="ag")], "unknown"),
    ],
)
def test_without_the_v3_api_the_older_one_is_asked(cloud: CloudUnderTest, rules: list[Rule], status: str) -> None:
    cloud.control.network(v3=False, rules=rules, address_groups=[AddressGroup("ag", ip_set=["169.254.169.254"])])
    cloud.control.servers(Server("a"))
    assert one(cloud, "egress")["status"] == status


def test_dhcp_of_each_subnet(cloud: CloudUnderTest) -> None:
    cloud.control.network(subnets=[Subnet("on"), Subnet("off", dhcp_enable=False)])
    cloud.control.servers(Server("a", subnet="on"), Server("b", subnet="off"), Server("c", subnet="nowhere"))
    result = readiness(cloud, "a", "b", "c")
    assert [statuses(server)["subnet_dhcp"] for server in result["servers"]] == ["pass", "fail", "unknown"]


def test_the_primary_port_decides(cloud: CloudUnderTest) -> None:
    cloud.control.network(subnets=[Subnet("on"), Subnet("off", dhcp_enable=False)])
    cloud.control.servers(Server("a", addresses=["10.0.0.1"], subnet="on", other_subnet="off"))
    assert one(cloud, "subnet_dhcp")["status"] == "pass"
    cloud.control.change("a", subnet="off", other_subnet="on")
    assert one(cloud, "subnet_dhcp")["status"] == "fail"


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("ecs:cloudServers:showResetPasswordFlag", {"resetpwd_flag"}),
        ("vpc:ports:get", {"egress", "subnet_dhcp"}),
        ("vpc:subnets:get", {"subnet_dhcp"}),
        ("vpc:securityGroupRules:get", {"egress"}),
    ],
)
def test_what_may_not_be_asked_is_unknown_with_the_action(cloud: CloudUnderTest, action: str, names: set[str]) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    cloud.control.accounts(replace(ACCOUNT, denied=(action,)))
    result = readiness(cloud, "a", "b")
    for server in result["servers"]:
        entries = {entry["name"]: entry for entry in server["prerequisites"]}
        assert {name for name, entry in entries.items() if entry["found"] == "no permission to ask"} == names
        for name in names:
            assert entries[name]["status"] == "unknown"
            assert action in entries[name]["hint"]
            assert "Policy doesn't allow" in entries[name]["hint"]
        assert server["ready"]
    # Nobody is asked for a second flag after the first was denied.
    assert made(cloud)["os-resetpwd-flag"] == (1 if "resetpwd_flag" in names else 2)


def test_an_address_group_that_may_not_be_read_leaves_it_open(cloud: CloudUnderTest) -> None:
    cloud.control.network(rules=[Rule("named", remote_address_group_id="ag")])
    cloud.control.servers(Server("a"))
    cloud.control.accounts(replace(ACCOUNT, denied=("vpc:addressGroups:get",)))
    entry = one(cloud, "egress")
    assert (entry["status"], entry["found"]) == ("unknown", "it hangs on the allow rule named of the group lab-group")


@pytest.mark.parametrize("fault", [ApiError(path="*/ports", status=500, code="VPC.0002"), NotJson(path="*/ports")])
def test_a_broken_vpc_service_fails_nothing(cloud: CloudUnderTest, fault: Any) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(fault)
    entry = one(cloud, "egress")
    assert (entry["status"], entry["found"]) == ("unknown", "could not be asked")
    assert "Listing the ports failed" in entry["hint"]


def test_servers_that_cannot_be_looked_at_are_an_error(cloud: CloudUnderTest) -> None:
    cloud.control.accounts(replace(ACCOUNT, denied=("ecs:cloudServers:listServersDetails",)))
    with pytest.raises(CloudError, match="Listing the servers failed"):
        readiness(cloud)


def test_a_signature_that_is_refused_half_way_is_not_tried_on(cloud: CloudUnderTest) -> None:
    cloud.control.servers(*map(Server, FORTY))
    cloud.control.set_faults(ApiError(path="*/os-resetpwd-flag", status=401, code="APIGW.0301", shape="gateway"))
    with pytest.raises(CloudError):
        readiness(cloud, *FORTY)
    assert made(cloud)["os-resetpwd-flag"] == 1


# The guest's half


def test_both_halves_are_joined(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", metadata={"metering.imagetype": "private"}))
    (server,) = readiness(cloud, guests={"a": guest(selinux="pass", memory="warn")})["servers"]
    assert (server["ready"], server["half_missing"]) == (True, None)
    assert [entry["name"] for entry in server["prerequisites"]] == [*NAMES, "selinux", "memory"]
    told = statuses(server)
    assert [told[name] for name in ("agent", "agent_since_rebuild", "image", "eip")] == ["pass"] * 4
    (server,) = readiness(cloud, guests={"a": guest(selinux="fail")})["servers"]
    assert server["ready"] is False


@pytest.mark.parametrize("state", ["absent", "disabled", "damaged", "unregistered", "unzipped"])
def test_a_guest_without_a_healthy_agent_is_not_ready(cloud: CloudUnderTest, state: str) -> None:
    cloud.control.servers(Server("a"))
    (server,) = readiness(cloud, guests={"a": guest(state)})["servers"]
    told = statuses(server)
    assert (server["ready"], told["agent"], told["agent_since_rebuild"]) == (False, "fail", "fail")


def test_a_flag_that_is_not_set_yet_is_a_warning_where_the_agent_is_installed(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", flag="False"))
    assert one(cloud, "resetpwd_flag", guests={"a": guest()})["status"] == "warn"
    assert one(cloud, "resetpwd_flag", guests={"a": guest("absent")})["status"] == "fail"


def test_a_flag_stuck_at_true_does_not_hide_an_absent_agent(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", flag="True"))
    (server,) = readiness(cloud, guests={"a": guest("absent")})["servers"]
    assert (server["ready"], statuses(server)["resetpwd_flag"]) == (False, "pass")


@pytest.mark.parametrize("result", [{"unreachable": True, "msg": "no route"}, {"failed": True, "msg": "no"}, {}])
def test_a_guest_that_could_not_be_asked_is_a_missing_half(cloud: CloudUnderTest, result: dict[str, Any]) -> None:
    cloud.control.servers(Server("a"))
    assert readiness(cloud, guests={"a": result})["servers"][0]["half_missing"] == "guest"


def test_guests_that_are_mixed_up_are_an_error(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    with pytest.raises(CloudError) as raised:
        readiness(cloud, "a", "b", guests={"b": guest(), "c": guest(), "a": "what"})
    assert str(raised.value).startswith(
        "Reading guests failed: c is not in server_ids; under b stands the result of the server a; "
        "under c stands the result of the server a; what stands under a is no result of a task; "
    )
    assert cloud.control.requests() == []


# Since the last reset


@pytest.mark.parametrize(("kind", "after"), [("gold", "warn"), ("private", "fail")])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"image_id": "x"}, "another image since the last reset"),
        ({"system_disk": "x"}, "another system disk since the last reset"),
        ({"image_id": "x", "system_disk": "x"}, "another system disk and image since the last reset"),
    ],
)
def test_an_agent_that_a_rebuild_took_away(
    cloud: CloudUnderTest, kind: str, after: str, change: dict[str, str], found: str
) -> None:
    cloud.control.servers(Server("a", metadata={"metering.imagetype": kind}))
    entry = one(cloud, "agent_since_rebuild")
    assert (entry["status"], entry["found"]) == ("unknown", "no record")
    run_reset(cloud.client(), ResetRequest({"a": "Fresh-2026-Horse"}, generation="g"))
    assert one(cloud, "agent_since_rebuild")["status"] == "pass"
    cloud.control.change("a", **change)
    entry = one(cloud, "agent_since_rebuild")
    assert (entry["status"], entry["found"]) == (after, found)


# The module itself


@pytest.mark.parametrize("check", [False, True])
def test_the_module(cloud: CloudUnderTest, check: bool) -> None:
    cloud.control.servers(Server("a", flag="False"))
    params = cloud.params(server_ids=["a"], guests={"a": guest()})
    result = run_module("ecs_readiness_info", params, check=check)
    assert (result["changed"], result["servers"][0]["ready"], result["api_calls"]) == (False, True, 5)


def test_a_service_that_never_answers_ends_in_time(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(Hang(path="*/ports"))
    result = run_module("ecs_readiness_info", cloud.params(server_ids=["a"], timeout=1, retries=0))
    assert statuses(result["servers"][0])["egress"] == "unknown"
