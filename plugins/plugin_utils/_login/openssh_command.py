# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the command line of a password-only login by the OpenSSH client."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .login import Target

READ_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"

# They stand before the inventory's, since the client keeps the first value that it meets. Those that an old client may
# not know are not here: it would refuse to start. PreferredAuthentications alone shuts out keys, agents, Kerberos and
# host-based logins; the others save the time to try them.
_OURS = {
    "LogLevel": "DEBUG1",
    "BatchMode": "no",
    "PreferredAuthentications": "password,keyboard-interactive",
    "PasswordAuthentication": "yes",
    "KbdInteractiveAuthentication": "yes",
    "NumberOfPasswordPrompts": "1",
    "PubkeyAuthentication": "no",
    "GSSAPIAuthentication": "no",
    "HostbasedAuthentication": "no",
    "IdentityAgent": "none",
    "ControlMaster": "no",
    "ControlPath": "none",
    "ControlPersist": "no",
    "ClearAllForwardings": "yes",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "Tunnel": "no",
    "UpdateHostKeys": "no",
}
# Letters overrule options, and are for another kind of session: of those without a value only these tell the way.
_LETTERS = re.compile(r"-[46AaCfGgKkMNnqsTtVvXxYy]+")
_KEPT_LETTERS = "46C"


@dataclass(frozen=True)
class Way:
    """How the inventory gets to a host: the program, the target, and further arguments as the inventory has them.

    read_boot_id: the command that reads the boot id there.
    """

    program: str
    target: Target
    arguments: Sequence[str] = ()
    read_boot_id: str = READ_BOOT_ID

    def command(self, timeout: float, log: str, read_boot_id: bool) -> list[str]:
        """Return the command line of a login that has ``timeout`` seconds to connect and tells ``log`` about it."""
        options = {**_OURS, "ConnectTimeout": str(max(1, round(timeout)))}
        if self.target.port is not None:
            options["Port"] = str(self.target.port)
        if self.target.user:
            options["User"] = f'"{self.target.user}"'
        words = [self.program]
        for name, value in options.items():
            words += ["-o", f"{name}={value}"]
        words += _about_the_way(self.arguments)
        # Last, since of these the last one counts.
        words += ["-S", "none", "-a", "-x", "-T", "-E", log]
        command = [self.read_boot_id] if read_boot_id else []
        return [*words, *([] if command else ["-N"]), "--", self.target.address, *command]


def _about_the_way(arguments: Sequence[str]) -> list[str]:
    kept = []
    for word in arguments:
        if not _LETTERS.fullmatch(word):
            kept.append(word)
        elif letters := "".join(letter for letter in word if letter in _KEPT_LETTERS):
            kept.append(f"-{letters}")
    return kept
