"""What can go wrong with the lab's services, as data.

A test declares faults; a service asks its `FaultBook` which of them strike the request at hand. A fault strikes
requests whose path matches `path` and whose method matches `method` (shell patterns): not the first `skip` of them,
then `times` of them (or all).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What all faults have."""

    path: str = "*"
    method: str = "*"
    skip: int = 0
    times: int | None = None


# Both services ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Hang(Fault):
    """The connection is accepted and the request read; no answer ever comes."""


@dataclass(frozen=True, kw_only=True)
class Late(Fault):
    """The answer comes after so many seconds."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Status(Fault):
    """An error status instead of the answer: 403, 404, 500, ..."""

    code: int
    text: str = "error of the lab"


# The metadata service --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Wrong(Fault):
    """Status 200, and a body that is no answer."""

    body: Literal["garbage", "html", "empty", "no_uuid"]


@dataclass(frozen=True, kw_only=True)
class RefuseDelete(Fault):
    """DELETE reset_password says 200 and deletes nothing."""

    path: str = "*/reset_password"
    method: str = "DELETE"


@dataclass(frozen=True, kw_only=True)
class SayFail(Fault):
    """GET reset_password reads `Fail`, as the agent's protocol knows it (step 2)."""

    path: str = "*/reset_password"
    method: str = "GET"


# The bucket ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cut(Fault):
    """The connection ends after so many bytes of the body."""

    after: int


@dataclass(frozen=True, kw_only=True)
class NoRanges(Fault):
    """Range requests are answered with the whole body, as by a server that knows no ranges."""


@dataclass(frozen=True, kw_only=True)
class Redirect(Fault):
    """302 to another address; an empty one is the request's own: a loop."""

    to: str = ""


@dataclass(frozen=True, kw_only=True)
class Throttle(Fault):
    """The body trickles."""

    bytes_per_second: int


@dataclass(frozen=True, kw_only=True)
class WrongLength(Fault):
    """Content-Length says so many bytes more (then the connection ends early) or, negative, fewer than there are."""

    by: int


@dataclass(frozen=True, kw_only=True)
class Replaced(Fault):
    """Other content of the same size under the same path, with an ETag of its own."""


KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (
        Hang,
        Late,
        Status,
        Wrong,
        RefuseDelete,
        SayFail,
        Cut,
        NoRanges,
        Redirect,
        Throttle,
        WrongLength,
        Replaced,
    )
}


def encode(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults as JSON values."""
    return [{"kind": type(fault).__name__, **asdict(fault)} for fault in faults]


def decode(values: Iterable[dict[str, Any]]) -> list[Fault]:
    """Faults from JSON values. Raises KeyError or TypeError for what `encode` did not make."""
    return [KINDS[value["kind"]](**{key: item for key, item in value.items() if key != "kind"}) for value in values]


@dataclass
class FaultBook:
    """Declared faults, and how many matching requests each has seen."""

    faults: list[Fault] = field(default_factory=list)
    _seen: list[int] = field(default_factory=list)

    def declare(self, faults: Iterable[Fault]) -> None:
        """Replace all faults; counting starts anew."""
        self.faults = list(faults)
        self._seen = [0] * len(self.faults)

    def strike(self, method: str, path: str) -> list[Fault]:
        """The faults that strike this request; it is counted."""
        struck = []
        for index, fault in enumerate(self.faults):
            if not (fnmatchcase(path, fault.path) and fnmatchcase(method, fault.method)):
                continue
            self._seen[index] += 1
            turn = self._seen[index] - fault.skip
            if turn > 0 and (fault.times is None or turn <= fault.times):
                struck.append(fault)
        return struck
