"""The lab's VPC: its API, and that what is changed there reaches the machines in the lab's own words."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import asdict, replace
from typing import Any

import pytest
from unit.lab.cloud_caller import ACCOUNT, Caller

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.egress import judge, read_rule
from lab.cloud.network import AddressGroup, Network, Rule, Subnet
from lab.cloud.servers import Server
from lab.egress import parse_rules

RULES = "/v3/p/vpc/security-group-rules"
METADATA = ipaddress.IPv4Address("169.254.169.254")


@pytest.fixture
def cloud(cloud_caller: Caller) -> Caller:
    cloud_caller.control.network(subnets=[Subnet(), Subnet("other", dhcp_enable=False)], groups=["lab-group", "web"])
    cloud_caller.control.servers(Server("a", addresses=["10.0.0.1"]), Server("b", addresses=["10.0.0.2"]))
    return cloud_caller


def egress(cloud: Caller) -> dict[str, str]:
    told: dict[str, str] = cloud.control.memory()["egress"]
    return told


# In the lab's words


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "deny any"),
        ([Rule("r")], "allow any"),
        ([Rule("r", remote_ip_prefix="0.0.0.0/0")], "allow any"),
        ([Rule("r", enabled=False)], "deny any"),
        ([Rule("r", direction="ingress")], "deny any"),
        ([Rule("r", ethertype="IPv6")], "deny any"),
        ([Rule("r", security_group_id="other")], "deny any"),
        ([Rule("r", protocol="112")], "deny any"),
        ([Rule("r", protocol="6", multiport="80", remote_ip_prefix="169.254.0.0/16")], "allow tcp 169.254.0.0/16 80"),
        ([Rule("r", protocol="tcp", multiport="22,80-90")], "allow tcp any 22, allow tcp any 80-90"),
        ([Rule("r", multiport="53")], "allow tcp any 53, allow udp any 53"),
        ([Rule("r", protocol="icmp", multiport="8")], "allow icmp any"),
        ([Rule("r", priority=2), Rule("d", action="deny", priority=1)], "deny any, allow any"),
        ([Rule("r"), Rule("d", action="deny", protocol="udp")], "deny udp any, allow any"),
        ([Rule("r", remote_group_id="lab-group")], "allow 10.0.0.1, allow 10.0.0.2"),
        ([Rule("r", remote_group_id="nobody")], "deny any"),
        ([Rule("r", remote_address_group_id="ag")], "allow 10.1.0.0/16, allow 10.2.0.1/32, allow 10.2.0.2/31"),
    ],
)
def test_rules_in_the_labs_words(rules: list[Rule], words: str) -> None:
    network = Network()
    groups = [AddressGroup("ag", ip_set=["10.1.0.0/16", "10.2.0.1-10.2.0.3"])]
    network.declare({"rules": map(asdict, rules), "address_groups": map(asdict, groups)})
    fleet = [Server("a", addresses=["10.0.0.1"]), Server("b", addresses=["10.0.0.2"])]
    assert network.egress_words(fleet[0], fleet) == words
    assert parse_rules(words)
    assert network.egress_words(replace(fleet[0], port_security=False), fleet) == "allow any"


def test_the_packet_filter_and_the_collection_agree_about_the_metadata_service() -> None:
    """Any rules without remote groups: what the filter lets through is what `judge` says gets out."""
    dice = random.Random(4711)  # noqa: S311
    prefixes = [None, "0.0.0.0/0", "169.254.0.0/16", "169.254.169.254/32", "169.254.128.0/17", "10.0.0.0/8"]
    seen = set()
    for _again in range(500):
        rules = [
            Rule(
                f"r{n}",
                direction=dice.choice(["egress", "egress", "ingress"]),
                protocol=dice.choice([None, "tcp", "6", "udp"]),
                multiport=dice.choice([None, "80", "1-100,443", "443"]),
                remote_ip_prefix=dice.choice(prefixes),
                action=dice.choice(["allow", "deny"]),
                priority=dice.choice([1, 2, 3]),
                enabled=dice.random() < 0.8,
            )
            for n in range(dice.randint(0, 4))
        ]
        network = Network()
        network.declare({"rules": map(asdict, rules)})
        words = network.egress_words(Server("a"), [])
        reach = judge([rule for raw in map(asdict, rules) if (rule := read_rule(raw))], {}).reach
        seen.add(reach)
        assert _passes(words) == (reach in ("all", "partial")), (rules, words, reach)
    assert seen == {"all", "partial", "none"}


def _passes(words: str) -> bool:
    """Whether the first of the lab's rules that matches TCP port 80 of the metadata service allows it."""
    for rule in parse_rules(words):
        first, _dash, last = rule.ports.partition("-")
        about_port = not rule.ports or int(first) <= 80 <= int(last or first)
        about_address = rule.remote == "any" or METADATA in ipaddress.IPv4Network(rule.remote)
        if rule.protocol in ("", "tcp") and about_port and about_address:
            return rule.action == "allow"
    return False


