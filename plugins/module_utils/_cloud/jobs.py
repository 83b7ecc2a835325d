# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: following a job of the cloud and its sub-jobs, one a server, to their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .client import Client
from .ecs import show_job

_ENDS = frozenset({"SUCCESS", "FAIL"})


@dataclass(frozen=True)
class Ending:
    """How a job ended, in all or for one server. `status` is SUCCESS, FAIL, or what it was when the wait was over."""

    status: str
    code: str = ""
    message: str = ""

    @property
    def over(self) -> bool:
        """Whether it came to an end."""
        return self.status in _ENDS


@dataclass(frozen=True)
class Report:
    """A job's ending, and those of its sub-jobs by server id, as far as it names any."""

    job: Ending
    servers: Mapping[str, Ending] = field(default_factory=dict)

    def of(self, server_id: str) -> Ending:
        """How it ended for a server. A sub-job that is not told of ended as the job did."""
        return self.servers.get(server_id, self.job)


@dataclass(frozen=True)
class Patience:
    """How long to follow something, and how long to wait between two looks, in seconds."""

    timeout: float
    interval: float


def follow(client: Client, job_id: str, patience: Patience) -> Report:
    """Looks at the job until it ends or the time is over; the report says which. Raises CloudError as `send` does."""
    until = client.clock.monotonic() + patience.timeout
    while True:
        # No job is over at once, so the first look would tell nothing.
        client.clock.sleep(max(0.0, min(patience.interval, until - client.clock.monotonic())))
        report = read_job(show_job(client, job_id))
        if report.job.over or client.clock.monotonic() >= until:
            return report


def read_job(answer: Mapping[str, Any]) -> Report:
    """A job's answer. A job without sub-jobs may name its one server itself."""
    entities = answer.get("entities")
    entities = entities if isinstance(entities, dict) else {}
    job = _ending(answer, entities)
    servers = {}
    for sub in entities.get("sub_jobs") or []:
        inner = sub.get("entities") or {}
        if server_id := inner.get("server_id"):
            servers[str(server_id)] = _ending(sub, inner)
    return Report(job, servers)


def _ending(answer: Mapping[str, Any], entities: Mapping[str, Any]) -> Ending:
    message = answer.get("fail_reason") or entities.get("errorcode_message") or answer.get("message")
    code = answer.get("error_code") or answer.get("code")
    return Ending(str(answer.get("status") or ""), str(code or ""), str(message or ""))
