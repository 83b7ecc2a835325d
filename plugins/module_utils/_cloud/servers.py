# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a server as the ECS API tells of it, made plain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RUNNING = "ACTIVE"
STOPPED = "SHUTOFF"
FROZEN = "freeze"


@dataclass(frozen=True)
class Server:
    """What decides about a server. A `gone` one is a placeholder of the API for an id that it does not know."""

    id: str
    name: str
    status: str
    task: str
    locked: bool
    metadata: Mapping[str, str]
    raw: Mapping[str, Any]

    @property
    def gone(self) -> bool:
        """Whether there is no such server."""
        return not self.status

    @property
    def frozen(self) -> bool:
        """Whether the cloud has frozen it, as for a bill that is not paid."""
        return self.metadata.get("EcmResStatus", "").lower() == FROZEN


def read_server(raw: Mapping[str, Any]) -> Server:
    """A server of an answer."""
    metadata = raw.get("metadata")
    return Server(
        id=str(raw.get("id") or ""),
        name=str(raw.get("name") or ""),
        status=str(raw.get("status") or ""),
        task=str(raw.get("OS-EXT-STS:task_state") or ""),
        locked=raw.get("locked") is True,
        metadata={str(key): str(value) for key, value in metadata.items()} if isinstance(metadata, dict) else {},
        raw=raw,
    )


def image_of(server: Server) -> str:
    """The id of the image that it was made from, or nothing."""
    return _id_of(server.raw.get("image")) or ""


def system_disk_of(server: Server) -> str:
    """The id of the disk that it boots from, or nothing."""
    volumes = list(_dicts(server.raw.get("os-extended-volumes:volumes_attached")))
    boot = [volume for volume in volumes if str(volume.get("bootIndex")) == "0"]
    return str((boot or volumes or [{}])[0].get("id") or "")


def eips_of(server: Server) -> list[str]:
    """Its public addresses."""
    return [str(entry["address"]) for entry in _addresses(server.raw) if entry["type"] == "floating"]


def primary_port_of(server: Server) -> str:
    """The id of the port of its primary address, or nothing where that is not told."""
    primary = [entry for entry in _addresses(server.raw) if entry["primary"] is True and entry["port_id"]]
    return str(primary[0]["port_id"]) if primary else ""


def tags_of(server: Server) -> dict[str, str]:
    """The tags, which come as `key=value`, or as `key.value` from an older API."""
    return dict(_tag(str(text)) for text in server.raw.get("tags") or [])


def has_tags(server: Server, wanted: Mapping[str, str]) -> bool:
    """Whether the server has all of these tags; an empty value stands for any."""
    there = tags_of(server)
    return all(key in there and (not value or there[key] == value) for key, value in wanted.items())


def described(server: Server) -> dict[str, Any]:
    """A server as the modules return it. Nothing in it may be a password, so some metadata is left out."""
    raw = server.raw
    return {
        "id": server.id,
        "name": server.name,
        "status": server.status,
        "task_state": server.task or None,
        "power_state": raw.get("OS-EXT-STS:power_state"),
        "vm_state": raw.get("OS-EXT-STS:vm_state"),
        "locked": server.locked,
        "frozen": server.frozen,
        "addresses": _addresses(raw),
        "os_type": server.metadata.get("os_type"),
        "image_id": image_of(server) or None,
        "image_type": server.metadata.get("metering.imagetype"),
        "flavor": _id_of(raw.get("flavor")),
        "availability_zone": raw.get("OS-EXT-AZ:availability_zone"),
        "enterprise_project_id": raw.get("enterprise_project_id"),
        "key_name": raw.get("key_name"),
        "security_groups": [
            {"id": group.get("id"), "name": group.get("name")} for group in _dicts(raw.get("security_groups"))
        ],
        "volumes": [volume.get("id") for volume in _dicts(raw.get("os-extended-volumes:volumes_attached"))],
        "tags": tags_of(server),
        "metadata": {key: value for key, value in server.metadata.items() if "pass" not in key.lower()},
        "created": raw.get("created"),
        "updated": raw.get("updated"),
        "launched_at": raw.get("OS-SRV-USG:launched_at"),
    }


def _tag(text: str) -> tuple[str, str]:
    separator = "=" if "=" in text else "."
    key, _separator, value = text.partition(separator)
    return key, value


def _addresses(raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    networks = raw.get("addresses")
    return [
        {
            "network": network,
            "address": entry.get("addr"),
            "type": entry.get("OS-EXT-IPS:type"),
            "version": _number(entry.get("version")),
            "mac": entry.get("OS-EXT-IPS-MAC:mac_addr"),
            "port_id": entry.get("OS-EXT-IPS:port_id"),
            "primary": entry.get("primary"),
        }
        for network, entries in (networks.items() if isinstance(networks, dict) else ())
        for entry in _dicts(entries)
    ]


def _dicts(value: Any) -> Iterable[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _id_of(value: Any) -> str | None:
    return str(value["id"]) if isinstance(value, dict) and value.get("id") else None


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdigit() else None
