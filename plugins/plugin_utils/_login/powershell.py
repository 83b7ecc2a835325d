# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the PowerShell command that reads which boot a Windows is in."""

from __future__ import annotations

from collections.abc import Sequence

from .._host import windows_guest
from .._host.windows_script import boot_id_script

READ_BOOT_ID = boot_id_script()


def encoded(script: str) -> Sequence[str]:
    """Return the words that run a script, the same for every shell on the way. Not for secrets: others can read it."""
    text = windows_guest.encoded(script)
    return ("powershell", "-NoProfile", "-NonInteractive", "-EncodedCommand", text)
