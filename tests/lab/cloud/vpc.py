"""What VPC answers (facts/huawei-cloud.md 3); what is changed there reaches the machines before the answer does."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from typing import Any, Protocol, TypeVar

from lab.cloud.api_request import NOT_PUBLISHED, ApiRefusalError, ApiRequest, Reply, Route
from lab.cloud.machines import Machines
from lab.cloud.network import ALLOW_ALL, Network, Rule, Subnet
from lab.cloud.servers import Fleet, Server

_LARGEST_PAGE = 2000
_RULE_FIELDS = frozenset(field.name for field in fields(Rule)) - {"id"}


class _Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=_Named)


class Vpc:
    """The VPC calls."""

    def __init__(self, fleet: Fleet, network: Network, machines: Machines) -> None:
        self._fleet = fleet
        self._network = network
        self._machines = machines
        self._settling = asyncio.Lock()
        self.forget()

    def routes(self) -> list[Route]:
        """What is answered here."""
        rules = "/v3/P/vpc/security-group-rules"
        return [
            ("GET", "/v1/P/ports", self._ports),
            ("PUT", "/v1/P/ports/(?P<port>[^/]+)", self._change_port),
            ("GET", "/v1/P/subnets", self._subnets),
            ("GET", "/v1/P/subnets/(?P<subnet>[^/]+)", self._subnet),
            ("PUT", "/v1/P/vpcs/(?P<vpc>[^/]+)/subnets/(?P<subnet>[^/]+)", self._change_subnet),
            ("GET", "/v1/P/security-group-rules", self._rules_v1),
            ("GET", rules, self._rules),
            ("POST", rules, self._create_rule),
            ("PUT", f"{rules}/(?P<rule>[^/]+)", self._change_rule),
            ("DELETE", f"{rules}/(?P<rule>[^/]+)", self._delete_rule),
            ("GET", "/v3/P/vpc/security-groups", self._groups),
            ("GET", "/v3/P/vpc/security-groups/(?P<group>[^/]+)", self._group),
            ("GET", "/v3/P/vpc/address-groups", self._address_groups),
            ("GET", "/v3/P/vpc/address-groups/(?P<group>[^/]+)", self._address_group),
        ]

    def forget(self) -> None:
        """What the machines were told: a machine that was told nothing may send anything, and is given its address."""
        self._egress: dict[str, str] = {}
        self._dhcp: dict[str, bool] = {}

    async def settle(self) -> None:
        """Tells each machine what is different now. Raises MachineError."""
        async with self._settling:  # so that what is told last is what was decided last
            await self._settle(list(self._fleet.servers.values()))

    async def _settle(self, servers: list[Server]) -> None:
        for server in servers:
            words = self._network.egress_words(server, servers)
            if words != self._egress.get(server.id, ALLOW_ALL):
                await self._machines.filter_egress(server.id, words)
            self._egress[server.id] = words
            subnet = self._network.subnets.get(server.subnet)
            on = subnet is None or subnet.dhcp_enable
            if on != self._dhcp.get(server.id, True):
                await self._machines.serve_dhcp(server.id, on=on)
            self._dhcp[server.id] = on

    # Ports and subnets

    async def _ports(self, request: ApiRequest) -> Any:
        request.need("vpc:ports:get")
        wanted = {"device_id": request.query.get("device_id"), "network_id": request.query.get("network_id")}
        shown = [port for server in self._fleet.servers.values() for port in _ports_of(server)]
        ports = [port for port in shown if all(value in (None, port.shown[key]) for key, value in wanted.items())]
        return {"ports": [port.shown for port in _page(request, ports)]}

    async def _change_port(self, request: ApiRequest) -> Any:
        request.need("vpc:ports:update")
        port_id = request.parts["port"]
        server = next((server for server in self._fleet.servers.values() if server.port_id == port_id), None)
        if server is None:
            raise ApiRefusalError(404, "VPC.0404", f"The port {port_id} could not be found.")
        given = request.body["port"]
        server.security_groups = list(given.get("security_groups", server.security_groups))
        server.port_security = given.get("port_security_enabled", server.port_security)
        await self.settle()
        return {"port": _Port(server).shown}

    async def _subnets(self, request: ApiRequest) -> Any:
        request.need("vpc:subnets:get")
        vpc_id = request.query.get("vpc_id")
        subnets = [subnet for subnet in self._network.subnets.values() if vpc_id in (None, subnet.vpc_id)]
        return {"subnets": [_subnet(subnet) for subnet in _page(request, subnets)]}

    async def _subnet(self, request: ApiRequest) -> Any:
        request.need("vpc:subnets:get")
        return {"subnet": _subnet(self._known_subnet(request))}

    async def _change_subnet(self, request: ApiRequest) -> Any:
        request.need("vpc:subnets:update")
        subnet, given = self._known_subnet(request), request.body["subnet"]
        # What is left out is true, says the documentation.
        self._network.subnets[subnet.id] = replace(
            subnet, name=given["name"], dhcp_enable=given.get("dhcp_enable", True)
        )
        await self.settle()
        return {"subnet": {"id": subnet.id, "status": "ACTIVE"}}

    def _known_subnet(self, request: ApiRequest) -> Subnet:
        found = self._network.subnets.get(request.parts["subnet"])
        if found is None:
            raise ApiRefusalError(404, "VPC.0202", "The subnet does not exist.")
        return found

    # Security groups and their rules

    async def _rules_v1(self, request: ApiRequest) -> Any:
        request.need("vpc:securityGroupRules:get")
        group = request.query.get("security_group_id")
        rules = [rule for rule in self._network.rules.values() if group in (None, rule.security_group_id)]
        return {"security_group_rules": [shown for rule in _page(request, rules) for shown in _rule_v1(rule)]}

    async def _rules(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroupRules:get")
        groups, direction = request.values("security_group_id"), request.query.get("direction")
        rules = [
            rule
            for rule in self._network.rules.values()
            if (not groups or rule.security_group_id in groups) and direction in (None, rule.direction)
        ]
        return _paged("security_group_rules", request, rules)

    async def _create_rule(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroupRules:create")
        given = request.body["security_group_rule"]
        if set(given) - _RULE_FIELDS or given["security_group_id"] not in self._network.groups:
            raise ApiRefusalError(400, "VPC.0601", "Creating a security group rule failed.")
        rule = Rule(str(uuid.uuid4()), **given)
        self._network.rules[rule.id] = rule
        await self.settle()
        return Reply(201, {"security_group_rule": asdict(rule)})

    async def _change_rule(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroupRules:update")
        rule = replace(self._known_rule(request), **request.body["security_group_rule"])
        self._network.rules[rule.id] = rule
        await self.settle()
        return {"security_group_rule": asdict(rule)}

    async def _delete_rule(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroupRules:delete")
        del self._network.rules[self._known_rule(request).id]
        await self.settle()
        return Reply(204)

    def _known_rule(self, request: ApiRequest) -> Rule:
        found = self._network.rules.get(request.parts["rule"])
        if found is None:
            raise ApiRefusalError(404, "VPC.0606", "The security group rule does not exist.")
        return found

    async def _groups(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroups:get")
        return {"security_groups": [{"id": group, "name": group} for group in self._network.groups]}

    async def _group(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:securityGroups:get")
        group = request.parts["group"]
        if group not in self._network.groups:
            raise ApiRefusalError(404, "VPC.0603", "The security group does not exist.")
        rules = [asdict(rule) for rule in self._network.rules.values() if rule.security_group_id == group]
        return {"security_group": {"id": group, "name": group, "security_group_rules": rules}}

    async def _address_groups(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:addressGroups:get")
        ids = request.values("id")
        groups = [group for group in self._network.address_groups.values() if not ids or group.id in ids]
        return _paged("address_groups", request, groups)

    async def _address_group(self, request: ApiRequest) -> Any:
        self._need_v3(request, "vpc:addressGroups:get")
        found = self._network.address_groups.get(request.parts["group"])
        if found is None:
            raise ApiRefusalError(404, "VPC.5002", "The address group does not exist.")
        return {"address_group": asdict(found)}

    def _need_v3(self, request: ApiRequest, action: str) -> None:
        if not self._network.v3:
            raise ApiRefusalError(*NOT_PUBLISHED)
        request.need(action)


def _ports_of(server: Server) -> list[_Port]:
    """A server's ports, in no order that says which is the primary one."""
    return [*([_Port(server, "other-", server.other_subnet)] if server.other_subnet else []), _Port(server)]


