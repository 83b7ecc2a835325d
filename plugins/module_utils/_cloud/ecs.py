# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is asked of the ECS service, one function a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from .client import Call, Client
from .errors import CloudError, Fault, accepted_ids, internal_errors
from .servers import Server, read_server
from .signing import QueryValue

PAGE = 1000
IDS_A_CALL = 100
SERVERS_AN_ACTION = 1000

Action = Literal["os-start", "os-stop", "reboot"]
Mode = Literal["soft", "hard"]
DOING: dict[Action, str] = {"os-start": "starting", "os-stop": "stopping", "reboot": "restarting"}

_BASE = "/v1/{project_id}/cloudservers"
_LISTING = "listing the servers"
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """Which servers to list; what is empty does not matter. `name` is a part of one, as the API takes it."""

    name: str = ""
    address: str = ""
    status: str = ""
    enterprise_project_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def query(self) -> dict[str, QueryValue]:
        """The API's filters."""
        asked = {
            "name": self.name,
            "ip_eq": self.address,
            "status": self.status,
            "enterprise_project_id": self.enterprise_project_id,
            "tags": ",".join(f"{key}={value}" if value else key for key, value in self.tags.items()),
        }
        return {key: value for key, value in asked.items() if value}


def list_servers(client: Client, wanted: Wanted) -> list[Server]:
    """All servers that match: one call a thousand, and one more when the last page is full.

    `count` is not trusted to end the listing, only to go on after a page that is shorter than it was asked for.
    """
    found: dict[str, Server] = {}
    page = 1
    while True:
        # `offset` is the number of the page, from 1.
        query: dict[str, QueryValue] = {**wanted.query(), "limit": PAGE, "offset": page}
        answer = client.send(Call("ecs", "GET", f"{_BASE}/detail", _LISTING, query))
        servers = [read_server(raw) for raw in _list(answer, "servers")]
        # Pages move when servers come and go meanwhile: one that is there twice counts once.
        new = [server for server in servers if server.id not in found]
        found.update((server.id, server) for server in new)
        if not new or (len(servers) < PAGE and len(found) >= _count(answer)):
            return [server for server in found.values() if not server.gone]
        page += 1


def servers_by_id(client: Client, ids: Sequence[str]) -> dict[str, Server]:
    """The servers of these ids, without those that are not there: one call a hundred."""
    found: dict[str, Server] = {}
    for chunk in chunks(list(dict.fromkeys(ids)), IDS_A_CALL):
        query: dict[str, QueryValue] = {"server_id": ",".join(chunk), "limit": IDS_A_CALL}
        answer = client.send(Call("ecs", "GET", f"{_BASE}/detail", _LISTING, query))
        servers = (read_server(raw) for raw in _list(answer, "servers"))
        found.update((server.id, server) for server in servers if not server.gone and server.id in chunk)
    return found


def power(client: Client, action: Action, ids: Sequence[str], mode: Mode) -> str:
    """Starts, stops or restarts up to a thousand servers; returns the job's id."""
    inner: dict[str, Any] = {"servers": [{"id": server_id} for server_id in ids]}
    if action != "os-start":
        inner["type"] = mode.upper()
    attempted = f"{DOING[action]} {len(ids)} server{'s' if len(ids) != 1 else ''}"
    answer = client.send(Call("ecs", "POST", f"{_BASE}/action", attempted, body={action: inner}))
    job_id = answer.get("job_id")
    if not job_id:
        raise CloudError(attempted, "the answer names no job, so nobody knows whether it was done", kind="no_answer")
    return str(job_id)


def show_job(client: Client, job_id: str) -> dict[str, Any]:
    """A job as it stands."""
    return client.send(
        Call("ecs", "GET", f"/v1/{{project_id}}/jobs/{quote(job_id, safe='')}", f"following the job {job_id}")
    )


def reset_one(client: Client, server_id: str, password: str, *, checked: bool) -> None:
    """Resets one server's password; `checked`: the API looks at its complexity.

    May be done twice: the same password only replaces itself while it waits for the next start.
    """
    inner = {"new_password": password, "is_check_password": checked}
    path = f"{_of(server_id)}/os-reset-password"
    client.send(Call("ecs", "PUT", path, "resetting the password", body={"reset-password": inner}, secrets=(password,)))


@dataclass(frozen=True)
class BatchAnswer:
    """Of which servers a batch says that it accepted them, and why not others: code and message by server id.

    `error` where it says that it failed as a whole; even then it may have been done with some.
    """

    accepted: frozenset[str] = frozenset()
    refused: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    error: CloudError | None = None


def reset_batch(client: Client, ids: Sequence[str], password: str, *, dry_run: bool) -> BatchAnswer:
    """Resets up to a thousand servers to one password, or has the API say whether it would.

    Whether a batch with a server that cannot be reset is refused as a whole is not documented, so both are read.
    """
    body = {"new_password": password, "dry_run": dry_run, "servers": [{"id": server_id} for server_id in ids]}
    attempted = f"{'trying out' if dry_run else 'resetting'} the password of {len(ids)} server{'s' * (len(ids) != 1)}"
    path = f"{_BASE}/os-reset-passwords"
    try:
        answer = client.send(Call("ecs", "PUT", path, attempted, body=body, secrets=(password,)))
    except CloudError as error:
        return BatchAnswer(frozenset(error.fault.accepted), error.fault.by_server, error)
    fault = Fault(internal_errors=internal_errors(answer)).without((password,))
    return BatchAnswer(frozenset(accepted_ids(answer)), fault.by_server)


def resetpwd_flag(client: Client, server_id: str) -> str:
    """`True` if a reset agent on the server once reached the metadata service, otherwise `False`."""
    path = f"{_of(server_id)}/os-resetpwd-flag"
    answer = client.send(Call("ecs", "GET", path, "asking for resetpwd_flag"))
    return str(answer.get("resetpwd_flag"))


def set_metadata(client: Client, server_id: str, entries: Mapping[str, str]) -> None:
    """Sets entries of a server's metadata, and leaves the others."""
    path, body = f"{_of(server_id)}/metadata", {"metadata": dict(entries)}
    client.send(Call("ecs", "POST", path, "setting the server's metadata", body=body, repeatable=True))


def set_tags(client: Client, server_id: str, tags: Mapping[str, str]) -> None:
    """Sets tags of a server, and leaves the others."""
    body = {"action": "create", "tags": [{"key": key, "value": value} for key, value in tags.items()]}
    path = f"{_of(server_id)}/tags/action"
    client.send(Call("ecs", "POST", path, "setting the server's tags", body=body, repeatable=True))


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _of(server_id: str) -> str:
    return f"{_BASE}/{quote(server_id, safe='')}"


def _list(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = answer.get(name)
    if not isinstance(entries, list):
        hint = "see whether region and endpoints lead to the cloud's API"
        raise CloudError(_LISTING, f"the answer has no {name}", kind="no_answer", hint=hint)
    return [entry for entry in entries if isinstance(entry, dict)]


def _count(answer: Mapping[str, Any]) -> int:
    count = answer.get("count")
    return count if isinstance(count, int) else 0
