"""The flow control of the gateway: so many requests of a user in a window of time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

_SECONDS = {"second": 1.0, "minute": 60.0}


@dataclass(frozen=True)
class Throttling:
    """So many requests a window; none for any number. `seconds` makes the window shorter than it says, for tests."""

    limit: int | None = None
    window: Literal["second", "minute"] = "minute"
    seconds: float | None = None


class Throttle:
    """Counts."""

    def __init__(self) -> None:
        self.declare(Throttling())

    def declare(self, throttling: Throttling) -> None:
        """Another limit; counting starts anew."""
        self._throttling = throttling
        self._since = time.monotonic()
        self._count = 0

    def refusal(self) -> str | None:
        """What the gateway says to one request too many."""
        limit, window = self._throttling.limit, self._throttling.window
        if limit is None:
            return None
        if time.monotonic() - self._since >= (self._throttling.seconds or _SECONDS[window]):
            self._since, self._count = time.monotonic(), 0
        self._count += 1
        if self._count <= limit:
            return None
        policy = f"policy user over ratelimit,limit:{limit},time:1 {window}"
        return f"The throttling threshold has been reached: {policy}"