class _Port:
    """A server's port, as the API tells of it."""

    def __init__(self, server: Server, kind: str = "", subnet: str = "") -> None:
        self.id = kind + server.port_id
        self.shown: dict[str, Any] = {
            "id": self.id,
            "network_id": subnet or server.subnet,
            "device_id": server.id,
            "device_owner": "compute:lab-1a",
            "security_groups": server.security_groups,
            "port_security_enabled": server.port_security,
            "fixed_ips": [
                {"subnet_id": f"neutron-{server.subnet}", "ip_address": address} for address in server.addresses
            ],
        }


def _page(request: ApiRequest, items: Iterable[T]) -> list[T]:
    """The items after `marker`, at most `limit`."""
    items, marker = list(items), request.query.get("marker")
    start = next((number + 1 for number, item in enumerate(items) if item.id == marker), 0)
    return items[start : start + request.number("limit", _LARGEST_PAGE, _LARGEST_PAGE)]


def _paged(name: str, request: ApiRequest, items: Iterable[Any]) -> dict[str, Any]:
    """A page of v3, which says where the next begins."""
    items = list(items)
    page = _page(request, items)
    info: dict[str, Any] = {"current_count": len(page)}
    if page and page[-1] is not items[-1]:
        info["next_marker"] = page[-1].id
    return {name: [asdict(item) for item in page], "page_info": info}


def _subnet(subnet: Subnet) -> dict[str, Any]:
    more = {"neutron_network_id": subnet.id, "neutron_subnet_id": f"neutron-{subnet.id}", "status": "ACTIVE"}
    return {**asdict(subnet), **more}


def _rule_v1(rule: Rule) -> Iterable[dict[str, Any]]:
    """The older API knows ranges of ports only, one a rule, and neither deny, priority nor disabled."""
    for part in (rule.multiport or "").split(","):
        first, _dash, last = part.partition("-")
        yield {
            "id": rule.id,
            "security_group_id": rule.security_group_id,
            "direction": rule.direction,
            "ethertype": rule.ethertype,
            "protocol": rule.protocol,
            "port_range_min": int(first) if first else None,
            "port_range_max": int(last or first) if first else None,
            "remote_ip_prefix": rule.remote_ip_prefix,
            "remote_group_id": rule.remote_group_id,
            "remote_address_group_id": rule.remote_address_group_id,
        }
