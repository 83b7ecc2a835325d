"""The records of a VPC: subnets, security groups with their rules, address groups; and what they mean to a machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lab.cloud.servers import Server

ALLOW_ALL = "allow any"
DENY_ALL = "deny any"
_PROTOCOLS = {None: "", "": "", "tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "icmp": "icmp", "1": "icmp"}


@dataclass
class Subnet:
    """A subnet; its `id` is its neutron network's, too."""

    id: str = "lab-subnet"
    name: str = "lab"
    vpc_id: str = "lab-vpc"
    cidr: str = "10.213.0.0/16"
    dhcp_enable: bool = True


@dataclass
class Rule:
    """A rule as v3 has it."""

    id: str
    security_group_id: str = "lab-group"
    direction: Literal["egress", "ingress"] = "egress"
    ethertype: str = "IPv4"
    protocol: str | None = None
    multiport: str | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    remote_address_group_id: str | None = None
    action: Literal["allow", "deny"] = "allow"
    priority: int = 100
    enabled: bool = True
    description: str = ""


@dataclass
class AddressGroup:
    """Addresses under one name."""

    id: str
    name: str = "addresses"
    ip_set: list[str] = field(default_factory=list)


def default_rule(group: str = "lab-group") -> Rule:
    """What the cloud gives every new group: everything may be sent."""
    return Rule(f"default-egress-{group}", group, remote_ip_prefix="0.0.0.0/0")


class Network:
    """All of it. `v3`: whether the v3 API is published in this region."""

    def __init__(self) -> None:
        self.declare({})

    def declare(self, value: Mapping[str, Any]) -> None:
        """Replace all of it; what is not given is one subnet, one group and its default rule. Raises TypeError."""
        subnets = [Subnet(**entry) for entry in value.get("subnets", [{}])]
        groups = value.get("groups", ["lab-group"])
        rules = [Rule(**entry) for entry in value.get("rules", [asdict(default_rule(group)) for group in groups])]
        addresses = [AddressGroup(**entry) for entry in value.get("address_groups", [])]
        self.subnets = {subnet.id: subnet for subnet in subnets}
        self.groups: list[str] = list(groups)
        self.rules = {rule.id: rule for rule in rules}
        self.address_groups = {group.id: group for group in addresses}
        self.v3: bool = value.get("v3", True)

    def shown(self) -> dict[str, Any]:
        """As `declare` takes it."""
        return {
            "subnets": [asdict(subnet) for subnet in self.subnets.values()],
            "groups": self.groups,
            "rules": [asdict(rule) for rule in self.rules.values()],
            "address_groups": [asdict(group) for group in self.address_groups.values()],
            "v3": self.v3,
        }

    def egress_words(self, server: Server, fleet: Iterable[Server]) -> str:
        """What a server may send, in the lab's words: the first that matches decides, so the most important first."""
        if not server.port_security:
            return ALLOW_ALL
        everybody = list(fleet)
        rules = [
            rule
            for rule in self.rules.values()
            if rule.security_group_id in server.security_groups
            and rule.direction == "egress"
            and rule.enabled
            and rule.ethertype == "IPv4"
        ]
        rules.sort(key=lambda rule: (rule.priority, rule.action != "deny"))
        return ", ".join(word for rule in rules for word in self._words(rule, everybody)) or DENY_ALL

    def _words(self, rule: Rule, fleet: list[Server]) -> Iterable[str]:
        if rule.protocol not in _PROTOCOLS:
            return []
        protocol = _PROTOCOLS[rule.protocol]
        ports = [] if protocol == "icmp" else [part.strip() for part in (rule.multiport or "").split(",") if part]
        protocols = [protocol] if protocol or not ports else ["tcp", "udp"]
        return [
            " ".join(word for word in (rule.action, protocol, remote, port) if word)
            for remote in self._remotes(rule, fleet)
            for protocol in protocols
            for port in ports or [""]
        ]

    def _remotes(self, rule: Rule, fleet: list[Server]) -> list[str]:
        if rule.remote_group_id:
            members = (server for server in fleet if rule.remote_group_id in server.security_groups)
            return [address for server in members for address in server.addresses]
        if rule.remote_address_group_id:
            group = self.address_groups.get(rule.remote_address_group_id)
            return [network for entry in (group.ip_set if group else []) for network in _networks(entry)]
        prefix = rule.remote_ip_prefix
        return ["any"] if prefix in (None, "", "0.0.0.0/0") else [str(prefix)]


def _networks(entry: str) -> list[str]:
    """An entry of an address group: an address, a network, or a range `A-B`."""
    first, dash, last = entry.partition("-")
    if not dash:
        return [entry]
    ends = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
    return [str(network) for network in ipaddress.summarize_address_range(*ends)]
