# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: trying again after faults that pass, for a bounded time, and telling how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import TransientError, UnavailableError

PAUSES = (1.0, 2.0, 4.0)
FIRST_LINE_AFTER = 5.0
NEXT_LINE_AFTER = 10.0
_MIB = 1024 * 1024

T = TypeVar("T")


def with_retries(attempt: Callable[[], T], gained: Callable[[], bool] = lambda: False) -> T:
    """What `attempt` returns. After a TransientError it is tried again, three times with growing pauses, or longer
    ones when the server asks for them; a try that `gained` something starts the count anew. Raises UnavailableError in
    the end.
    """
    failed = 0
    while True:
        try:
            return attempt()
        except TransientError as error:  # noqa: PERF203 - a network is slower than a try
            failed = 0 if gained() else failed
            if failed == len(PAUSES):
                raise UnavailableError(f"{error} (tried {failed + 1} times)") from error
            time.sleep(max(PAUSES[failed], error.retry_after))
            failed += 1


class Meter:
    """Tells of a download that takes longer than five seconds, and again every ten."""

    def __init__(self, what: str, tell: Callable[[str], None]) -> None:
        """Takes what is downloaded, and who is told."""
        self._what = what
        self._tell = tell
        self._next = time.monotonic() + FIRST_LINE_AFTER
        self._last = (time.monotonic(), 0)

    def at(self, done: int, total: int | None) -> None:
        """Takes the bytes that are there and, when it is known, how many there will be."""
        now = time.monotonic()
        if now < self._next:
            return
        then, before = self._last
        self._last, self._next = (now, done), now + NEXT_LINE_AFTER
        speed = max(done - before, 0) / max(now - then, 0.001)
        share = f" of {total / _MIB:.1f} MiB ({100 * done // max(total, 1)} %)" if total is not None else " MiB"
        self._tell(f"Downloading {self._what}: {done / _MIB:.1f}{share}, {speed / _MIB:.2f} MiB/s")
