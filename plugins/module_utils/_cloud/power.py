# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: starting, stopping and restarting servers, and seeing that they get there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .client import Client
from .ecs import SERVERS_AN_ACTION, Action, Mode, chunks, power, servers_by_id
from .errors import CloudError
from .jobs import Ending, Patience, follow
from .power_plan import REACHED, Line, State, plan, summary
from .servers import Server


@dataclass(frozen=True)
class PowerRequest:
    """What is wanted of which servers. Without `patience` nobody waits for the end."""

    state: State
    server_ids: Sequence[str]
    mode: Mode = "soft"
    patience: Patience | None = None
    check: bool = False


def run(client: Client, request: PowerRequest) -> dict[str, Any]:
    """The module's result; with `failed` and `msg` when a server did not get there.

    Raises CloudError only for what went wrong before anything was changed.
    """
    servers = servers_by_id(client, request.server_ids)
    lines = plan(request.state, request.server_ids, servers)
    planned = [line for line in lines if line.outcome == "planned"]
    if not request.check:
        _act(client, request, planned)
        if request.patience:
            _watch(client, request.patience, planned)
    return _result(client, request, lines)


def _result(client: Client, request: PowerRequest, lines: list[Line]) -> dict[str, Any]:
    touched = {"planned", "accepted", "done"}
    # One that failed, or that nobody knows of, may have changed: only what was refused has not.
    changed = any(line.outcome in touched or (line.action and line.outcome in ("failed", "unknown")) for line in lines)
    problem = summary(request.state, lines)
    result = {"changed": changed, "servers": [line.result() for line in lines], "api_calls": client.calls}
    return {**result, "failed": True, "msg": problem} if problem else result


def _act(client: Client, request: PowerRequest, lines: list[Line]) -> None:
    """One call for each kind of action and thousand servers."""
    for action in REACHED:
        of_action = [line for line in lines if line.action == action]
        for batch in chunks(of_action, SERVERS_AN_ACTION):
            _ask(client, action, request.mode, batch)


def _ask(client: Client, action: Action, mode: Mode, batch: Sequence[Line]) -> None:
    try:
        job_id = power(client, action, [line.id for line in batch], mode)
    except CloudError as error:
        _refused(batch, error)
        return
    for line in batch:
        line.job_id = job_id
        line.ended("accepted")


def _refused(batch: Iterable[Line], error: CloudError) -> None:
    """The whole call was refused; where the answer names servers, each gets the reason of its own."""
    own = error.fault.by_server
    for line in batch:
        line.broken(error)
        if line.id in own:
            code, message = own[line.id]
            line.refuse(f"the API answered {code or error.code} '{message}'", code or error.code)


def _watch(client: Client, patience: Patience, lines: list[Line]) -> None:
    """Follows the jobs, all by the same deadline, then looks at the servers themselves: a job may say what it likes."""
    until = client.clock.monotonic() + patience.timeout
    asked = [line for line in lines if line.outcome in ("accepted", "unknown")]
    for job_id in dict.fromkeys(line.job_id for line in asked if line.job_id):
        of_job = [line for line in asked if line.job_id == job_id]
        _follow(client, job_id, Patience(until - client.clock.monotonic(), patience.interval), of_job)
    # What was restarted looks the same before and after, so only its job can tell.
    to_see = [
        line for line in asked if line.outcome == "done" or (line.outcome == "unknown" and line.action != "reboot")
    ]
    _see(client, until, patience.interval, to_see)


def _follow(client: Client, job_id: str, patience: Patience, lines: list[Line]) -> None:
    try:
        report = follow(client, job_id, patience)
    except CloudError as error:
        for line in lines:
            line.broken(error)
            line.outcome = "unknown"
        return
    for line in lines:
        _ended(line, report.of(line.id))


def _ended(line: Line, ending: Ending) -> None:
    if ending.status == "SUCCESS":
        line.ended("done")
    elif ending.over:
        said = f"{ending.code} '{ending.message}'" if ending.code or ending.message else "no reason"
        line.ended("failed", f"its part of the job {line.job_id} failed with {said}", ending.code)
    else:
        line.ended(
            "unknown", f"the job {line.job_id} was still {ending.status or 'unknown'} when wait_timeout was over"
        )


def _see(client: Client, until: float, interval: float, waiting: list[Line]) -> None:
    """Looks until each server is what it should be, or the time is over."""
    while waiting:
        try:
            servers = servers_by_id(client, [line.id for line in waiting])
        except CloudError as error:
            for line in waiting:
                line.broken(error)
                line.outcome = "unknown"
            return
        waiting = [line for line in waiting if not _settled(line, servers.get(line.id))]
        left = until - client.clock.monotonic()
        if left <= 0:
            break
        if waiting:
            client.clock.sleep(min(interval, left))
    for line in waiting:
        if line.outcome == "done":
            line.ended("failed", f"the job says that it succeeded, and the server's status is {line.status or 'gone'}")


def _settled(line: Line, server: Server | None) -> bool:
    """Notes the server's status; whether it is what it should be, with nothing going on."""
    line.status = server.status if server else ""
    there = server is not None and not server.task and line.status == REACHED[line.action or "reboot"]
    if there:
        line.ended("done")
    return there
