# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one worker process works, the others wait, for as long as the worker makes progress."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import CacheError

_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)
_BEAT_EVERY = 1.0


class Locks:
    """The locks this process holds. A holder that makes progress says so (`beat`); who waits gives up on one that
    has not for `stall` seconds. The kernel frees the locks of a killed process."""

    def __init__(self, stall: float) -> None:
        self.stall = stall
        self._held: list[int] = []
        self._beaten = 0.0

    def beat(self) -> None:
        """Tells those who wait that there is progress. Cheap enough to call for every block."""
        now = time.monotonic()
        if now - self._beaten >= _BEAT_EVERY:
            self._beaten = now
            for held in self._held:
                os.utime(held)

    @contextmanager
    def hold(self, path: Path) -> Iterator[None]:
        """Holds the lock file at `path` for the time of the block. Raises CacheError when its holder has stalled."""
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._wait(lock, path)
            os.utime(lock)
            self._held.append(lock)
            try:
                yield
            finally:
                self._held.remove(lock)
        finally:
            os.close(lock)

    def _wait(self, lock: int, path: Path) -> None:
        beat_seen, seen_at, tries = 0, time.monotonic(), 0
        while not _taken(lock):
            beaten = os.fstat(lock).st_mtime_ns
            if beaten != beat_seen:
                beat_seen, seen_at = beaten, time.monotonic()
            elif time.monotonic() - seen_at > self.stall:
                raise CacheError(
                    f"Another process has held {path} for {self.stall:.0f} s without progress; end that "
                    "ansible-playbook or use another cache directory."
                )
            self.beat()
            time.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
