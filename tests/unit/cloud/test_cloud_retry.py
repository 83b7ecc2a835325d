# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what is tried again, row by row."""

from __future__ import annotations

import pytest
from unit.cloud.cloud_support import HeldClock

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import Fault
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.rate import RateLimiter
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.retry import (
    Pause,
    after_answer,
    after_fault,
)
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.transport import WireError

LIMIT = "The throttling threshold has been reached: policy user over ratelimit,limit:20,time:1 "
G = 2.0  # the first of the growing pauses

ROWS = [
    # status, code, message, headers, pause if it may be repeated, pause if not
    (401, "APIGW.0301", "verify aksk signature fail", {}, None, None),
    (401, "APIGW.0308", LIMIT, {"retry-after": "1"}, None, None),
    (429, "APIGW.0308", LIMIT + "minute", {}, Pause(60, everyone=True), Pause(60, everyone=True)),
    (429, "APIG.0308", LIMIT + "second", {}, Pause(1, everyone=True), Pause(1, everyone=True)),
    (429, "", "", {"retry-after": "7"}, Pause(7, everyone=True), Pause(7, everyone=True)),
    (429, "", "", {}, Pause(G, everyone=True), Pause(G, everyone=True)),
    (429, "", "", {"retry-after": "99999"}, Pause(300, everyone=True), Pause(300, everyone=True)),
    (429, "", "", {"retry-after": "Wed, 21 Oct"}, Pause(G, everyone=True), Pause(G, everyone=True)),
    (400, "APIGW.0308", LIMIT + "minute", {}, Pause(60, everyone=True), Pause(60, everyone=True)),
    (503, "", "", {}, Pause(G, everyone=True), Pause(G, everyone=True)),
    (503, "Common.1503", "flow control", {"retry-after": "9"}, Pause(9, everyone=True), Pause(9, everyone=True)),
    (202, "Common.0024", "exceeded", {}, Pause(G, everyone=True), Pause(G, everyone=True)),
    (501, "Ecs.0603", "another command", {}, Pause(60), Pause(60)),
    (500, "Common.0001", "", {}, Pause(G), None),
    (400, "Common.0020", "", {}, Pause(G), None),
    (400, "Common.0999", "", {}, Pause(G), None),
    (400, "Ecs.0610", "", {}, Pause(G), None),
    (400, "Ecs.0612", "", {}, Pause(G), None),
    (500, "Ecs.0615", "", {}, Pause(G), None),
    (500, "", "", {}, Pause(G), None),
    (502, "", "", {}, Pause(G), None),
    (504, "", "", {}, Pause(G), None),
    (500, "Ecs.9999", "", {}, None, None),
    (400, "Ecs.0011", "", {}, None, None),
    (400, "Ecs.0613", "", {}, None, None),
    (403, "Ecs.0003", "", {}, None, None),
    (404, "Ecs.0114", "", {}, None, None),
    (302, "", "", {}, None, None),
]


@pytest.mark.parametrize(("status", "code", "message", "headers", "repeated", "once"), ROWS)
def test_answers(
    status: int, code: str, message: str, headers: dict[str, str], repeated: Pause | None, once: Pause | None
) -> None:
    fault = Fault(code, message)
    assert after_answer(status, fault, headers, 0, repeatable=True, jitter=lambda: 0.5) == repeated
    assert after_answer(status, fault, headers, 0, repeatable=False, jitter=lambda: 0.5) == once


@pytest.mark.parametrize(
    ("sent", "passing", "repeatable", "tried_again"),
    [
        (False, True, True, True),
        (False, True, False, True),
        (True, True, True, True),
        (True, True, False, False),
        (False, False, True, False),
        (True, False, True, False),
    ],
)
def test_faults_of_the_connection(sent: bool, passing: bool, repeatable: bool, tried_again: bool) -> None:
    error = WireError("broken", sent=sent, passing=passing)
    assert (after_fault(error, 0, repeatable=repeatable, jitter=lambda: 0.5) is not None) == tried_again


def test_pauses_grow_up_to_a_minute_and_are_spread() -> None:
    error = WireError("broken", sent=False)
    pauses = [after_fault(error, attempt, repeatable=True, jitter=lambda: 0.5) for attempt in range(7)]
    assert [pause and pause.seconds for pause in pauses] == [2, 4, 8, 16, 32, 60, 60]
    least = after_fault(error, 0, repeatable=True, jitter=lambda: 0.0)
    most = after_fault(error, 0, repeatable=True, jitter=lambda: 1.0)
    assert (least, most) == (Pause(1.5), Pause(2.5))


def test_the_pace_is_shared_and_can_be_held(clock: HeldClock) -> None:
    pace = RateLimiter(10, clock)
    for _request in range(4):
        pace.turn()
    assert clock.sleeps == [0.1, 0.1, 0.1]
    pace.hold(60)
    pace.turn()
    assert clock.sleeps[-1] == 60.0
    assert clock.passed == pytest.approx(60.3)


def test_without_a_pace_nothing_waits_but_for_a_hold(clock: HeldClock) -> None:
    pace = RateLimiter(0, clock)
    for _request in range(100):
        pace.turn()
    assert clock.sleeps == []
    pace.hold(2)
    pace.turn()
    assert clock.sleeps == [2]
