# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which answers are worth another try, and when (ECS error codes, the gateway's FAQ).

| answer | another try |
|---|---|
| 401, whatever it says | never: some wrong signatures in a row lock the access key |
| 429, APIG.0308, APIGW.0308 | after the window that it states (Retry-After, or "time:1 minute"), or growing pauses |
| 503, Common.1503; 202 with Common.0024 | growing pauses |
| Ecs.0603, another command is at work | after a minute |
| Common.0001, 0020, 0999, Ecs.0610, 0612, 0615, 500, 502, 504 | growing pauses, for what may be done twice |
| no connection | growing pauses |
| no whole answer | growing pauses, for what may be done twice |
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import Fault
from .transport import WireError

THROTTLED = frozenset({"APIG.0308", "APIGW.0308"})
BUSY = frozenset({"Common.0024", "Common.1503"})
SHAKY = frozenset({"Common.0001", "Common.0020", "Common.0999", "Ecs.0610", "Ecs.0612", "Ecs.0615"})
AT_WORK = "Ecs.0603"
AT_WORK_PAUSE = 60.0

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 60.0
_LONGEST_WINDOW = 300.0
_SHAKY_STATUS = frozenset({500, 502, 504})
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_WINDOW = re.compile(r"time:\s*(\d+)\s*(second|minute|hour)", re.IGNORECASE)


@dataclass(frozen=True)
class Pause:
    """How long to wait before another try. `everyone`: no other request may go out meanwhile either."""

    seconds: float
    everyone: bool = False


def after_answer(
    status: int,
    fault: Fault,
    headers: Mapping[str, str],
    attempt: int,
    *,
    repeatable: bool,
    jitter: Callable[[], float],
) -> Pause | None:
    """How long to wait after an answer that is an error; None: it is final. `attempt` counts from 0."""
    growing = _growing(attempt, jitter)
    if status == 401:
        return None
    if status == 429 or fault.code in THROTTLED:
        return Pause(_window(fault.message, headers) or growing, everyone=True)
    if fault.code == AT_WORK:
        return Pause(AT_WORK_PAUSE)
    if status == 503 or fault.code in BUSY:
        return Pause(max(growing, _retry_after(headers)), everyone=True)
    if repeatable and (fault.code in SHAKY or (status in _SHAKY_STATUS and not fault.code.startswith("Ecs."))):
        return Pause(growing)
    return None


def after_fault(error: WireError, attempt: int, *, repeatable: bool, jitter: Callable[[], float]) -> Pause | None:
    """How long to wait when there was no whole answer; None: it is final."""
    if not error.passing or (error.sent and not repeatable):
        return None
    return Pause(_growing(attempt, jitter))


def _growing(attempt: int, jitter: Callable[[], float]) -> float:
    pause: float = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
    return pause * (0.75 + jitter() / 2)


def _window(message: str, headers: Mapping[str, str]) -> float:
    if stated := _retry_after(headers):
        return stated
    found = _WINDOW.search(message)
    return min(int(found[1]) * _UNITS[found[2].lower()], _LONGEST_WINDOW) if found else 0.0


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("retry-after", "").strip()
    return min(float(text), _LONGEST_WINDOW) if text.isascii() and text.isdigit() else 0.0


def default_jitter() -> float:
    """A number between 0 and 1, so that many controllers do not come back all at once."""
    return random.random()  # noqa: S311 - no secret
