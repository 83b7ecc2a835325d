# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of stored_password have to fulfil, and what a task makes of the entries."""

from __future__ import annotations

from typing import Any

import pytest
from unit.stores.stores_support import NOW, password

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._password_policy import generate
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.entry import Entry
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.errors import StoreError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.task import (
    SPEC,
    Options,
    changed,
    parse,
    report,
)

GOOD = {name: option.get("default") for name, option in SPEC.items()} | {"file": "f", "generation": "1"}


def options(**changes: Any) -> Options:
    made, problems = parse({**GOOD, **changes}, "web1")
    assert made, problems
    return made


def test_a_task_is_about_its_own_host_or_the_named_ones_once() -> None:
    assert options().hosts == ("web1",)
    assert options(hosts=["b", "a", "b"]).hosts == ("b", "a")
    assert options(hosts=[]).hosts == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"file": ""}, "file is not set; set it to the file that keeps the passwords."),
        ({"generation": None}, "generation is not set; set it to the version of the wanted password, any text."),
        ({"hosts": ["a", ""]}, "hosts has an empty name; give names of the inventory."),
        ({"bound_to": {"web2": "x"}}, "bound_to has web2, which this task is not about; give ids of its hosts only."),
        (
            {"bound_to": {"web1": ""}},
            "bound_to has an empty server id, or one that is no text; give the id, or leave the host out.",
        ),
        ({"password": ""}, "password is empty; set it, or leave it out to have one generated."),
        ({"password": "x", "state": "promoted"}, "password goes with state: staged only; leave it out."),
        ({"password": "x", "state": "dropped"}, "password goes with state: staged only; leave it out."),
        ({"length": 7}, "length is 7; set it to 8 to 26."),
        ({"length": 27}, "length is 27; set it to 8 to 26."),
        ({"lock_timeout": 0}, "lock_timeout is 0; set it to at least 1."),
    ],
)
def test_bad_input_is_told_with_its_remedy(changes: dict[str, Any], sentence: str) -> None:
    assert parse({**GOOD, **changes}, "web1") == (None, [sentence])


def test_all_bad_input_is_told_at_once() -> None:
    assert len(parse({**GOOD, "file": None, "length": 1, "lock_timeout": -1}, "web1")[1]) == 3


def test_each_host_gets_a_password_of_its_own_or_all_the_given_one() -> None:
    made = iter(("Pass-1", "Pass-2"))
    entries = changed({}, options(hosts=["a", "b"], bound_to={"b": "id"}), lambda: next(made), NOW)
    assert entries == {"a": Entry(password("Pass-1")), "b": Entry(password("Pass-2", bound_to="id"))}
    entries = changed({}, options(hosts=["a", "b"], password="Given-1"), lambda: "", NOW)
    assert entries == {name: Entry(password("Given-1")) for name in "ab"}


def test_other_hosts_entries_stay_and_an_empty_entry_is_not_made() -> None:
    there = {"other": Entry(password("x"))}
    assert changed(there, options(state="dropped"), str, NOW) == there
    after = changed(there, options(hosts=["web1"]), lambda: "y", NOW)
    assert after == {**there, "web1": Entry(password("y"))}
    assert changed(after, options(state="promoted"), str, NOW)["web1"] == Entry(None, password("y"))


def test_one_host_that_contradicts_stops_the_task_and_all_are_named() -> None:
    with pytest.raises(
        StoreError, match=r"^Nothing was written: a has no pending password .* c has no pending"
    ) as told:
        changed({"b": Entry(password("x"))}, options(hosts=["a", "b", "c"], state="promoted"), str, NOW)
    assert " b has" not in str(told.value)


def test_the_result_says_what_changed_and_holds_no_password() -> None:
    before, after = {"b": Entry(password("P-b"))}, {"a": Entry(password("P-a")), "b": Entry(password("P-b"))}
    result = report(before, after, ("a", "b", "c"))
    assert result["changed"] is True
    assert {name: entry["changed"] for name, entry in result["entries"].items()} == {"a": True, "b": False, "c": False}
    assert result["entries"]["c"] == {"changed": False, "pending": None, "current": None, "previous": 0}
    assert "P-" not in str(result)
    assert report(before, after, ("b",))["changed"] is False


def test_a_generated_password_is_what_cloud_and_agent_take() -> None:
    for length in (8, 20, 26):
        for _round in range(200):
            made = generate(length)
            assert len(made) == length
            assert made[0].isalnum()
            assert any(map(str.islower, made))
            assert any(map(str.isupper, made))
            assert any(map(str.isdigit, made))
            assert set("-_+=.:@") & set(made)
            assert all(char.isascii() and (char.isalnum() or char in "-_+=.:@") for char in made)
    assert len({generate() for _round in range(100)}) == 100
