# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options of login_check, and what they have to fulfil."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._host.options import checked
from .boot_id import is_boot_id
from .login import LoginError

SPEC: dict[str, dict[str, Any]] = {
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "required": True, "no_log": True},
    "expect": {"type": "str", "choices": ["verified", "refused", "any"], "default": "verified"},
    "timeout": {"type": "int"},
    "wait": {"type": "int", "default": 0},
    "settle": {"type": "int", "default": 0},
    "boot_id": {"type": "bool", "default": False},
    "not_boot_id": {"type": "str"},
}

# The terminal takes them as commands, or ends the line at them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What OpenSSH's client reads at a prompt.
_PASSWORD_BYTES = 1023


@dataclass(frozen=True)
class Options:
    """The validated options. Times are in seconds; timeout None: the connection's."""

    password: str = field(repr=False)
    user: str | None
    expect: str
    timeout: int | None
    wait: int
    settle: int
    boot_id: bool
    not_boot_id: str | None


def parse(arguments: Mapping[str, Any]) -> Options:
    """Return the options. Raises LoginError with all that is wrong, at once, and without the password."""
    others = {name: value for name, value in arguments.items() if name != "login_password"}
    spec = {name: row for name, row in SPEC.items() if name != "login_password"}
    values, problems = checked(spec, others)
    password = arguments.get("login_password")
    problems = [*problems, *_password_problems(password), *_problems(values)]
    if problems:
        raise LoginError(" ".join(problems))
    return Options(
        password=str(password),
        user=values["login_user"],
        expect=values["expect"],
        timeout=values["timeout"],
        wait=values["wait"],
        settle=values["settle"],
        boot_id=values["boot_id"] or values["not_boot_id"] is not None,
        not_boot_id=values["not_boot_id"],
    )


def _password_problems(password: Any) -> list[str]:
    if password is None:
        return ["login_password is missing; set it to the password to try."]
    if isinstance(password, (bool, int, float, list, dict)):
        # YAML may have changed it already: 0123 is 83.
        return ["login_password is no text; put it in quotes."]
    text = str(password)
    if not text:
        return ["login_password is empty; set it to the password to try."]
    if _CONTROL.search(text):
        return ["login_password has a control character in it, such as a line end, which no prompt takes; remove it."]
    if len(text.encode(errors="surrogateescape")) > _PASSWORD_BYTES:
        return [f"login_password is longer than the {_PASSWORD_BYTES} bytes that an SSH client reads; shorten it."]
    return []


def _problems(values: Mapping[str, Any]) -> list[str]:
    found = [f"{name} is {values[name]}; set it to 0 or more." for name in ("wait", "settle") if values[name] < 0]
    if values["timeout"] is not None and values["timeout"] < 1:
        found.append(f"timeout is {values['timeout']}; set it to at least 1.")
    user = values["login_user"]
    # Windows has blanks in names, and a domain and a backslash before them.
    if user is not None and (not user.strip() or user.startswith("-") or re.search(r"[\"'\x00-\x1f\x7f]", user)):
        found.append(f"login_user is {user!r}, which is no user name; set it, or leave it out.")
    boot_id = values["not_boot_id"]
    if boot_id is not None and not is_boot_id(boot_id):
        found.append(
            f"not_boot_id is {boot_id!r}; set it to the boot_id of an earlier result (a UUID, or windows-NUMBER), or "
            "leave it out."
        )
    return found
