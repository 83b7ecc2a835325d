"""What ECS and IAM answer to a request that was let in (facts/huawei-cloud.md 2.4, 2.5 and 6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lab.cloud.jobs import Works
from lab.cloud.machines import Operation
from lab.cloud.servers import FILTERS, Fleet, Server, nobody
from lab.cloud.signature import Account

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


class ApiRefusalError(Exception):
    """An error of the API."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class ApiRequest:
    """A request that was let in. `parts` are what the path's pattern named."""

    account: Account
    query: dict[str, str]
    body: Any
    parts: dict[str, str]

    def need(self, action: str) -> None:
        """Raises ApiRefusalError if the account's policy denies the action."""
        if any(fnmatchcase(action, pattern) for pattern in self.account.denied):
            raise ApiRefusalError(403, "Pdp.0001", f"Policy doesn't allow {action} to be performed.")


class Api:
    """ECS and IAM around one fleet."""

    def __init__(self, fleet: Fleet, works: Works) -> None:
        self._fleet = fleet
        self._works = works
        ecs = r"/v1/(?P<project>[^/]+)"
        self._routes: list[tuple[str, re.Pattern[str], Callable[[ApiRequest], Any]]] = [
            ("GET", re.compile(r"/v3/projects"), self._projects),
            ("GET", re.compile(rf"{ecs}/cloudservers/detail"), self._list),
            ("POST", re.compile(rf"{ecs}/cloudservers/action"), self._act),
            ("GET", re.compile(rf"{ecs}/jobs/(?P<job>[^/]+)"), self._job),
        ]

    def answer(self, method: str, path: str, account: Account, query: dict[str, str], body: Any) -> Any:
        """The answer as a JSON value. Raises ApiRefusalError."""
        for wanted, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and wanted == method:
                parts = found.groupdict()
                if parts.get("project", account.project_id) != account.project_id:
                    raise ApiRefusalError(400, "Ecs.0023", "The project_id in the token differs from that in the URL.")
                return handler(ApiRequest(account, query, body, parts))
        raise ApiRefusalError(404, "APIGW.0101", "The API does not exist or has not been published in the environment")

    def _projects(self, request: ApiRequest) -> Any:
        name = request.query.get("name")
        account = request.account
        projects = [{"id": account.project_id, "name": account.region, "enabled": True}]
        return {"projects": [project for project in projects if name in (None, project["name"])], "links": {}}

    def _list(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:listServersDetails")
        limit = _number(request.query, "limit", _USUAL_PAGE, _LARGEST_PAGE)
        if "server_id" in request.query:
            # The ids exclude the other filters.
            return self._by_ids(request.query["server_id"].split(","), limit)
        page = _number(request.query, "offset", 1, 10**6)
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

    def _act(self, request: ApiRequest) -> Any:
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
            if server.locked:
                raise ApiRefusalError(400, "Ecs.0605", f"The server {server.id} is locked.")
            if server.metadata.get("EcmResStatus") == "freeze":
                raise ApiRefusalError(400, "Ecs.0030", f"The server {server.id} is frozen.")
            if server.task_state or server.status not in statuses:
                raise ApiRefusalError(400, "Ecs.0100", f"The status of the server {server.id} does not allow it.")
        return servers

    def _job(self, request: ApiRequest) -> Any:
        request.need("ecs:jobs:get")
        job = self._works.jobs.get(request.parts["job"])
        if job is None:
            raise ApiRefusalError(400, "Common.0011", "Invalid JobId.")
        return job.shown()


def _number(query: dict[str, str], name: str, usual: int, largest: int) -> int:
    text = query.get(name, str(usual))
    if not text.isdigit() or not 1 <= int(text) <= largest:
        raise ApiRefusalError(400, "Ecs.0005", f"Invalid parameter {name}.")
    return int(text)
