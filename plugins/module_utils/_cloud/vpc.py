# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is asked of the VPC service, one function a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .client import Call, Client
from .ecs import chunks
from .egress import Rule, read_rule
from .errors import CloudError
from .signing import QueryValue

PAGE = 1000
IDS_A_CALL = 50
# Up to so many servers, each is asked about by its id; more are looked for in the list of all ports.
FEW = 5

_RULES = "reading the security group's rules"


@dataclass(frozen=True)
class Port:
    """A network card of a server. `filtered`: its security groups are applied."""

    id: str
    server_id: str
    subnet_id: str
    groups: tuple[str, ...]
    filtered: bool


def ports_of(client: Client, server_ids: Sequence[str]) -> dict[str, list[Port]]:
    """The ports of each server.

    One call a server for up to FEW. For more, the list of all ports, a thousand a call, as long as that is the cheaper
    way, and then one call for each server that was not in it.
    """
    wanted = list(dict.fromkeys(server_ids))
    found: dict[str, list[Port]] = {}
    if len(wanted) > FEW:
        marker: str | None = ""
        pages = 0
        while marker is not None and pages < len(set(wanted) - set(found)):
            page, marker = _ports(client, {"limit": PAGE, **({"marker": marker} if marker else {})})
            pages += 1
            _sort_in(found, (port for port in page if port.server_id in wanted))
    for server_id in wanted:
        if server_id not in found:
            _sort_in(found, _ports(client, {"device_id": server_id})[0])
    return found


def subnet_dhcp(client: Client, subnet_id: str) -> bool | None:
    """Whether DHCP is on in a subnet; None where the answer does not tell."""
    path = f"/v1/{{project_id}}/subnets/{quote(subnet_id, safe='')}"
    answer = client.send(Call("vpc", "GET", path, "reading the subnet"))
    subnet = answer.get("subnet")
    enabled = subnet.get("dhcp_enable") if isinstance(subnet, dict) else None
    return enabled if isinstance(enabled, bool) else None


def egress_rules(client: Client, groups: Sequence[str]) -> list[Rule]:
    """The egress rules of security groups: a call for fifty of them, or one for each where there is no v3."""
    try:
        raw = [
            entry
            for some in chunks(groups, IDS_A_CALL)
            for entry in _v3(
                client, "security-group-rules", {"security_group_id": list(some), "direction": "egress"}, _RULES
            )
        ]
    except CloudError as error:
        if not error.not_published:
            raise
        raw = [entry for group in groups for entry in _rules_v1(client, group)]
    return [rule for entry in raw if (rule := read_rule(entry))]


def address_groups(client: Client, ids: Sequence[str]) -> dict[str, list[str]]:
    """What is in address groups, by their ids: a call for fifty of them."""
    raw = [
        entry
        for some in chunks(ids, IDS_A_CALL)
        for entry in _v3(client, "address-groups", {"id": list(some)}, "reading the address groups")
    ]
    return {str(entry.get("id")): [str(one) for one in entry.get("ip_set") or []] for entry in raw}


def _ports(client: Client, query: Mapping[str, QueryValue]) -> tuple[list[Port], str | None]:
    """A page of ports, and the marker of the next if there may be one."""
    answer = client.send(Call("vpc", "GET", "/v1/{project_id}/ports", "listing the ports", query))
    raw = _entries(answer, "ports", "listing the ports")
    full = len(raw) >= PAGE and raw[-1].get("id") != query.get("marker")
    return [_port(entry) for entry in raw], str(raw[-1].get("id")) if full else None


def _port(raw: Mapping[str, Any]) -> Port:
    return Port(
        id=str(raw.get("id") or ""),
        server_id=str(raw.get("device_id") or ""),
        subnet_id=str(raw.get("network_id") or ""),
        groups=tuple(str(group) for group in raw.get("security_groups") or []),
        filtered=raw.get("port_security_enabled") is not False,
    )


def _sort_in(found: dict[str, list[Port]], ports: Any) -> None:
    for port in ports:
        found.setdefault(port.server_id, []).append(port)


def _rules_v1(client: Client, group: str) -> list[dict[str, Any]]:
    query: dict[str, QueryValue] = {"security_group_id": group, "limit": PAGE}
    raw: list[dict[str, Any]] = []
    while True:
        answer = client.send(Call("vpc", "GET", "/v1/{project_id}/security-group-rules", _RULES, query))
        page = _entries(answer, "security_group_rules", _RULES)
        raw += page
        if len(page) < PAGE:
            return raw
        query = {**query, "marker": str(page[-1].get("id"))}


def _v3(client: Client, kind: str, query: Mapping[str, QueryValue], attempted: str) -> list[dict[str, Any]]:
    """All entries of a list of the v3 API, whose pages say where the next begins."""
    raw: list[dict[str, Any]] = []
    asked: dict[str, QueryValue] = {**query, "limit": PAGE}
    while True:
        answer = client.send(Call("vpc", "GET", f"/v3/{{project_id}}/vpc/{kind}", attempted, asked))
        raw += _entries(answer, kind.replace("-", "_"), attempted)
        info = answer.get("page_info")
        marker = info.get("next_marker") if isinstance(info, dict) else None
        if not marker or marker == asked.get("marker"):
            return raw
        asked = {**asked, "marker": str(marker)}


def _entries(answer: Mapping[str, Any], name: str, attempted: str) -> list[dict[str, Any]]:
    entries = answer.get(name)
    if not isinstance(entries, list):
        hint = "see whether region and endpoints lead to the cloud's API"
        raise CloudError(attempted, f"the answer has no {name}", kind="no_answer", hint=hint)
    return [entry for entry in entries if isinstance(entry, dict)]
