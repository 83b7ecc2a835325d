# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the id of a boot looks like: a UUID on Linux, ``windows-`` and digits on Windows."""

from __future__ import annotations

import re

_BOOT_ID = re.compile(r"^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|windows-[0-9]+)$", re.MULTILINE)


def is_boot_id(text: str) -> bool:
    """Return whether a text is the id of a boot."""
    return bool(_BOOT_ID.fullmatch(text))


def found_in(output: str) -> str | None:
    """Return the id that stands on the last such line of a command's output, or None."""
    found = _BOOT_ID.findall(output.replace("\r", ""))
    return found[-1] if found else None
