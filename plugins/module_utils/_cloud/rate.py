# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the one pace at which all requests of a process go out."""

from __future__ import annotations

import threading

from .clock import Clock


class RateLimiter:
    """Spaces requests out, and holds all of them back while the cloud asks for it. Shared by threads and services."""

    def __init__(self, per_second: float, clock: Clock) -> None:
        """Takes how many requests may go out in a second; 0 for any number."""
        self._gap = 1.0 / per_second if per_second > 0 else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._next = clock.monotonic()

    def turn(self) -> None:
        """Returns when the next request may go out."""
        while (wait := self._wait()) > 0:
            self._clock.sleep(wait)

    def hold(self, seconds: float) -> None:
        """Let nothing out for so long."""
        with self._lock:
            self._next = max(self._next, self._clock.monotonic() + seconds)

    def _wait(self) -> float:
        """Zero, and the turn is taken; or how long until it is worth asking again."""
        with self._lock:
            now = self._clock.monotonic()
            if self._next > now:
                return self._next - now
            self._next = now + self._gap
            return 0.0
