"""What ECS and IAM answer to a request that was let in (facts/huawei-cloud.md 2.4, 2.5 and 6.2)."""

from __future__ import annotations

import re
from typing import Any

from lab.cloud.api_request import NOT_PUBLISHED, ApiRefusalError, ApiRequest, Handler, Route
from lab.cloud.beside import Beside
from lab.cloud.jobs import Works
from lab.cloud.machines import Machines, Operation
from lab.cloud.network import Network
from lab.cloud.reset import Resets
from lab.cloud.servers import FILTERS, Fleet, Server, nobody, refuse_unfit
from lab.cloud.signature import Account
from lab.cloud.vpc import Vpc

_LARGEST_PAGE = 1000
_USUAL_PAGE = 25
_IDS_A_CALL = 100
_SERVERS_AN_ACTION = 1000

# Body key, operation, IAM action, and the statuses that it may start from.
_ACTIONS: dict[str, tuple[Operation, str, frozenset[str]]] = {
    "os-start": ("start", "ecs:cloudServers:start", frozenset({"SHUTOFF"})),
    "os-stop": ("stop", "ecs:cloudServers:stop", frozenset({"ACTIVE"})),
    "reboot": ("reboot", "ecs:cloudServers:reboot", frozenset({"ACTIVE", "SHUTOFF"})),
}


class Api:
    """ECS, VPC and IAM around one fleet and one network."""

    def __init__(self, fleet: Fleet, works: Works, machines: Machines) -> None:
        self._fleet = fleet
        self._works = works
        self._machines = machines
        self.network = Network()
        self.resets = Resets(fleet, machines)
        self._vpc = Vpc(fleet, self.network, machines)
        routes: list[Route] = [
            ("GET", "/v3/projects", self._projects),
            ("GET", "/v1/P/cloudservers/detail", self._list),
            ("POST", "/v1/P/cloudservers/action", self._act),
            ("GET", "/v1/P/jobs/(?P<job>[^/]+)", self._job),
            *self.resets.routes(),
            *Beside(fleet).routes(),
            *self._vpc.routes(),
        ]
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(pattern.replace("/P/", "/(?P<project>[^/]+)/")), handler)
            for method, pattern, handler in routes
        ]

    async def answer(self, method: str, path: str, account: Account, pairs: list[tuple[str, str]], body: Any) -> Any:
        """The answer: a JSON value, or a Reply. Raises ApiRefusalError."""
        for wanted, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and wanted == method:
                parts = found.groupdict()
                if parts.get("project", account.project_id) != account.project_id:
                    raise ApiRefusalError(400, "Ecs.0023", "The project_id in the token differs from that in the URL.")
                return await handler(ApiRequest(account, pairs, body, parts))
        raise ApiRefusalError(*NOT_PUBLISHED)

    async def rebuild(self, server_id: str, image_id: str = "") -> Server:
        """A new system disk, from this image or from the same one; returns when the server runs again.

        Raises KeyError for a server that there is not, MachineError when it could not be done.
        """
        await self._machines.rebuild(server_id)
        return self._fleet.rebuilt(server_id, image_id)

    async def settle(self) -> None:
        """Has the machines follow what the records now say of security groups and DHCP. Raises MachineError."""
        await self._vpc.settle()

    def clear(self) -> None:
        """A network and a batch API as they are at first; what the machines were told is forgotten."""
        self.network.declare({})
        self.resets.shape = "whole"
        self._vpc.forget()

    async def _projects(self, request: ApiRequest) -> Any:
        name = request.query.get("name")
        account = request.account
        projects = [{"id": account.project_id, "name": account.region, "enabled": True}]
        return {"projects": [project for project in projects if name in (None, project["name"])], "links": {}}

    async def _list(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:listServersDetails")
        limit = request.number("limit", _USUAL_PAGE, _LARGEST_PAGE)
        if "server_id" in request.query:
            # The ids exclude the other filters.
            return self._by_ids(request.query["server_id"].split(","), limit)
        page = request.number("offset", 1, 10**6)
        unknown = set(request.query) - set(FILTERS) - {"limit", "offset"}
        if unknown:
            raise ApiRefusalError(400, "Ecs.0005", f"Invalid parameter {sorted(unknown)}.")
        filters = {name: value for name, value in request.query.items() if name in FILTERS}
        servers = self._fleet.matching(filters)
        shown = servers[(page - 1) * limit : page * limit]
        return {"count": len(servers), "servers": [server.shown() for server in shown]}

    def _by_ids(self, ids: list[str], limit: int) -> Any:
        if len(ids) > _IDS_A_CALL:
            raise ApiRefusalError(400, "Ecs.0005", f"server_id takes up to {_IDS_A_CALL} ids.")
        known = self._fleet.servers
        shown = [known[one].shown() if one in known else nobody(one) for one in ids][:limit]
        return {"count": len(ids), "servers": shown}

    async def _act(self, request: ApiRequest) -> Any:
        body = request.body
        if not isinstance(body, dict) or len(body) != 1 or next(iter(body)) not in _ACTIONS:
            raise ApiRefusalError(400, "Ecs.0005", "Invalid parameter: the body is no action.")
        key, options = next(iter(body.items()))
        operation, action, statuses = _ACTIONS[key]
        request.need(action)
        kind = options.get("type", "SOFT")
        if kind not in ("SOFT", "HARD") or (operation == "start" and "type" in options):
            raise ApiRefusalError(400, "Ecs.0005", "Invalid parameter type.")
        if operation == "reboot" and "type" not in options:
            raise ApiRefusalError(400, "Ecs.0005", "Invalid parameter: type is mandatory.")
        servers = self._chosen([entry["id"] for entry in options["servers"]], statuses)
        return {"job_id": self._works.begin(operation, servers, hard=kind == "HARD").id}

    def _chosen(self, ids: list[str], statuses: frozenset[str]) -> list[Server]:
        """The servers of a batch, all or none of which is taken on."""
        if not 1 <= len(ids) <= _SERVERS_AN_ACTION:
            raise ApiRefusalError(400, "Ecs.0118", f"The number of servers has to be 1 to {_SERVERS_AN_ACTION}.")
        for one in ids:
            if one not in self._fleet.servers:
                raise ApiRefusalError(404, "Ecs.0114", f"The server {one} does not exist.")
        servers = [self._fleet.servers[one] for one in ids]
        for server in servers:
            refuse_unfit(server, statuses)
        return servers

    async def _job(self, request: ApiRequest) -> Any:
        request.need("ecs:jobs:get")
        job = self._works.jobs.get(request.parts["job"])
        if job is None:
            raise ApiRefusalError(400, "Common.0011", "Invalid JobId.")
        return job.shown()
