# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a Windows guest told of what may keep a new password from letting anybody in.

In the same shape as for Linux: Administrator is what root is there, Cloudbase-Init what cloud-init is, and sshd is not
asked.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from .login import FLAGS, cloud_init
from .wire import Answer


def login_facts(answer: Answer) -> dict[str, Any]:
    """Return the facts from an answer to login.ps1; what the guest could not tell is None."""
    return {
        "sshd": dict.fromkeys(("password_authentication", "keyboard_interactive", "permit_root_login")),
        "root_account": {
            "named": FLAGS.get(answer.first("admin_named")),
            "locked": FLAGS.get(answer.first("admin_locked")),
            "expired": FLAGS.get(answer.first("admin_expired")),
            "password_changed": _changed(answer.number("admin_password_age")),
        },
        "cloud_init": cloud_init(answer),
        "pending_reset": FLAGS.get(answer.first("pending_reset")),
    }


def _changed(age: int | None) -> str | None:
    """Return the day (UTC) of the last change, by the password's age in seconds."""
    return None if age is None else (datetime.now(timezone.utc) - timedelta(seconds=age)).date().isoformat()
