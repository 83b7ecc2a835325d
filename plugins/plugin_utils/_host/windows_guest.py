# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: runs a script on a Windows guest over Ansible's connection, in one round trip.

The command line, which others can read, is a bootstrap that is the same for all. Script and payload follow on standard
input as lines of base64, since PowerShell reads text there, in a code page of its own.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import wire
from .guest import answer_of
from .system import WINDOWS

# The psrp connection gives a line as its bytes, the others as text. The lines that are left are for the script.
BOOTSTRAP = (
    "$stream = $input; if ($stream.MoveNext()) { $line = $stream.Current; "
    "if ($line -is [byte[]]) { $line = [Text.Encoding]::ASCII.GetString($line) }; "
    "& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))) }"
)
INTERPRETER = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand"
# A line's bytes before they are base64: a multiple of three. Each line costs the guest more than its bytes do.
LINE_BYTES = 600_000
# These start PowerShell by themselves; sshd starts whatever shell is the default there.
_STARTING_POWERSHELL = ("winrm", "psrp")


class WindowsGuest:
    """A Windows guest behind an action plugin's connection.

    Become is not used: who logs in over WinRM or SSH has all the rights that the account has.
    """

    system = WINDOWS

    def __init__(self, action: Any) -> None:
        """Take the action plugin, whose connection is used as it is."""
        self._action = action
        starts = action._connection.transport in _STARTING_POWERSHELL
        self._command = BOOTSTRAP if starts else f"{INTERPRETER} {encoded(BOOTSTRAP)}"

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        """Run a script and return what it answered.

        Raises HostError when it gave no complete answer. Connection faults are Ansible's to raise.
        """
        nonce = secrets.token_hex(8)
        data = b"\n".join([*stream(make_script(nonce), payload), b""])
        result = self._action._low_level_execute_command(self._command, in_data=data, sudoable=False)
        return answer_of({**result, "stdout": wire.unpacked(result["stdout"], nonce)}, nonce)


def encoded(script: str) -> str:
    """Return a script as PowerShell's -EncodedCommand wants it."""
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")


def stream(script: str, payload: Path | None) -> Iterator[bytes]:
    """Yield the lines that BOOTSTRAP and then the script read: the script, and the payload in pieces."""
    yield base64.b64encode(script.encode("utf-8"))
    if payload is None:
        return
    with payload.open("rb") as file:
        while piece := file.read(LINE_BYTES):
            yield base64.b64encode(piece)