# What is changed reaches the machines


def test_rules_that_are_made_changed_and_deleted(cloud: Caller) -> None:
    assert egress(cloud) == {}
    assert cloud.ask("DELETE", f"{RULES}/default-egress-lab-group")[0] == 204
    assert egress(cloud) == {"a": "deny any", "b": "deny any"}
    given = {"security_group_id": "lab-group", "direction": "egress", "protocol": "tcp", "multiport": "80"}
    status, said = cloud.ask("POST", RULES, {"security_group_rule": given})
    assert (status, said["security_group_rule"]["priority"]) == (201, 100)
    assert egress(cloud)["a"] == "allow tcp any 80"
    rule = said["security_group_rule"]["id"]
    status, said = cloud.ask("PUT", f"{RULES}/{rule}", {"security_group_rule": {"enabled": False}})
    assert (status, said["security_group_rule"]["enabled"]) == (200, False)
    assert egress(cloud)["a"] == "deny any"
    assert cloud.ask("DELETE", f"{RULES}/gone")[0] == 404
    assert cloud.ask("POST", RULES, {"security_group_rule": {"security_group_id": "gone"}})[0] == 400


def test_a_servers_groups(cloud: Caller) -> None:
    cloud.ask("POST", RULES, {"security_group_rule": {"security_group_id": "web", "action": "deny", "priority": 1}})
    assert egress(cloud) == {}
    assert cloud.ask("PUT", "/v1/p/ports/port-a", {"port": {"security_groups": ["lab-group", "web"]}})[0] == 200
    assert egress(cloud) == {"a": "deny any, allow any, allow any"}
    cloud.control.change("b", security_groups=[])
    assert egress(cloud)["b"] == "deny any"
    assert cloud.ask("PUT", "/v1/p/ports/port-x", {"port": {}})[0] == 404


def test_a_subnets_dhcp(cloud: Caller) -> None:
    path = "/v1/p/vpcs/lab-vpc/subnets/lab-subnet"
    assert cloud.ask("PUT", path, {"subnet": {"name": "lab", "dhcp_enable": False}})[0] == 200
    assert cloud.control.memory()["dhcp"] == {"a": False, "b": False}
    cloud.ask("PUT", path, {"subnet": {"name": "lab"}})
    assert cloud.control.memory()["dhcp"] == {"a": True, "b": True}
    cloud.control.change("b", subnet="other")
    assert cloud.control.memory()["dhcp"] == {"a": True, "b": False}


# What is told


