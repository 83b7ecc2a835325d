"""The servers that the cloud knows, and what its API tells of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

_LAUNCHED = "2026-01-01T00:00:00.000000"
_POWER = {"ACTIVE": 1, "SHUTOFF": 4}
NO_PROJECT = "0"  # the enterprise project called "default"


@dataclass
class Server:
    """One server. `trouble` says how switching it goes wrong: its part of a job fails, or says that it worked and did
    not, or never ends."""

    id: str
    name: str = "server"
    status: str = "ACTIVE"
    task_state: str | None = None
    locked: bool = False
    addresses: list[str] = field(default_factory=list)
    eips: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    enterprise_project_id: str = NO_PROJECT
    trouble: Literal["", "fails", "lies", "hangs"] = ""

    def shown(self) -> dict[str, Any]:
        """As the API tells of it."""
        kinds = [(address, "fixed") for address in self.addresses] + [(address, "floating") for address in self.eips]
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "OS-EXT-STS:task_state": self.task_state,
            "OS-EXT-STS:vm_state": "active" if self.status == "ACTIVE" else "stopped",
            "OS-EXT-STS:power_state": _POWER.get(self.status, 0),
            "OS-EXT-AZ:availability_zone": "lab-1a",
            "OS-SRV-USG:launched_at": _LAUNCHED,
            "addresses": {"lab-vpc": [_address(address, kind) for address, kind in kinds]},
            "created": "2026-01-01T00:00:00Z",
            "enterprise_project_id": self.enterprise_project_id,
            "flavor": {"id": "lab.small.1"},
            "image": {"id": "lab-image"},
            "key_name": None,
            "locked": self.locked,
            "metadata": {"os_type": "Linux", "metering.imagetype": "gold", **self.metadata},
            "os-extended-volumes:volumes_attached": [{"id": f"volume-{self.id}", "bootIndex": "0"}],
            "security_groups": [{"id": "lab-group", "name": "default"}],
            "tags": [f"{key}={value}" for key, value in self.tags.items()],
            "updated": "2026-01-01T00:00:00Z",
        }


def nobody(server_id: str) -> dict[str, Any]:
    """What the API tells of an id that it does not know: an entry of nulls, with a fault."""
    empty = dict.fromkeys(Server(server_id).shown())
    return {**empty, "id": server_id, "fault": {"code": 404, "message": f"Instance {server_id} could not be found."}}


def _address(address: str, kind: str) -> dict[str, Any]:
    return {
        "addr": address,
        "version": "4",
        "primary": kind == "fixed",
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01",
        "OS-EXT-IPS:port_id": f"port-{address}",
    }


def _tagged(server: Server, wanted: str) -> bool:
    pairs = (part.partition("=") for part in wanted.split(","))
    return all(key in server.tags and (not equals or server.tags[key] == value) for key, equals, value in pairs)


FILTERS: dict[str, Callable[[Server, str], bool]] = {
    "name": lambda server, wanted: wanted in server.name,
    "ip_eq": lambda server, wanted: wanted in (*server.addresses, *server.eips),
    "status": lambda server, wanted: server.status == wanted,
    "tags": _tagged,
    "enterprise_project_id": lambda server, wanted: wanted in ("all_granted_eps", server.enterprise_project_id),
}


class Fleet:
    """All servers, in order."""

    def __init__(self) -> None:
        self.servers: dict[str, Server] = {}

    def declare(self, values: list[dict[str, Any]]) -> None:
        """Replace all of them. Raises TypeError for a field that there is not."""
        self.servers = {server.id: server for server in (Server(**value) for value in values)}

    def change(self, server_id: str, fields: dict[str, Any]) -> Server:
        """Change one. Raises KeyError for one that there is not, TypeError for such a field."""
        server = dataclasses.replace(self.servers[server_id], **fields)
        self.servers[server_id] = server
        return server

    def matching(self, filters: dict[str, str]) -> list[Server]:
        """Those that pass all filters."""
        return [
            server
            for server in self.servers.values()
            if all(FILTERS[name](server, wanted) for name, wanted in filters.items())
        ]
