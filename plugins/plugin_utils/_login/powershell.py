# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the PowerShell command that reads which boot a Windows is in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

_FILE = Path(__file__).parent.parent / "_host" / "windows" / "boot_id.ps1"
# At import, which is once in Ansible's parent process and not in each of its workers.
READ_BOOT_ID = f"{_FILE.read_text(encoding='utf-8')}\nGet-BootId\n"


def encoded(script: str) -> Sequence[str]:
    """Return the words that run a script, the same for every shell on the way. Not for secrets: others can read it."""
    text = base64.b64encode(script.encode("utf-16-le")).decode()
    return ("powershell", "-NoProfile", "-NonInteractive", "-EncodedCommand", text)
