# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an answer out of what a guest's shell printed."""

from __future__ import annotations

import pytest
from unit.host.support import NONCE

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.wire import Answer, parse, printable

BEGIN, END = f"@@cloudreset {NONCE} begin", f"@@cloudreset {NONCE} end"
PLAIN = f"{BEGIN}\nuid 0\nos ID=a\nos NAME=b c\n{END}\n"


@pytest.mark.parametrize(
    "output",
    [
        PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN.replace("\n", "\r\n"),
        f"Welcome!\nuid 1\n\n{PLAIN}",
        f"{PLAIN}uid 2\nlogout\n",
        f"@@cloudreset ffff begin\nuid 3\n@@cloudreset ffff end\n{PLAIN}",
        f"{END}\n{PLAIN}",
    ],
    ids=["plain", "no-last-line-end", "crlf", "motd", "after", "another-nonce", "end-before-begin"],
)
def test_noise_around_the_answer_does_no_harm(output: str) -> None:
    assert parse(output, NONCE) == Answer({"uid": ["0"], "os": ["ID=a", "NAME=b c"]})


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("netplan     dhcp4: true", "netplan", "    dhcp4: true"),
        ("netplan ", "netplan", ""),
        ("netplan", "netplan", ""),
        ("log a\tb", "log", "a b"),
        ("log \x1b[31mred\x07", "log", "?[31mred?"),
        ("log a\rb", "log", "a?b"),
        ("log \u202edrowssap", "log", "?drowssap"),
        ("log \udcff", "log", "?"),
        ("log müde", "log", "müde"),
    ],
)
def test_a_value_is_what_follows_the_first_blank_without_control_characters(line: str, key: str, value: str) -> None:
    assert parse(f"{BEGIN}\n{line}\n{END}", NONCE).all(key) == [value]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("", "ended with: nothing."),
        ("\r\n \n", "ended with: nothing."),
        ("sh: not found\n", "ended with: sh: not found."),
        (f"{BEGIN}\nuid 0\n", f"ended with: {BEGIN} | uid 0."),
        (f"{BEGIN}\nuid 0\n{END[:-1]}", "uid 0"),
        (f"x{BEGIN}\n{END}\n", "ended with"),
        (f"{END}\n{BEGIN}\n", "ended with"),
        (PLAIN.replace(NONCE, NONCE[::-1]), "ended with"),
        ("a\x1b[2Jb\n", "a?[2Jb"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error_that_tells_its_end(output: str, told: str) -> None:
    with pytest.raises(HostError) as caught:
        parse(output, NONCE)
    assert str(caught.value).startswith("The script on the guest gave no complete answer; ")
    assert told in str(caught.value)
    assert not caught.value.changed


def test_the_end_that_is_told_is_short_and_without_secrets() -> None:
    lines = ["x" * 1000, "log echo root:S3cret|chpasswd", "y" * 390]
    with pytest.raises(HostError) as caught:
        parse("\n".join(lines), NONCE)
    assert len(str(caught.value)) < 500
    # The cut goes through the line: were the secret masked after it, its second half would be left.
    assert "S3cret" not in str(caught.value)
    assert "chpasswd" not in str(caught.value)


def test_values_of_a_key_that_was_not_told() -> None:
    nothing = Answer()
    assert (nothing.all("a"), nothing.first("a"), nothing.first("a", "b"), nothing.number("a")) == ([], "", "b", None)


def test_the_first_of_several_values() -> None:
    assert Answer({"a": ["1", "2"]}).first("a", "3") == "1"


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("12", 12), ("", None), ("-1", None), ("1.5", None), ("1 ", None), ("²", None), ("x", None)],
)
def test_a_number_is_digits_and_nothing_else(text: str, number: int | None) -> None:
    assert Answer({"a": [text]}).number("a") == number


def test_printable_leaves_blanks() -> None:
    assert printable(" a  b ") == " a  b "
