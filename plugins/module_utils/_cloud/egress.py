# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a security group's rules let out to the metadata service. Asks nobody.

The agent needs TCP port 80 of 169.254.169.254; the vendor asks for 169.254.0.0/16. All groups of a port count together:
the rule with the smallest priority decides, and deny comes before allow at the same one (usermanual-vpc). What a rule
matches cannot always be said, as with a remote group: then both ways are tried, and only what holds both ways is told.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

LINK_LOCAL = ipaddress.IPv4Network("169.254.0.0/16")
METADATA = ipaddress.IPv4Address("169.254.169.254")
PORT = 80

_TCP = frozenset({"", "tcp", "6", "any", "all", "-1"})
# For rules of the older API, which has neither priorities nor deny.
_ONLY_PRIORITY = 1

# all: the whole of 169.254.0.0/16; partial: the metadata service, and not all of it; undecided: nobody can say.
Reach = Literal["all", "partial", "none", "undecided"]
Networks = tuple[ipaddress.IPv4Network, ...]


@dataclass(frozen=True)
class Rule:
    """An enabled IPv4 egress rule. `ports` is empty for all, or as v3 has it: `80`, `1-30`, `22,3389,80`."""

    id: str
    group: str
    protocol: str = ""
    ports: str = ""
    prefix: str = ""
    remote_group: str = ""
    address_group: str = ""
    deny: bool = False
    priority: int = _ONLY_PRIORITY

    @property
    def told(self) -> str:
        """For a person."""
        return f"the {'deny' if self.deny else 'allow'} rule {self.id} of the group {self.group}"


@dataclass(frozen=True)
class Verdict:
    """What gets out, and the rules that decide or leave it open."""

    reach: Reach
    rules: tuple[Rule, ...] = ()


def read_rule(raw: Mapping[str, Any]) -> Rule | None:
    """A rule of an answer of either API; None for one that says nothing of what is sent over IPv4."""
    of_egress = raw.get("direction") == "egress" and str(raw.get("ethertype") or "IPv4").lower() == "ipv4"
    if not of_egress or raw.get("enabled") is False:
        return None
    first, last = raw.get("port_range_min"), raw.get("port_range_max")
    between = "" if first is None or last is None else f"{first}-{last}"
    priority = raw.get("priority")
    return Rule(
        id=str(raw.get("id") or ""),
        group=str(raw.get("security_group_id") or ""),
        protocol=str(raw.get("protocol") or "").lower(),
        ports=str(raw.get("multiport") or between),
        prefix=str(raw.get("remote_ip_prefix") or ""),
        remote_group=str(raw.get("remote_group_id") or ""),
        address_group=str(raw.get("remote_address_group_id") or ""),
        deny=raw.get("action") == "deny",
        priority=priority if isinstance(priority, int) else _ONLY_PRIORITY,
    )


def judge(rules: Iterable[Rule], address_groups: Mapping[str, Sequence[str]]) -> Verdict:
    """What the rules of all groups of a port let out. Takes the addresses of those address groups that are known."""
    ordered = sorted(rules, key=lambda rule: (rule.priority, not rule.deny))
    effects = [(rule, *effect) for rule in ordered if (effect := _effect(rule, address_groups))]
    worst, best = (_reach(_allowed(effects, hopeful=hopeful)) for hopeful in (False, True))
    if worst != best:
        return Verdict("undecided", tuple(rule for rule, _networks, certain in effects if not certain))
    deciding = [rule for rule, networks, certain in effects if certain and _holds(networks, METADATA)]
    return Verdict(best, tuple(deciding[:1]))


def _effect(rule: Rule, address_groups: Mapping[str, Sequence[str]]) -> tuple[Networks, bool] | None:
    """The link-local networks that a rule is about, and whether that is certain; None for none."""
    if rule.protocol not in _TCP:
        return None
    ports = _has_port(rule.ports)
    if ports is False:
        return None
    if rule.remote_group:
        return (LINK_LOCAL,), False
    if rule.address_group:
        known = address_groups.get(rule.address_group)
        networks = None if known is None else _all_networks(known)
    else:
        networks = _networks(rule.prefix) if rule.prefix else (LINK_LOCAL,)
    if networks is None:
        return (LINK_LOCAL,), False
    there = tuple(part for network in networks for part in _common(network))
    return (there, bool(ports)) if there else None


def _has_port(ports: str) -> bool | None:
    """Whether port 80 is among them; None where they cannot be read."""
    try:
        spans = [part.split("-") for part in ports.split(",") if part.strip()]
        return not spans or any(int(span[0]) <= PORT <= int(span[-1]) for span in spans)
    except ValueError:
        return None


def _all_networks(entries: Iterable[str]) -> Networks | None:
    read = [_networks(entry) for entry in entries]
    return None if None in read else tuple(network for networks in read for network in networks or ())


def _networks(entry: str) -> Networks | None:
    """An address, a network or a range `A-B`; empty for one of IPv6, None for what cannot be read."""
    first, dash, last = (part.strip() for part in entry.partition("-"))
    try:
        if dash:
            ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
            if isinstance(ends[0], ipaddress.IPv4Address) and isinstance(ends[1], ipaddress.IPv4Address):
                return tuple(ipaddress.summarize_address_range(ends[0], ends[1]))
            return ()
        network = ipaddress.ip_network(first, strict=False)
    except (TypeError, ValueError):
        return None
    return (network,) if isinstance(network, ipaddress.IPv4Network) else ()


def _common(network: ipaddress.IPv4Network) -> Networks:
    """What of it is link-local."""
    if network.supernet_of(LINK_LOCAL):
        return (LINK_LOCAL,)
    return (network,) if network.subnet_of(LINK_LOCAL) else ()


def _allowed(effects: Iterable[tuple[Rule, Networks, bool]], *, hopeful: bool) -> Networks:
    """What gets out if everything uncertain comes out well, or if it does not."""
    open_: Networks = (LINK_LOCAL,)
    allowed: list[ipaddress.IPv4Network] = []
    for rule, networks, certain in effects:
        if not certain and rule.deny == hopeful:
            continue
        for network in networks:
            if not rule.deny:
                allowed += [part for one in open_ for part in _overlap(one, network)]
            open_ = tuple(part for one in open_ for part in _without(one, network))
    return tuple(ipaddress.collapse_addresses(allowed))


def _overlap(one: ipaddress.IPv4Network, other: ipaddress.IPv4Network) -> Networks:
    if not one.overlaps(other):
        return ()
    return (one,) if one.subnet_of(other) else (other,)


def _without(one: ipaddress.IPv4Network, other: ipaddress.IPv4Network) -> Networks:
    if not one.overlaps(other):
        return (one,)
    return () if one.subnet_of(other) else tuple(one.address_exclude(other))


def _reach(allowed: Networks) -> Reach:
    if LINK_LOCAL in allowed:
        return "all"
    return "partial" if _holds(allowed, METADATA) else "none"


def _holds(networks: Networks, address: ipaddress.IPv4Address) -> bool:
    return any(address in network for network in networks)
