# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an entry goes through."""

from __future__ import annotations

from typing import Any

import pytest
from unit.stores.stores_support import NOW, password

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.entry import (
    KEPT,
    Entry,
    TransitionError,
    Wanted,
    drop,
    from_data,
    promote,
    stage,
    to_data,
)

LATER = "2026-12-01T00:00:00Z"
ONE, TWO = password("One-1", "1"), password("Two-2", "2")
OLD = password("Old-0", "0")
ON_A = password("One-1", "1", "a")


def new(value: str = "New-9", generation: str = "2", bound_to: str | None = None) -> Any:
    return password(value, generation, bound_to, LATER)


def never() -> str:
    raise AssertionError("no password is wanted")


@pytest.mark.parametrize(
    ("entry", "wanted", "staged"),
    [
        (Entry(), Wanted("2"), Entry(new())),
        (Entry(), Wanted("2", "a"), Entry(new(bound_to="a"))),
        (Entry(current=ONE), Wanted("2"), Entry(new(), ONE)),
        (Entry(current=ONE, previous=(OLD,)), Wanted("2"), Entry(new(), ONE, (OLD,))),
        # The server may have what was pending: it is not lost.
        (Entry(ONE), Wanted("2"), Entry(new(), None, (ONE,))),
        (Entry(ONE, TWO, (OLD,)), Wanted("2"), Entry(new(), TWO, (ONE, OLD))),
        # Built anew, the host is another server.
        (Entry(ON_A), Wanted("1", "b"), Entry(new(generation="1", bound_to="b"), None, (ON_A,))),
        (Entry(current=ON_A), Wanted("1", "b"), Entry(new(generation="1", bound_to="b"), ON_A)),
    ],
)
def test_a_new_password_is_staged(entry: Entry, wanted: Wanted, staged: Entry) -> None:
    assert stage(entry, wanted, None, lambda: "New-9", LATER) == staged
    assert stage(entry, wanted, "New-9", never, LATER) == staged
    assert stage(staged, wanted, None, never, NOW) == staged


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (Entry(ONE), Wanted("1")),
        (Entry(ONE, TWO), Wanted("1")),
        (Entry(ONE), Wanted("1", "a")),
        (Entry(ON_A), Wanted("1", "a")),
        (Entry(ON_A), Wanted("1")),
        (Entry(current=ONE), Wanted("1")),
        (Entry(current=ON_A, previous=(OLD,)), Wanted("1", "a")),
    ],
)
def test_what_is_there_for_the_generation_is_kept(entry: Entry, wanted: Wanted) -> None:
    assert stage(entry, wanted, None, never, LATER) is entry
    assert stage(entry, wanted, "One-1", never, LATER) is entry
    with pytest.raises(TransitionError, match="has another password for generation '1' already; leave") as caught:
        stage(entry, wanted, "Other-1", never, LATER)
    assert "One-1" not in str(caught.value)
    assert "Other-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "wanted", "promoted"),
    [
        (Entry(ONE), Wanted("1"), Entry(None, password("One-1", "1", None, LATER))),
        (Entry(ON_A), Wanted("1", "a"), Entry(None, password("One-1", "1", "a", LATER))),
        (Entry(ONE, TWO), Wanted("1"), Entry(None, password("One-1", "1", None, LATER), (TWO,))),
        (Entry(ONE, TWO, (OLD,)), Wanted("1"), Entry(None, password("One-1", "1", None, LATER), (TWO, OLD))),
    ],
)
def test_a_pending_password_becomes_the_current_one(entry: Entry, wanted: Wanted, promoted: Entry) -> None:
    assert promote(entry, wanted, LATER) == promoted
    assert promote(promoted, wanted, NOW) is promoted


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (Entry(), Wanted("1")),
        (Entry(ONE), Wanted("2")),
        (Entry(ON_A), Wanted("1", "b")),
        (Entry(current=ONE), Wanted("2")),
        (Entry(TWO, ONE), Wanted("1")),
        (Entry(previous=(ONE,)), Wanted("1")),
    ],
)
def test_nothing_else_is_promoted(entry: Entry, wanted: Wanted) -> None:
    with pytest.raises(TransitionError, match=f"has no pending password for generation '{wanted.generation}'"):
        promote(entry, wanted, LATER)


@pytest.mark.parametrize(
    ("entry", "wanted", "dropped"),
    [
        (Entry(ONE, TWO, (OLD,)), Wanted("1"), Entry(None, TWO, (OLD,))),
        (Entry(ON_A), Wanted("1", "a"), Entry()),
        (Entry(ON_A), Wanted("1", "b"), Entry(ON_A)),
        (Entry(ONE), Wanted("2"), Entry(ONE)),
        (Entry(current=ONE), Wanted("1"), Entry(current=ONE)),
        (Entry(), Wanted("1"), Entry()),
    ],
)
def test_only_the_generations_own_pending_password_is_dropped(entry: Entry, wanted: Wanted, dropped: Entry) -> None:
    assert drop(entry, wanted) == dropped
    assert drop(dropped, wanted) == dropped


def test_the_newest_previous_passwords_are_kept() -> None:
    entry = Entry()
    for number in range(KEPT + 5):
        entry = promote(stage(entry, Wanted(str(number)), f"P{number}", never, NOW), Wanted(str(number)), NOW)
    assert [found.value for found in entry.previous] == [f"P{number}" for number in range(KEPT + 3, 3, -1)]


@pytest.mark.parametrize("entry", [Entry(), Entry(ON_A), Entry(ON_A, TWO, (OLD, ONE))])
def test_an_entry_comes_back_from_its_data(entry: Entry) -> None:
    assert from_data(to_data(entry)) == entry


GOOD = to_data(Entry(ON_A, TWO, (OLD,)))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "previous": None},
        {**GOOD, "previous": [None]},
        {**GOOD, "pending": "One-1"},
        {**GOOD, "pending": {**GOOD["pending"], "password": 1}},
        {**GOOD, "pending": {**GOOD["pending"], "generation": None}},
        {**GOOD, "current": {"password": "One-1"}},
    ],
)
def test_other_data_is_no_entry_and_is_not_told(data: Any) -> None:
    with pytest.raises(ValueError, match=r"^(an entry|a password|what a password)") as caught:
        from_data(data)
    assert "One-1" not in str(caught.value)


def test_neither_report_nor_repr_holds_a_password() -> None:
    entry = Entry(ON_A, TWO, (OLD,))
    told = {"pending": {"generation": "1", "bound_to": "a", "changed_at": NOW}, "previous": 1}
    assert {name: entry.report()[name] for name in told} == told
    for text in (repr(entry), repr(entry.report())):
        assert not any(word in text for word in ("One-1", "Two-2", "Old-0"))