def test_ports_and_subnets(cloud: Caller) -> None:
    status, said = cloud.ask("GET", "/v1/p/ports", device_id="a")
    (port,) = said["ports"]
    assert (status, port["network_id"], port["security_groups"]) == (200, "lab-subnet", ["lab-group"])
    first = cloud.ask("GET", "/v1/p/ports", limit=1)[1]["ports"]
    assert [port["device_id"] for port in first] == ["a"]
    second = cloud.ask("GET", "/v1/p/ports", limit=1, marker=first[0]["id"])[1]["ports"]
    assert [port["device_id"] for port in second] == ["b"]
    assert cloud.ask("GET", "/v1/p/subnets/other")[1]["subnet"]["dhcp_enable"] is False
    assert [subnet["id"] for subnet in cloud.ask("GET", "/v1/p/subnets")[1]["subnets"]] == ["lab-subnet", "other"]
    assert cloud.ask("GET", "/v1/p/subnets/gone")[0] == 404


def test_rules_are_paged_and_filtered(cloud: Caller) -> None:
    cloud.control.network(
        groups=["one", "two", "three"], rules=[Rule(f"r{n}", group) for n, group in enumerate(["one", "two", "three"])]
    )
    query: dict[str, Any] = {"security_group_id": ["one", "three"], "direction": "egress", "limit": 1}
    first = cloud.ask("GET", RULES, **query)[1]
    assert ([rule["id"] for rule in first["security_group_rules"]], first["page_info"]["next_marker"]) == (["r0"], "r0")
    second = cloud.ask("GET", RULES, **query, marker="r0")[1]
    assert [rule["id"] for rule in second["security_group_rules"]] == ["r2"]
    assert "next_marker" not in second["page_info"]
    assert cloud.ask("GET", RULES, limit=2001)[0] == 400


def test_the_older_api_tells_ranges_of_ports_and_no_priorities(cloud: Caller) -> None:
    cloud.control.network(rules=[Rule("r", protocol="tcp", multiport="22,80-90"), Rule("all")], v3=False)
    rules = cloud.ask("GET", "/v1/p/security-group-rules", security_group_id="lab-group")[1]["security_group_rules"]
    assert [(rule["port_range_min"], rule["port_range_max"]) for rule in rules] == [(22, 22), (80, 90), (None, None)]
    assert "priority" not in rules[0]
    assert cloud.ask("GET", RULES)[1]["error"]["code"] == "APIGW.0101"


def test_groups_and_address_groups(cloud: Caller) -> None:
    cloud.control.network(address_groups=[AddressGroup("x", ip_set=["10.0.0.1"]), AddressGroup("y")])
    groups = cloud.ask("GET", "/v3/p/vpc/address-groups", id=["x"])[1]["address_groups"]
    assert [(group["id"], group["ip_set"]) for group in groups] == [("x", ["10.0.0.1"])]
    assert cloud.ask("GET", "/v3/p/vpc/address-groups/y")[0] == 200
    assert cloud.ask("GET", "/v3/p/vpc/address-groups/z")[0] == 404
    group = cloud.ask("GET", "/v3/p/vpc/security-groups/lab-group")[1]["security_group"]
    assert [rule["id"] for rule in group["security_group_rules"]] == ["default-egress-lab-group"]
    assert len(cloud.ask("GET", "/v3/p/vpc/security-groups")[1]["security_groups"]) == 1
    assert cloud.control.shown_network()["groups"] == ["lab-group"]


@pytest.mark.parametrize(
    ("action", "path"),
    [
        ("vpc:ports:get", "/v1/p/ports"),
        ("vpc:subnets:get", "/v1/p/subnets/lab-subnet"),
        ("vpc:securityGroupRules:get", RULES),
        ("vpc:securityGroupRules:get", "/v1/p/security-group-rules"),
        ("vpc:securityGroups:get", "/v3/p/vpc/security-groups"),
        ("vpc:addressGroups:get", "/v3/p/vpc/address-groups"),
    ],
)
def test_a_policy_denies_each_call_by_its_action(cloud: Caller, action: str, path: str) -> None:
    assert cloud.ask("GET", path)[0] == 200
    cloud.control.accounts(replace(ACCOUNT, denied=(action,)))
    assert cloud.ask("GET", path)[0] == 403
