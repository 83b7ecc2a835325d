# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is known about a server when a reset is over, part by part as the modules told it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

Part = Mapping[str, Any]

_WRONG = re.compile(r"\b(error|fatal|severe|exception|failed|failure)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """What is known about one server; None is what was not done, or not told.

    ``readiness``, ``reset`` and ``restart`` are its entries in the results of ecs_readiness_info, ecs_password_reset
    and ecs_power; ``login``, ``old_login`` and ``guest`` are results of login_check and of reset_agent_info with login.
    ``boot_id_before`` is the boot before the restart, None where only the agent was restarted. ``reset_at`` and
    ``restarted_at`` are times of ISO 8601 in UTC. ``superseded`` says whether another generation is recorded beside the
    server by now.
    """

    readiness: Part | None = None
    reset: Part | None = None
    restart: Part | None = None
    login: Part | None = None
    old_login: Part | None = None
    guest: Part | None = None
    boot_id_before: str | None = None
    reset_at: str | None = None
    restarted_at: str | None = None
    superseded: bool | None = None

    def word(self, part: str, key: str = "outcome") -> str:
        """Return a word of a part; empty when it was not told."""
        return str((getattr(self, part) or {}).get(key) or "")

    def said(self, part: str) -> str:
        """Return what a part says is the matter, with the cloud's code and the remedy, as sentences."""
        told = getattr(self, part) or {}
        code = told.get("code")
        words = [f"{code}:"] if code else []
        return " ".join([*words, *(sentence(told[key]) for key in ("message", "remedy", "msg") if told.get(key))])

    @property
    def asked(self) -> bool:
        """Whether the guest could be asked."""
        return bool(self.guest and "agent" in self.guest)

    def agent(self, key: str) -> Any:
        """Return a fact of the agent, or None."""
        return (self.guest or {}).get("agent", {}).get(key)

    def login_fact(self, part: str, key: str) -> Any:
        """Return a fact of what may keep a password from letting anybody in, or None."""
        return ((self.guest or {}).get("login") or {}).get(part, {}).get(key)

    @property
    def pending(self) -> bool | None:
        """Whether a password still waits for the agent."""
        told: bool | None = ((self.guest or {}).get("login") or {}).get("pending_reset")
        return told

    def unmet(self, part: str) -> Sequence[Part]:
        """Return the prerequisites that fail by a part."""
        prerequisites = (getattr(self, part) or {}).get("prerequisites") or ()
        return [item for item in prerequisites if item.get("status") == "fail"]

    @property
    def not_rebooted(self) -> bool:
        """Whether the guest is certainly in the boot of before."""
        return bool(self.boot_id_before) and (self.guest or {}).get("boot_id") == self.boot_id_before

    @property
    def log_complaint(self) -> str:
        """The last line of the agent's log that tells of a failure; empty when none does."""
        return next((str(line) for line in reversed(self.agent("log") or ()) if _WRONG.search(str(line))), "")

    @property
    def windows(self) -> bool:
        """Whether the server runs Windows, by the cloud or by what its boots are called."""
        boot_id = str((self.guest or {}).get("boot_id") or self.boot_id_before or "")
        return self.word("reset", "os_type") == "windows" or boot_id.startswith("windows-")

    @property
    def doubts(self) -> str:
        """Why the agent may not have set the password as it is; empty when nothing speaks for that."""
        return "; ".join((self.reset or {}).get("password_warnings") or ())

    def changed_on(self) -> str:
        """Return the day of the account's last password change, or nothing."""
        return str(self.login_fact("root_account", "password_changed") or "")

    @property
    def changed_before(self) -> bool:
        """Whether the account's password was last changed on a day before the reset."""
        return bool(self.changed_on() and self.reset_at) and self.changed_on() < str(self.reset_at)[:10]

    @property
    def changed_after(self) -> bool:
        """Whether the account's password was changed on a day after the restart."""
        return bool(self.changed_on() and self.restarted_at) and self.changed_on() > str(self.restarted_at)[:10]


NAMES = tuple(field.name for field in fields(Known))


def known(data: Any) -> Known:
    """Return what plain data tells. Raises ValueError with a sentence for each thing in it that cannot be."""
    if not isinstance(data, Mapping):
        raise ValueError(f"reset_outcome takes a map with any of: {', '.join(NAMES)}.")  # noqa: TRY004 - one kind
    # A template of none is empty text before ansible-core 2.19.
    data = {name: None if value == "" else value for name, value in data.items()}
    problems = [
        f"{name} is nothing that reset_outcome knows; use: {', '.join(NAMES)}." for name in data if name not in NAMES
    ]
    problems += [
        f"{name} is no map; give the module's result, or its entry for this server."
        for name in ("readiness", "reset", "restart", "login", "old_login", "guest")
        if data.get(name) is not None and not isinstance(data[name], Mapping)
    ]
    if problems:
        raise ValueError(" ".join(problems))
    return Known(**data)


def sentence(text: object) -> str:
    """Return a text as one that ends with a full stop."""
    return f"{str(text).strip().rstrip('.')}."
