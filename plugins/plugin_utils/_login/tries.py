# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how often a login is tried, and when no more."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from .login import REASONS, REFUSED, UNKNOWN, VERIFIED, Attempt, Transport
from .options import Options

# Between tries that gave no password.
PAUSE_SECONDS = 2.0
# After a try that gave the password, doubled each time: each may count as a failed login, and lock the account.
FIRST_GAP_SECONDS = 5.0

_OPPOSITE = {VERIFIED: REFUSED, REFUSED: VERIFIED}


@dataclass(frozen=True)
class Course:
    """The tries so far: how many, how many gave the password, and seconds since the first and since the first answer
    that was the opposite of what is expected."""

    tries: int
    given: int
    elapsed: float
    opposite_for: float


@dataclass(frozen=True)
class Finding:
    """What came of all tries."""

    attempt: Attempt
    tries: int


def pause(options: Options, last: Attempt, course: Course) -> float | None:
    """Return the seconds to the next try, or None when there is none."""
    if last.outcome == UNKNOWN:
        left = 0.0 if REASONS[last.reason].lasting else options.wait - course.elapsed
    elif last.outcome == _OPPOSITE.get(options.expect):
        left = options.settle - course.opposite_for
    else:
        return None
    if left <= 0:
        return None
    if not last.given:
        return min(PAUSE_SECONDS, left)
    return max(FIRST_GAP_SECONDS, min(FIRST_GAP_SECONDS * 2.0 ** (course.given - 1), left))


def try_until_known(transport: Transport, options: Options, timeout: float) -> Finding:
    """Try until the outcome is the expected one, or the time that the options give is over.

    ``timeout``: seconds a try. Raises LoginError when a try cannot even begin.
    """
    started, opposite_since = time.monotonic(), None
    tries = given = 0
    while True:
        attempt = _not_before(options.not_boot_id, transport.attempt(options.password, timeout, options.boot_id))
        tries, given = tries + 1, given + attempt.given
        now = time.monotonic()
        if attempt.outcome == _OPPOSITE.get(options.expect) and opposite_since is None:
            opposite_since = now
        course = Course(tries, given, now - started, now - (opposite_since or now))
        seconds = pause(options, attempt, course)
        if seconds is None:
            return Finding(attempt, tries)
        time.sleep(seconds)


def _not_before(not_boot_id: str | None, attempt: Attempt) -> Attempt:
    """Return the attempt as it counts when a login into that boot proves nothing."""
    if not_boot_id is None or attempt.outcome != VERIFIED or attempt.boot_id != not_boot_id:
        return attempt
    return replace(attempt, reason="not_restarted")
