# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: an entry, which is a server's record in a store, and its transitions. No I/O.

A password is pending from before the cloud is asked for it until a login has proved it (it is current then), or the
cloud has refused it for certain (it is dropped then). A controller may die anywhere in between, so a pending password
that gives way to another one is kept among the previous ones: the server may have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# How many previous passwords an entry keeps, the newest first.
KEPT = 10


class TransitionError(Exception):
    """A transition that contradicts the entry. The message is the end of a sentence that begins with the host."""


@dataclass(frozen=True)
class Password:
    """A password, the generation that it is for, the server that it is bound to, and since when it is where it is."""

    value: str = field(repr=False)
    generation: str
    bound_to: str | None
    changed_at: str

    def report(self) -> dict[str, str | None]:
        """Return what may be told of it."""
        return {"generation": self.generation, "bound_to": self.bound_to, "changed_at": self.changed_at}


@dataclass(frozen=True)
class Wanted:
    """What a caller wants of an entry: its generation, and the server's id where it is known."""

    generation: str
    bound_to: str | None = None

    def met_by(self, password: Password | None) -> bool:
        """Return whether a password is that of this generation and server. A server that is not known is no other."""
        if password is None or password.generation != self.generation:
            return False
        return self.bound_to is None or password.bound_to is None or password.bound_to == self.bound_to


@dataclass(frozen=True)
class Entry:
    """The passwords of one server; the previous ones newest first."""

    pending: Password | None = None
    current: Password | None = None
    previous: tuple[Password, ...] = ()

    def report(self) -> dict[str, Any]:
        """Return what may be told of it."""
        return {
            "pending": self.pending.report() if self.pending else None,
            "current": self.current.report() if self.current else None,
            "previous": len(self.previous),
        }


def stage(entry: Entry, wanted: Wanted, given: str | None, make: Callable[[], str], now: str) -> Entry:
    """Return the entry with a pending password: the given one, or a new one by ``make``.

    It stays as it is when that generation's password is pending already, or current with nothing pending: a run that
    goes on after another was killed has the same password. Raises TransitionError when the generation has another
    password than the given one.
    """
    found = entry.pending or entry.current
    if found and wanted.met_by(found):
        if given is not None and given != found.value:
            raise TransitionError(
                f"has another password for generation {wanted.generation!r} already; leave password out to go on with "
                "that one, or choose a new generation"
            )
        return entry
    pending = Password(given if given is not None else make(), wanted.generation, wanted.bound_to, now)
    return Entry(pending, entry.current, _kept(entry.pending, entry.previous))


def promote(entry: Entry, wanted: Wanted, now: str) -> Entry:
    """Return the entry with its pending password as the current one; unchanged when it is that already.

    Raises TransitionError when another password is pending, or none and the current one is not of this generation.
    """
    pending = entry.pending
    if pending and wanted.met_by(pending):
        current = Password(pending.value, pending.generation, pending.bound_to, now)
        return Entry(None, current, _kept(entry.current, entry.previous))
    if pending is None and wanted.met_by(entry.current):
        return entry
    server = f" on server {wanted.bound_to}" if wanted.bound_to else ""
    raise TransitionError(
        f"has no pending password for generation {wanted.generation!r}{server}; stage it before it is requested"
    )


def drop(entry: Entry, wanted: Wanted) -> Entry:
    """Return the entry without the pending password of this generation; unchanged when there is none."""
    return Entry(None, entry.current, entry.previous) if wanted.met_by(entry.pending) else entry


def _kept(replaced: Password | None, previous: tuple[Password, ...]) -> tuple[Password, ...]:
    return ((replaced,) if replaced else ()) + previous[: KEPT - bool(replaced)]


def to_data(entry: Entry) -> dict[str, Any]:
    """Return the entry as plain data, passwords included."""
    return {
        "pending": _password_data(entry.pending),
        "current": _password_data(entry.current),
        "previous": [_password_data(password) for password in entry.previous],
    }


def from_data(data: Any) -> Entry:
    """Return the entry of plain data. Raises ValueError, without the data in it, when it is none."""
    if not isinstance(data, Mapping) or set(data) != {"pending", "current", "previous"}:
        raise ValueError("an entry has pending, current and previous")
    previous = data["previous"]
    if not isinstance(previous, list):
        raise ValueError("an entry's previous is a list")  # noqa: TRY004 - one exception for all that is wrong
    pending, current = (_password(data[name]) if data[name] is not None else None for name in ("pending", "current"))
    return Entry(pending, current, tuple(map(_password, previous)))


def _password_data(password: Password | None) -> dict[str, str | None] | None:
    return {"password": password.value, **password.report()} if password else None


def _password(data: Any) -> Password:
    names = ("password", "generation", "bound_to", "changed_at")
    if not isinstance(data, Mapping) or set(data) != set(names):
        raise ValueError(f"a password has {', '.join(names)}")
    if not all(isinstance(data[name], str) or (name == "bound_to" and data[name] is None) for name in names):
        raise ValueError("what a password has is text")
    return Password(data["password"], data["generation"], data["bound_to"], data["changed_at"])
