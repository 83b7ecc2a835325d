# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: whether servers could have their passwords reset right now, from both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, Union

from .._prerequisite import failed, report
from .client import Client
from .ecs import resetpwd_flag, servers_by_id
from .egress import Rule, Verdict, judge
from .errors import CloudError
from .prerequisites import CloudFacts, Dhcp, Egress, Flag, Guest, Untold, assess, read_guest
from .servers import Server, primary_port_of
from .vpc import Port, address_groups, egress_rules, ports_of, subnet_dhcp

T = TypeVar("T")
Maybe = Union[T, Untold]  # noqa: UP007 - an expression

# IAM actions by name of the older policies; identity policies call the lists :list.
_FLAG_ACTION = "ecs:cloudServers:showResetPasswordFlag"
_PORTS_ACTION = "vpc:ports:get"
_SUBNETS_ACTION = "vpc:subnets:get"
_RULES_ACTION = "vpc:securityGroupRules:get"


@dataclass(frozen=True)
class ReadinessRequest:
    """Of which servers, with what their guests said: registered results by server id."""

    server_ids: Sequence[str]
    guests: Mapping[str, Any] = field(default_factory=dict)
    check_flag: bool = True


def run(client: Client, request: ReadinessRequest) -> dict[str, Any]:
    """The module's result. Raises CloudError for guests that are mixed up, and if the servers cannot be looked at.

    Whatever else cannot be asked makes prerequisites unknown.
    """
    _check_guests(request)
    servers = servers_by_id(client, request.server_ids)
    network = _Network.asked(client, list(servers))
    flags = _flags(client, servers, request)
    told = [
        _told(
            CloudFacts(
                server,
                flags[server.id],
                network.egress(server),
                network.dhcp(server),
                read_guest(request.guests.get(server.id)),
            )
        )
        for server in servers.values()
    ]
    by_id = {one["id"]: one for one in told}
    ids = list(dict.fromkeys(request.server_ids))
    return {
        "changed": False,
        "servers": [by_id[server_id] for server_id in ids if server_id in by_id],
        "missing": [server_id for server_id in ids if server_id not in by_id],
        "api_calls": client.calls,
    }


def _told(facts: CloudFacts) -> dict[str, Any]:
    guest: Guest | None = facts.guest
    prerequisites = [*assess(facts), *(guest.prerequisites if guest else ())]
    return {
        "id": facts.server.id,
        "name": facts.server.name,
        "ready": not failed(prerequisites),
        "half_missing": None if guest else "guest",
        "prerequisites": report(prerequisites),
    }


def _check_guests(request: ReadinessRequest) -> None:
    wrong = [f"{server_id} is not in server_ids" for server_id in request.guests if server_id not in request.server_ids]
    for server_id, result in request.guests.items():
        if not isinstance(result, Mapping):
            wrong.append(f"what stands under {server_id} is no result of a task")
            continue
        theirs = result.get("server_id")
        if theirs and str(theirs).lower() != server_id.lower():
            wrong.append(f"under {server_id} stands the result of the server {theirs}")
    if wrong:
        hint = "give each server's id the registered result of reset_agent or reset_agent_info on that server"
        raise CloudError("reading guests", "; ".join(wrong), kind="input", hint=hint)


def _flags(client: Client, server_ids: Iterable[str], request: ReadinessRequest) -> dict[str, Flag]:
    """The flag of each server, one call each; after one that could not be asked the others are not, either."""
    last: Flag = "" if request.check_flag else Untold("not asked", "Set check_flag: true.")
    flags: dict[str, Flag] = {}
    for server_id in server_ids:
        if not isinstance(last, Untold):
            last = _asked(partial(resetpwd_flag, client, server_id), _FLAG_ACTION)
        flags[server_id] = last
    return flags


@dataclass(frozen=True)
class _Network:
    """What the VPC service said, each question asked once for all servers."""

    ports: Maybe[dict[str, list[Port]]]
    rules: Maybe[list[Rule]]
    groups: Mapping[str, Sequence[str]]
    subnets: Mapping[str, Maybe[bool | None]]

    @classmethod
    def asked(cls, client: Client, server_ids: Sequence[str]) -> _Network:
        ports = _asked(lambda: ports_of(client, server_ids), _PORTS_ACTION)
        if isinstance(ports, Untold):
            return cls(ports, ports, {}, {})
        all_ports = [port for some in ports.values() for port in some]
        names = _each(group for port in all_ports if port.filtered for group in port.groups)
        rules = _asked(lambda: egress_rules(client, names) if names else [], _RULES_ACTION)
        wanted = [] if isinstance(rules, Untold) else _each(rule.address_group for rule in rules if rule.address_group)
        # Of those that cannot be asked, judge says that they leave it open.
        groups = _asked(lambda: address_groups(client, wanted) if wanted else {}, "vpc:addressGroups:get")
        ids = _each(port.subnet_id for port in all_ports if port.subnet_id)
        subnets = {one: _subnet(client, one) for one in ids}
        return cls(ports, rules, {} if isinstance(groups, Untold) else groups, subnets)

    def port(self, server: Server) -> Port | Untold:
        """The port through which the server talks to the metadata service: its primary one."""
        if isinstance(self.ports, Untold):
            return self.ports
        ports = self.ports.get(server.id, [])
        primary = primary_port_of(server)
        found = [port for port in ports if port.id == primary] or ports
        return found[0] if found else Untold("no port", "See the server's network cards in the console.")

    def egress(self, server: Server) -> Egress:
        """What the port's security groups let out."""
        port = self.port(server)
        if isinstance(port, Untold):
            return port
        if not port.filtered:
            return Verdict("all")
        if isinstance(self.rules, Untold):
            return self.rules
        return judge((rule for rule in self.rules if rule.group in port.groups), self.groups)

    def dhcp(self, server: Server) -> Dhcp:
        """Whether DHCP is on in the port's subnet."""
        port = self.port(server)
        if isinstance(port, Untold):
            return port
        enabled = self.subnets.get(port.subnet_id)
        return Untold("not told", "See the subnet in the console.") if enabled is None else enabled


def _subnet(client: Client, subnet_id: str) -> Maybe[bool | None]:
    return _asked(lambda: subnet_dhcp(client, subnet_id), _SUBNETS_ACTION)


def _asked(question: Callable[[], T], action: str) -> Maybe[T]:
    """The answer, or why there is none."""
    try:
        return question()
    except CloudError as error:
        if error.status == 401 or error.kind == "input":
            raise
        if error.denied:
            return Untold("no permission to ask", f"Ask for the IAM action {action}. {error}")
        return Untold("could not be asked", str(error))


def _each(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
