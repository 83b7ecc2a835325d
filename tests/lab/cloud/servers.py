"""The servers that the cloud knows, and what its API tells of one."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from lab.cloud.api_request import ApiRefusalError

_LAUNCHED = "2026-01-01T00:00:00.000000"
_POWER = {"ACTIVE": 1, "SHUTOFF": 4}
NO_PROJECT = "0"  # the enterprise project called "default"


@dataclass
class Server:
    """One server with one port, and a second one in `other_subnet` if that is said.

    `trouble` says how switching it goes wrong: its part of a job fails, or says that it worked and did not, or never
    ends. `reset` says how a password reset does: the agent is missing, which a dry run may not see; the batch's answer
    does not list it; it is accepted and never reaches the guest. `flag` stands in place of what the machine says.
    """

    id: str
    name: str = "server"
    status: str = "ACTIVE"
    task_state: str | None = None
    locked: bool = False
    addresses: list[str] = field(default_factory=list)
    eips: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    system: str = "Linux"
    enterprise_project_id: str = NO_PROJECT
    trouble: Literal["", "fails", "lies", "hangs"] = ""
    reset: Literal["", "no_agent", "no_agent_unless_dry", "unlisted", "silent"] = ""
    flag: Literal["", "True", "False"] = ""
    image_id: str = "lab-image"
    system_disk: str = ""  # volume-ID where nothing is said
    subnet: str = "lab-subnet"
    security_groups: list[str] = field(default_factory=lambda: ["lab-group"])
    port_security: bool = True
    other_subnet: str = ""

    @property
    def port_id(self) -> str:
        """The id of its primary port."""
        return f"port-{self.id}"

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
            "addresses": {"lab-vpc": [_address(self, address, kind) for address, kind in kinds]},
            "created": "2026-01-01T00:00:00Z",
            "enterprise_project_id": self.enterprise_project_id,
            "flavor": {"id": "lab.small.1"},
            "image": {"id": self.image_id},
            "key_name": None,
            "locked": self.locked,
            "metadata": {"os_type": self.system, "metering.imagetype": "gold", **self.metadata},
            "os-extended-volumes:volumes_attached": [
                {"id": self.system_disk or f"volume-{self.id}", "bootIndex": "0", "device": "/dev/vda"}
            ],
            "security_groups": [{"id": group, "name": group} for group in self.security_groups],
            "tags": [f"{key}={value}" for key, value in self.tags.items()],
            "updated": "2026-01-01T00:00:00Z",
        }


def refuse_unfit(server: Server, statuses: frozenset[str]) -> None:
    """Raises ApiRefusalError for a server with which nothing may be done, or not from this status."""
    if server.locked:
        raise ApiRefusalError(400, "Ecs.0605", f"The server {server.id} is locked.")
    if server.metadata.get("EcmResStatus") == "freeze":
        raise ApiRefusalError(400, "Ecs.0030", f"The server {server.id} is frozen.")
    if server.task_state or server.status not in statuses:
        raise ApiRefusalError(400, "Ecs.0100", f"The status of the server {server.id} does not allow it.")


def nobody(server_id: str) -> dict[str, Any]:
    """What the API tells of an id that it does not know: an entry of nulls, with a fault."""
    empty = dict.fromkeys(Server(server_id).shown())
    return {**empty, "id": server_id, "fault": {"code": 404, "message": f"Instance {server_id} could not be found."}}


def _address(server: Server, address: str, kind: str) -> dict[str, Any]:
    return {
        "addr": address,
        "version": "4",
        "primary": kind == "fixed",
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01",
        "OS-EXT-IPS:port_id": server.port_id,
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

    def known(self, server_id: str) -> Server:
        """One by its id. Raises ApiRefusalError for one that there is not."""
        if server_id not in self.servers:
            raise ApiRefusalError(404, "Ecs.0114", f"The server {server_id} does not exist.")
        return self.servers[server_id]

    def rebuilt(self, server_id: str, image_id: str) -> Server:
        """Give one a new system disk, from this image or from the same one. Raises KeyError."""
        fields: dict[str, Any] = {"system_disk": str(uuid.uuid4()), "status": "ACTIVE", "task_state": None}
        return self.change(server_id, {**fields, "image_id": image_id} if image_id else fields)

    def matching(self, filters: dict[str, str]) -> list[Server]:
        """Those that pass all filters."""
        return [
            server
            for server in self.servers.values()
            if all(FILTERS[name](server, wanted) for name, wanted in filters.items())
        ]
