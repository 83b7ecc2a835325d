# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a Linux guest told of what may keep a new password from letting anybody in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from .wire import Answer

_EPOCH = date(1970, 1, 1)
FLAGS = {"yes": True, "no": False}


def login_facts(answer: Answer) -> dict[str, Any]:
    """Return the facts from an answer to login.sh; what the guest could not tell is None."""
    return {
        "sshd": _sshd(answer),
        "root_account": _root_account(answer),
        "cloud_init": cloud_init(answer),
        "pending_reset": FLAGS.get(answer.first("pending_reset")),
    }


def _sshd(answer: Answer) -> dict[str, Any]:
    # Keys and values come in any case, which differs between versions.
    lines = (line.lower().partition(" ") for line in answer.all("sshd"))
    told = {key: value.strip() for key, _blank, value in lines}
    # The second is what it was called before OpenSSH 8.7.
    interactive = told.get("kbdinteractiveauthentication", told.get("challengeresponseauthentication", ""))
    return {
        "password_authentication": FLAGS.get(told.get("passwordauthentication", "")),
        "keyboard_interactive": FLAGS.get(interactive),
        "permit_root_login": told.get("permitrootlogin"),
    }


def _root_account(answer: Answer) -> dict[str, Any]:
    locked = FLAGS.get(answer.first("root_locked"))
    changed, maximum, expires, today = (
        answer.number(name) for name in ("root_changed", "root_maximum", "root_expires", "today")
    )
    return {
        # The agent sets root's by this name, which no Linux gives another one.
        "named": True,
        "locked": locked,
        "expired": None if locked is None or today is None else _expired(changed, maximum, expires, today),
        "password_changed": (_EPOCH + timedelta(days=changed)).isoformat() if changed else None,
    }


def _expired(changed: int | None, maximum: int | None, expires: int | None, today: int) -> bool:
    """Return whether PAM asks for another password, or lets nobody in, by the days of shadow(5)."""
    if changed == 0 or (expires is not None and today >= expires):
        return True
    return changed is not None and maximum is not None and today > changed + maximum


def cloud_init(answer: Answer) -> dict[str, Any]:
    """Return what cloud-init, or Cloudbase-Init on Windows, does to passwords by its configuration."""
    told = set(answer.all("cloud_init"))
    sets = {"module", "sets"} <= told or "lock_passwd yes" in told
    flags = [line.partition(" ")[2] for line in answer.all("cloud_init") if line.startswith("ssh_pwauth ")]
    return {
        "present": bool(told),
        "rewrites_password": sets if "readable" in told else None if told else False,
        # Of several files the last one wins.
        "ssh_pwauth": FLAGS.get(flags[-1]) if flags else None,
    }
