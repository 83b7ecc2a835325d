# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a login is tried again, with what options, and by what command line."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.login import Attempt, LoginError, Target
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.openssh_command import Way
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.options import Options, parse
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.result import finding_result
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.tries import Course, Finding, pause

BOOT = "c4dbb25e-7c20-46fb-bdce-118a009518d6"
DOWN = Attempt("connection_refused")
NO = Attempt("password_rejected", given=True)
YES = Attempt("password_accepted", given=True)
OLD_BOOT = Attempt("not_restarted", given=True)
CHANGED = Attempt("host_key_changed")


def options(**values: Any) -> Options:
    """The options of a task."""
    return parse({"login_password": "Wrong-Word-9", **values})


@pytest.mark.parametrize(
    ("values", "last", "course", "expected"),
    [
        ({}, YES, Course(1, 1, 0, 0), None),
        ({}, NO, Course(1, 1, 0, 0), None),
        ({}, DOWN, Course(1, 0, 0, 0), None),
        ({"wait": 60}, DOWN, Course(1, 0, 1, 0), 2),
        ({"wait": 60}, DOWN, Course(9, 0, 59, 0), 1),
        ({"wait": 60}, DOWN, Course(9, 0, 60, 0), None),
        ({"wait": 60}, CHANGED, Course(1, 0, 1, 0), None),
        ({"wait": 60}, NO, Course(1, 1, 1, 0), None),
        ({"wait": 60}, OLD_BOOT, Course(1, 1, 1, 0), 5),
        ({"settle": 60}, NO, Course(1, 1, 1, 0), 5),
        ({"settle": 60}, NO, Course(3, 3, 9, 8), 20),
        ({"settle": 60}, NO, Course(4, 4, 40, 35), 25),
        ({"settle": 60}, NO, Course(4, 4, 59, 58), 5),
        ({"settle": 60}, NO, Course(5, 5, 61, 60), None),
        ({"settle": 60}, YES, Course(1, 1, 1, 0), None),
        ({"settle": 60, "expect": "refused"}, YES, Course(1, 1, 1, 0), 5),
        ({"settle": 60, "expect": "refused"}, NO, Course(1, 1, 1, 0), None),
        ({"settle": 60, "expect": "any"}, NO, Course(1, 1, 1, 0), None),
        ({"settle": 60}, DOWN, Course(1, 0, 1, 0), None),
    ],
)
def test_the_next_try_comes_in_time_or_not_at_all(
    values: dict[str, Any], last: Attempt, course: Course, expected: float | None
) -> None:
    assert pause(options(**values), last, course) == expected


def test_settling_for_a_minute_takes_five_failed_logins() -> None:
    tries, at = 1, 0.0
    while (seconds := pause(options(settle=60), NO, Course(tries, tries, at, at))) is not None:
        tries, at = tries + 1, at + seconds
    assert (tries, at) == (5, 60)


def test_options_are_taken() -> None:
    taken = options(not_boot_id=BOOT, login_user="root", timeout="7")
    assert (taken.boot_id, taken.user, taken.timeout, taken.expect) == (True, "root", 7, "verified")
    assert "Wrong-Word-9" not in repr(taken)


@pytest.mark.parametrize("password", [None, "", 42, 4.2, True, "two\nlines", "bell\x07", "x" * 1024])
def test_what_is_no_password_is_refused_without_telling_it(password: object) -> None:
    with pytest.raises(LoginError, match=r"^login_password ") as caught:
        parse({"login_password": password})
    assert str(password) not in str(caught.value) or password in (None, "", True)


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {"expect": "yes", "wait": -1, "settle": -1, "timeout": 0, "not_boot_id": "x", "login_user": "-x", "a": 1}
    with pytest.raises(LoginError) as caught:
        options(**wrong)
    assert [name for name in wrong if f"{name} is " not in str(caught.value)] == []


def test_a_command_line_puts_ours_first_and_keeps_only_the_way() -> None:
    theirs = ["-C", "-vqM", "-4K", "-o", "PubkeyAuthentication=yes", "-S", "/socket", "-J", "jump"]
    words = Way("ssh", Target("root", "::1", 2222), theirs).command(2.6, "/dev/pts/9", read_boot_id=False)
    assert words[0] == "ssh"
    assert words.index("PubkeyAuthentication=no") < words.index("PubkeyAuthentication=yes")
    assert words[words.index("PubkeyAuthentication=yes") - 3 :] == [
        *("-C", "-4", "-o", "PubkeyAuthentication=yes", "-S", "/socket", "-J", "jump"),
        *("-S", "none", "-a", "-x", "-T", "-E", "/dev/pts/9", "-N", "--", "::1"),
    ]
    assert {"ConnectTimeout=3", "Port=2222", 'User="root"'} <= set(words)


def test_a_command_is_there_only_when_asked_for() -> None:
    words = Way("ssh", Target(None, "web", None)).command(1, "/dev/pts/9", read_boot_id=True)
    assert words[-3:] == ["--", "web", "cat /proc/sys/kernel/random/boot_id"]
    assert "-N" not in words
    assert not any(word.startswith(("Port=", "User=")) for word in words)


def test_a_result_says_who_and_why() -> None:
    result = finding_result(Finding(Attempt("name_unknown", "said so."), 3), Target("root", "web", 2222), options())
    assert (result["failed"], result["outcome"], result["attempts"]) == (True, "unknown", 3)
    assert result["msg"].startswith("root@web port 2222: unknown. The server's name has no address.")
    assert result["msg"].endswith("(said so)")
