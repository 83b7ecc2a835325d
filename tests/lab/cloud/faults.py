"""What can go wrong with the cloud, as data; declared and counted as in `lab.faults`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from lab.faults import Cut, Fault, Hang, Late, Status


@dataclass(frozen=True, kw_only=True)
class ApiError(Fault):
    """An error of the API instead of the answer; nothing is done. `shape`: of ECS, or of the gateway before it."""

    status: int
    code: str
    message: str = "error of the lab"
    shape: Literal["ecs", "gateway"] = "ecs"
    retry_after: int | None = None
    internal: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class LostAnswer(Fault):
    """It is done, and the connection ends before the answer, or hangs until the client gives up."""

    hangs: bool = False


@dataclass(frozen=True, kw_only=True)
class NotJson(Fault):
    """Status 200 and a page for people, as of a proxy in between; nothing is done."""


KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind for kind in (ApiError, LostAnswer, NotJson, Cut, Hang, Late, Status)
}


# Status, code, what the cloud says (facts/huawei-cloud.md 2.7). What begins with APIG is the gateway's.
_DOCUMENTED = (
    (400, "Ecs.0005", "Invalid parameter."),
    (400, "Ecs.0011", "The password complexity does not meet the requirements."),
    (400, "Ecs.0023", "The project_id in the token differs from that in the URL."),
    (400, "Ecs.0030", "The server is frozen."),
    (400, "Ecs.0100", "The server status does not meet the requirements."),
    (403, "Ecs.0003", "You do not have the permission to perform the operation."),
    (403, "Ecs.0110", "You do not have the permission to perform the operation."),
    (403, "Pdp.0001", "Policy doesn't allow the action to be performed."),
    (404, "Ecs.0114", "The server does not exist."),
    (404, "Ecs.0614", "The server does not exist."),
    (400, "Ecs.0118", "The number of servers exceeds the limit."),
    (400, "Ecs.0226", "Failed to start the server."),
    (400, "Ecs.0227", "Failed to restart the server."),
    (501, "Ecs.0603", "Another command is being executed. Try again after one minute."),
    (400, "Ecs.0605", "The server is locked."),
    (400, "Ecs.0610", "Failed to reset the password."),
    (400, "Ecs.0611", "Failed to reset the passwords in a batch."),
    (400, "Ecs.0612", "Failed to check the password reset plug-in."),
    (400, "Ecs.0613", "The password reset plug-in is not installed."),
    (500, "Ecs.0615", "The thread list is empty."),
    (400, "Ecs.0905", "The number of tags exceeds the limit."),
    (400, "Ecs.0906", "A tag's key or value is not allowed."),
    (400, "Ecs.0907", "A tag's key or value is not allowed."),
    (400, "Ecs.0908", "A tag's key is there twice."),
    (500, "Common.0001", "System error."),
    (400, "Common.0002", "The request body is empty."),
    (400, "Common.0011", "Invalid JobId."),
    (401, "Common.0013", "Invalid token."),
    (400, "Common.0018", "The project_id in the token differs from that in the URL."),
    (400, "Common.0020", "Service exception."),
    (400, "Common.0021", "Failed to execute the sub-jobs."),
    (400, "Common.0022", "Failed to submit the task."),
    (202, "Common.0024", "The flow limit is exceeded."),
    (400, "Common.0025", "Failed to query the job."),
    (400, "Common.0026", "The region information is wrong."),
    (400, "Common.0999", "Unknown error."),
    (503, "Common.1503", "API flow control."),
    (401, "APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail"),
    (401, "APIGW.0303", "Incorrect app authentication information: signature expired"),
    (
        429,
        "APIGW.0308",
        "The throttling threshold has been reached: policy user over ratelimit,limit:20,time:1 minute",
    ),
    (429, "APIG.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:20,time:1 second"),
)

# All that goes wrong by a name: the documented errors by their codes, and what happens to a connection.
NAMED: dict[str, Fault] = {
    **{
        code: ApiError(status=status, code=code, message=said, shape="gateway" if code.startswith("APIG") else "ecs")
        for status, code, said in _DOCUMENTED
    },
    "no answer ever": Hang(),
    "late by 10 s": Late(seconds=10),
    "cut after 10 bytes": Cut(after=10),
    "done, the answer lost": LostAnswer(),
    "done, no answer ever": LostAnswer(hangs=True),
    "no JSON": NotJson(),
    "503 without a body": Status(code=503, text=""),
}


def named(name: str, **where: Any) -> Fault:
    """A fault of NAMED; `where`: path, method, skip, times. Raises KeyError for a name that there is not."""
    return replace(NAMED[name], **where)


def encode(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults as JSON values."""
    return [{"kind": type(fault).__name__, **asdict(fault)} for fault in faults]


def decode(values: Iterable[dict[str, Any]]) -> list[Fault]:
    """Faults from JSON values. Raises KeyError or TypeError for what `encode` did not make."""
    return [KINDS[value["kind"]](**{key: item for key, item in value.items() if key != "kind"}) for value in values]
