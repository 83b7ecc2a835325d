"""Jobs that take time: one sub-job a server, each switching a machine."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

from lab.cloud.machines import MachineError, Machines, Operation
from lab.cloud.servers import Fleet, Server

_TASKS: dict[Operation, str] = {"start": "powering-on", "stop": "powering-off", "reboot": "rebooting"}
_REACHED: dict[Operation, str] = {"start": "ACTIVE", "stop": "SHUTOFF", "reboot": "ACTIVE"}
_TYPES: dict[Operation, str] = {"start": "batchStartServer", "stop": "batchStopServer", "reboot": "batchRebootServer"}
_CODES: dict[Operation, str] = {"start": "Ecs.0226", "stop": "Ecs.0225", "reboot": "Ecs.0227"}


@dataclass
class SubJob:
    """A server's part of a job."""

    server_id: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: str = "INIT"
    error_code: str | None = None
    fail_reason: str | None = None


@dataclass
class Job:
    """A job, as it stands."""

    kind: str
    parts: list[SubJob]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def status(self) -> str:
        """SUCCESS when all parts are, FAIL when all are over and one failed, otherwise RUNNING."""
        states = {part.status for part in self.parts}
        if states <= {"SUCCESS"}:
            return "SUCCESS"
        return "FAIL" if states <= {"SUCCESS", "FAIL"} else "RUNNING"

    def shown(self) -> dict[str, Any]:
        """As the API tells of it."""
        failed = self.status == "FAIL"
        return {
            "job_id": self.id,
            "job_type": self.kind,
            "status": self.status,
            "begin_time": "2026-01-01T00:00:00.000Z",
            "end_time": None,
            "error_code": "Common.0021" if failed else None,
            "fail_reason": "Failed to execute the sub-jobs." if failed else None,
            "entities": {
                "sub_jobs_total": len(self.parts),
                "sub_jobs": [
                    {
                        "job_id": part.id,
                        "job_type": self.kind.removeprefix("batch"),
                        "status": part.status,
                        "error_code": part.error_code,
                        "fail_reason": part.fail_reason,
                        "entities": {"server_id": part.server_id},
                    }
                    for part in self.parts
                ],
            },
        }


class Works:
    """Runs the jobs."""

    def __init__(self, fleet: Fleet, machines: Machines) -> None:
        self.jobs: dict[str, Job] = {}
        self._fleet = fleet
        self._machines = machines
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, operation: Operation, servers: list[Server], *, hard: bool) -> Job:
        """Start a job for these servers; they are busy from now on."""
        job = Job(_TYPES[operation], [SubJob(server.id) for server in servers])
        self.jobs[job.id] = job
        for server, part in zip(servers, job.parts, strict=True):
            server.task_state = _TASKS[operation]
            task = asyncio.create_task(self._switch(server, part, operation, hard))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return job

    def clear(self) -> None:
        """Forget all jobs, and end those that run."""
        for task in self._tasks:
            task.cancel()
        self.jobs.clear()

    async def _turn(self, server: Server, operation: Operation, hard: bool) -> None:
        if server.trouble == "fails":
            raise MachineError("the lab was told to let it fail")
        if server.trouble == "hangs":
            await asyncio.Event().wait()
        if server.trouble == "lies":
            return
        await self._machines.switch(server.id, operation, hard=hard)

    async def _switch(self, server: Server, part: SubJob, operation: Operation, hard: bool) -> None:
        part.status = "RUNNING"
        try:
            await self._turn(server, operation, hard)
        except MachineError as error:
            part.status, part.error_code, part.fail_reason = "FAIL", _CODES[operation], str(error)
        else:
            part.status = "SUCCESS"
        # By its id: a test may have changed the record meanwhile, or taken it away.
        if now := self._fleet.servers.get(server.id):
            now.task_state = None
            if part.status == "SUCCESS" and server.trouble != "lies":
                now.status = _REACHED[operation]
