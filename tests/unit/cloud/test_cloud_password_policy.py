# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passwords may be sent, and the making of safe ones."""

from __future__ import annotations

import re

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._password_policy import (
    RULES,
    System,
    Verdict,
    check,
    generate,
)

GOOD = "Tr1cky-Enough"


@pytest.mark.parametrize("system", RULES)
@pytest.mark.parametrize("password", [GOOD, "Aa1aaaaa", "aaaa1111-", "A" * 23 + "a1-", "!@%-_=+[]:./?aA1", "no_Upper1"])
def test_what_every_page_allows_has_no_error(system: System, password: str) -> None:
    assert check(password, system).errors == ()


@pytest.mark.parametrize(
    ("password", "system", "parts"),
    [
        ("Aa1-aaa", "linux", ["it has 7 characters, and 8 to 26 are wanted"]),
        ("Aa1-" * 7, "linux", ["it has 28 characters"]),
        ("", "linux", ["it has 0 characters", "it has 0 of the classes"]),
        ("aaaaaaaa1", "linux", ["it has 2 of the classes"]),
        ("abcdefgh", "windows", ["it has 1 of the classes"]),
        ("My-Root-1word", "linux", ["it holds the name root"]),
        ("My-tooR-1word", "linux", ["it holds the name root reversed"]),
        ("xx-Administrator1", "windows", ["it holds the name Administrator", "three characters in a row"]),
        ("1-rotartsinimda-X", "windows", ["the name Administrator reversed", "three characters in a row"]),
        ("Madm1n-xyz", "windows", ["it holds three characters in a row of the name Administrator"]),
        ("TOR-aaaa1", "windows", ["three characters in a row"]),
        ("Aa1-a b c", "linux", ["it holds a character that is not allowed on Linux"]),
        ("Aa1-$HOME", "linux", ["it holds a character that is not allowed on Linux"]),
        ("Aa1-^^^^^", "windows", ["it holds a character that is not allowed on Windows"]),
        ("Aa1-ééééé", "linux", ["it holds a character that is not allowed on Linux"]),
        ("Aa1-aaaa\n", "linux", ["it holds a character that is not allowed on Linux"]),
        ("root;", "linux", ["it has 5 characters", "2 of the classes", "the name root", "not allowed on Linux"]),
    ],
)
def test_all_broken_rules_at_once_and_never_the_password(password: str, system: System, parts: list[str]) -> None:
    errors = check(password, system).errors
    assert len(errors) == len(parts)
    assert all(part in error for part, error in zip(parts, errors, strict=True))
    assert not password or password not in " ".join(errors)


@pytest.mark.parametrize(
    ("password", "system", "parts"),
    [
        (GOOD, "linux", []),
        (GOOD, "windows", []),
        ("Aa1-{a,b}", "linux", ["^,{}", "{},"]),
        ("Aa1-^^^^", "linux", ["^,{}"]),
        ("Aa1-[abc]?", "linux", ["[]?"]),
        ("Aa1-abc!", "linux", ["holds !,"]),
        ("Aa1-abc%", "linux", []),
        ("Aa1-%abc%", "windows", ["holds %,"]),
        ("Aa1-[]?!a", "windows", []),
        ("Aa1-$,aaa", "windows", ["$,"]),
        ("Aa1-aaaaaaaaaaa", "windows", ["more than 14 characters"]),
        ("Aa1-aaaaaaaaaa", "windows", []),
        ("/Aa1aaaa-", "windows", ["begins with /, which net user"]),
        ("/Aa1aaaa-%aaaaa", "windows", ["holds %,", "begins with /", "more than 14"]),
        ("Aa1/aaaa", "windows", []),
        ("/Aa1aaaa-", "linux", []),
    ],
)
def test_what_the_agent_would_spoil_is_a_warning(password: str, system: System, parts: list[str]) -> None:
    verdict = check(password, system)
    assert verdict.errors == ()
    assert len(verdict.warnings) == len(parts)
    assert all(part in warning for part, warning in zip(parts, verdict.warnings, strict=True))


def test_without_complexity_only_foreign_characters_are_errors() -> None:
    verdict = check("root;", "linux", complexity=False)
    assert [error.split(",")[0] for error in verdict.errors] == ["it holds a character that is not allowed on Linux"]
    assert len(verdict.warnings) == 3
    assert check("/a", "windows", complexity=False).errors == ()


def test_what_cmd_eats_is_told_of_a_character_that_is_not_allowed_too() -> None:
    verdict = check("Aa1-^^^^^", "windows")
    assert [len(verdict.errors), *verdict.warnings] == [1, "it holds ^, which the command line may take as an escape"]


@pytest.mark.parametrize("length", [8, 14, 20, 26])
def test_a_made_password_is_safe_everywhere(length: int) -> None:
    made = {generate(length) for _again in range(300)}
    assert len(made) == 300
    for password in made:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_+=.:@-]*", password)
        assert len(password) == length
        for system in RULES:
            verdict = check(password, system)
            assert verdict.errors == ()
            assert len(verdict.warnings) == (system == "windows" and length > 14)


def test_without_further_words_a_made_password_suits_both_systems() -> None:
    assert {check(generate(), system) for system in RULES} == {Verdict()}


@pytest.mark.parametrize("length", [0, 7, 27])
def test_a_length_that_no_password_has_is_an_error(length: int) -> None:
    with pytest.raises(ValueError, match="8 to 26"):
        generate(length)
