"""What ECS answers about what stands beside a server: itself, its metadata, tags and ports (facts 2.4 and 2.6)."""

from __future__ import annotations

from typing import Any

from lab.cloud.api_request import ApiRefusalError, ApiRequest, Reply, Route
from lab.cloud.servers import Fleet

_LONGEST = 255
_LONGEST_TAG_KEY = 36
_LONGEST_TAG_VALUE = 43
METADATA_QUOTA = 40
TAG_QUOTA = 10


class Beside:
    """The calls about one server."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def routes(self) -> list[Route]:
        """What is answered here."""
        one = "/v1/P/cloudservers/(?P<server>[^/]+)"
        return [
            ("GET", one, self._show),
            ("POST", f"{one}/metadata", self._set_metadata),
            ("DELETE", f"{one}/metadata/(?P<key>[^/]+)", self._delete_metadata),
            ("GET", f"{one}/tags", self._tags),
            ("POST", f"{one}/tags/action", self._change_tags),
            ("GET", f"{one}/os-interface", self._interfaces),
        ]

    async def _show(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:showServer")
        return {"server": self._fleet.known(request.parts["server"]).shown()}

    async def _set_metadata(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:updateMetadata")
        server = self._fleet.known(request.parts["server"])
        given: dict[str, str] = dict(request.body["metadata"])
        if not all(1 <= len(key) <= _LONGEST and len(value) <= _LONGEST for key, value in given.items()):
            raise ApiRefusalError(400, "Ecs.0005", "Invalid parameter: metadata.")
        if len({**server.metadata, **given}) > METADATA_QUOTA:
            raise ApiRefusalError(413, "Ecs.0005", "The number of metadata items exceeds the quota.")
        server.metadata.update(given)
        return {"metadata": given}

    async def _delete_metadata(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:deleteMetadata")
        server = self._fleet.known(request.parts["server"])
        if request.parts["key"] not in server.metadata:
            raise ApiRefusalError(404, "Ecs.0005", "There is no such metadata item.")
        del server.metadata[request.parts["key"]]
        return Reply(204)

    async def _tags(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:showServerTags")
        tags = self._fleet.known(request.parts["server"]).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    async def _change_tags(self, request: ApiRequest) -> Any:
        create = {"create": True, "delete": False}[request.body["action"]]
        request.need(f"ecs:cloudServers:batch{'Create' if create else 'Delete'}ServerTags")
        server = self._fleet.known(request.parts["server"])
        given = {tag["key"]: tag.get("value", "") for tag in request.body["tags"]}
        if any(not 1 <= len(k) <= _LONGEST_TAG_KEY or len(v) > _LONGEST_TAG_VALUE for k, v in given.items()):
            raise ApiRefusalError(400, "Ecs.0906", "A tag's key or value is not allowed.")
        if create and len({**server.tags, **given}) > TAG_QUOTA:
            raise ApiRefusalError(400, "Ecs.0905", "The number of tags exceeds the limit.")
        if create:
            server.tags.update(given)
        else:
            for key in given:
                server.tags.pop(key, None)
        return Reply(204)

    async def _interfaces(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:listServerInterfaces")
        server = self._fleet.known(request.parts["server"])
        port = {
            "port_id": server.port_id,
            "net_id": server.subnet,
            "mac_addr": "fa:16:3e:00:00:01",
            "port_state": "ACTIVE",
            "fixed_ips": [
                {"subnet_id": f"neutron-{server.subnet}", "ip_address": address} for address in server.addresses
            ],
        }
        return {"interfaceAttachments": [port]}
