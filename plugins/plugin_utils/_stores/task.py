# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options of stored_password, and what they make of a store's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .entry import Entry, TransitionError, Wanted, drop, promote, stage
from .errors import StoreError

SPEC: dict[str, dict[str, Any]] = {
    "file": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["staged", "promoted", "dropped"], "default": "staged"},
    "generation": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str"},
    "bound_to": {"type": "dict", "default": {}},
    "password": {"type": "str", "no_log": True},
    "length": {"type": "int", "default": 14},
    "vault_id": {"type": "str"},
    "lock_timeout": {"type": "int", "default": 300},
}
# What the cloud takes (facts/huawei-cloud.md 1.11).
LENGTHS = range(8, 27)


@dataclass(frozen=True)
class Options:
    """The validated options. The time is in seconds."""

    file: str
    state: str
    generation: str
    hosts: tuple[str, ...]
    bound_to: Mapping[str, str]
    length: int
    lock_timeout: int
    password: str | None = field(default=None, repr=False)
    vault_id: str | None = None

    def wanted(self, host: str) -> Wanted:
        """Return what is wanted of a host's entry."""
        return Wanted(self.generation, self.bound_to.get(host))


def parse(values: Mapping[str, Any], host: str) -> tuple[Options | None, list[str]]:
    """Return the options of a task on a host, or None with a sentence for each thing wrong."""
    hosts = tuple(dict.fromkeys([host] if values.get("hosts") is None else values["hosts"]))
    problems = [_PROBLEMS[name] for name in ("file", "generation") if not values.get(name)]
    if not all(hosts):
        problems.append("hosts has an empty name; give names of the inventory.")
    strange = sorted(map(str, set(values["bound_to"]) - set(hosts)))
    if strange:
        problems.append(f"bound_to has {', '.join(strange)}, which this task is not about; give ids of its hosts only.")
    if any(not isinstance(server, str) or not server for server in values["bound_to"].values()):
        problems.append("bound_to has an empty server id, or one that is no text; give the id, or leave the host out.")
    if values.get("password") == "":
        problems.append("password is empty; set it, or leave it out to have one generated.")
    if values.get("password") is not None and values["state"] in ("promoted", "dropped"):
        problems.append("password goes with state: staged only; leave it out.")
    if values["length"] not in LENGTHS:
        problems.append(f"length is {values['length']}; set it to {LENGTHS.start} to {LENGTHS.stop - 1}.")
    if values["lock_timeout"] < 1:
        problems.append(f"lock_timeout is {values['lock_timeout']}; set it to at least 1.")
    if problems:
        return None, problems
    return Options(**{**values, "hosts": hosts}), []


_PROBLEMS = {
    "file": "file is not set; set it to the file that keeps the passwords.",
    "generation": "generation is not set; set it to the version of the wanted password, any text.",
}


def changed(entries: Mapping[str, Entry], options: Options, make: Callable[[], str], now: str) -> dict[str, Entry]:
    """Return the entries as the task wants them. Raises StoreError for all hosts whose entry contradicts it."""
    transitions: dict[str, Callable[[Entry, Wanted], Entry]] = {
        "staged": lambda entry, wanted: stage(entry, wanted, options.password, make, now),
        "promoted": lambda entry, wanted: promote(entry, wanted, now),
        "dropped": drop,
    }
    after, problems = dict(entries), []
    for host in options.hosts:
        try:
            entry = transitions[options.state](entries.get(host, Entry()), options.wanted(host))
        except TransitionError as error:  # noqa: PERF203 - all problems at once
            problems.append(f"{host} {error}.")
        else:
            if entry != entries.get(host, Entry()):
                after[host] = entry
    if problems:
        raise StoreError(f"Nothing was written: {' '.join(problems)}")
    return after


def report(before: Mapping[str, Entry], after: Mapping[str, Entry], hosts: tuple[str, ...]) -> dict[str, Any]:
    """Return the task's result, which holds no password."""
    entries = {
        host: {"changed": before.get(host) != after.get(host), **after.get(host, Entry()).report()} for host in hosts
    }
    return {"changed": any(entry["changed"] for entry in entries.values()), "entries": entries}
