# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the servers that a module asks for, and a JMESPath expression about them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from .client import Client
from .ecs import Wanted, list_servers, servers_by_id
from .errors import CloudError
from .servers import Server, described, has_tags

_READING = "reading the query"


def run(client: Client, params: Mapping[str, Any]) -> dict[str, Any]:
    """The module's result. Raises CloudError, for an expression that cannot be used before anything is asked."""
    select = _compiled(params["query"]) if params["query"] else None
    wanted_ids = params["server_ids"]
    if wanted_ids is not None:
        by_id = servers_by_id(client, wanted_ids)
        servers = [by_id[server_id] for server_id in dict.fromkeys(wanted_ids) if server_id in by_id]
        missing = [server_id for server_id in dict.fromkeys(wanted_ids) if server_id not in by_id]
    else:
        servers, missing = _listed(client, params), []
    told = [described(server) for server in servers]
    result = {"changed": False, "servers": told, "missing": missing, "api_calls": client.calls}
    return {**result, "result": select(told)} if select else result


def _listed(client: Client, params: Mapping[str, Any]) -> list[Server]:
    tags = {str(key): "" if value is None else str(value) for key, value in (params["tags"] or {}).items()}
    exact = params["exact_name"] or ""
    wanted = Wanted(
        name=params["name"] or exact,
        address=params["address"] or "",
        status=params["status"] or "",
        enterprise_project_id=params["enterprise_project_id"] or "",
        tags=tags,
    )
    found = list_servers(client, wanted)
    # How the API joins several tags is not stated, so they are looked at here again.
    return [server for server in found if has_tags(server, tags) and (not exact or server.name == exact)]


def _compiled(query: str) -> Callable[[Any], Any]:
    """What selects by the expression. Nothing but this needs the library, so it is imported here."""
    try:
        library = importlib.import_module("jmespath")
    except ImportError as error:
        problem = f"the Python library jmespath is not there for {sys.executable}"
        raise CloudError(_READING, problem, kind="input", hint="install it, or leave query out") from error
    broken: type[Exception] = library.exceptions.JMESPathError
    try:
        expression = library.compile(query)
    except broken as error:
        raise CloudError(_READING, f"it is no JMESPath expression ({_line(error)})", kind="input") from error

    def select(servers: Any) -> Any:
        try:
            return expression.search(servers)
        except broken as error:
            raise CloudError(_READING, f"it does not fit the servers ({_line(error)})", kind="input") from error

    return select


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
