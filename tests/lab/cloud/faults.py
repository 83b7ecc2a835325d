"""What can go wrong with the cloud, as data; declared and counted as in `lab.faults`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
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


def encode(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults as JSON values."""
    return [{"kind": type(fault).__name__, **asdict(fault)} for fault in faults]


def decode(values: Iterable[dict[str, Any]]) -> list[Fault]:
    """Faults from JSON values. Raises KeyError or TypeError for what `encode` did not make."""
    return [KINDS[value["kind"]](**{key: item for key, item in value.items() if key != "kind"}) for value in values]
