"""A request that was let in, and how it is answered or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from lab.cloud.signature import Account


class ApiRefusalError(Exception):
    """An error of the API. `more` stands beside the error in the body, as `internalError` does."""

    def __init__(self, status: int, code: str, message: str, more: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.more = more or {}


@dataclass(frozen=True)
class Reply:
    """An answer with a status of its own; `value` None for one without a body."""

    status: int
    value: Any = None


@dataclass(frozen=True)
class ApiRequest:
    """A request that was let in. `parts` are what the path's pattern named, `pairs` the query as it came."""

    account: Account
    pairs: list[tuple[str, str]]
    body: Any
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        """The query, the last value of each name."""
        return dict(self.pairs)

    def values(self, name: str) -> list[str]:
        """All values of a name of the query."""
        return [value for key, value in self.pairs if key == name]

    def number(self, name: str, usual: int, largest: int) -> int:
        """A number of the query, from 1. Raises ApiRefusalError."""
        text = self.query.get(name, str(usual))
        if not text.isdigit() or not 1 <= int(text) <= largest:
            raise ApiRefusalError(400, "Ecs.0005", f"Invalid parameter {name}.")
        return int(text)

    def need(self, action: str) -> None:
        """Raises ApiRefusalError if the account's policy denies the action."""
        if any(fnmatchcase(action, pattern) for pattern in self.account.denied):
            raise ApiRefusalError(403, "Pdp.0001", f"Policy doesn't allow {action} to be performed.")


Handler = Callable[[ApiRequest], Awaitable[Any]]
# Method, a pattern of the path, what answers.
Route = tuple[str, str, Handler]
NOT_PUBLISHED = (404, "APIGW.0101", "The API does not exist or has not been published in the environment")
