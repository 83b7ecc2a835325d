# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: passwords that the cloud takes and the agent's unquoted shell leaves as they are."""

from __future__ import annotations

import secrets
import string

# What a shell without quotes hands on unchanged, out of what the API takes (facts/huawei-cloud.md 1.9 and 1.11).
SAFE_SPECIALS = "-_+=.:@"
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SAFE_SPECIALS)


def generate(length: int = 20) -> str:
    """Return a random password of this length: of each class at least one, the first a letter or a digit."""
    while True:
        password = "".join(secrets.choice("".join(_CLASSES)) for _index in range(length))
        if password[0].isalnum() and all(set(password) & set(chars) for chars in _CLASSES):
            return password
