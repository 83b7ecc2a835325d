# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: runs a script on the guest over Ansible's connection, in one round trip where that can be.

Where connection and become method can pipe (the option ``pipelining`` need not be on), script and payload go over
standard input. Elsewhere they are uploaded first.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from . import wire
from .errors import HostError
from .redaction import redact

SCRIPT_END = "#@end"

# Reads the script off standard input up to the mark and no byte further, so that what follows is left for the script:
# `read` takes a byte at a time, while `sh -s` and `head` read ahead. One line without "!" and without a line end in
# quotes: csh and fish are login shells, too.
BOOTSTRAP = (
    'n=$(printf "\\n."); n=${n%.}; s=; '
    f'while IFS= read -r l; do if [ "$l" = "{SCRIPT_END}" ]; then break; fi; s=$s$l$n; done; eval "$s"'
)

# The controller holds what it pipes in memory, once a host in work at the same time.
PIPE_LIMIT_BYTES = 64 * 1024 * 1024

_WANTS_TTY = re.compile(r"sudo: .*(must have a tty|a terminal is required|no tty present)", re.IGNORECASE)


class Guest(Protocol):
    """What the work flow needs of a guest."""

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        """Run the script that ``make_script`` makes for a nonce, with the payload on its standard input."""


class AnsibleGuest:
    """A guest behind an action plugin's connection."""

    def __init__(self, action: Any) -> None:
        """Take the action plugin, whose connection and become settings are used as they are.

        Raises HostError for a connection to Windows.
        """
        if getattr(action._connection._shell, "SHELL_FAMILY", "sh") == "powershell":
            raise HostError("This is a Windows guest by its connection; this version works on Linux guests only.")
        self._action = action
        self._pipes = can_pipe(action._connection)

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        """Run a script and return what it answered.

        Raises HostError when it gave no complete answer. Connection faults are Ansible's to raise.
        """
        nonce = secrets.token_hex(8)
        script = make_script(nonce)
        if self._pipes and not _too_large(payload):
            result = self._pipe(script, payload)
            if not _WANTS_TTY.search(result["stderr"] + result["stdout"]):
                return _answer(result, nonce)
            # sudoers says requiretty: go on with a terminal, which rules out standard input.
            self._pipes = False
        return _answer(self._upload(script, payload), nonce)

    def _pipe(self, script: str, payload: Path | None) -> dict[str, Any]:
        data = f"{script}{SCRIPT_END}\n".encode() + (payload.read_bytes() if payload else b"")
        result: dict[str, Any] = self._action._low_level_execute_command(BOOTSTRAP, in_data=data)
        return result

    def _upload(self, script: str, payload: Path | None) -> dict[str, Any]:
        folder = self._action._make_tmp_path()
        join = self._action._connection._shell.join_path
        remote_script = self._action._transfer_data(join(folder, "script"), script)
        source = "/dev/null"
        if payload:
            source = self._action._transfer_file(str(payload), join(folder, "payload"))
        # The guest takes the folder away itself: that saves a round trip.
        command = f"sh {shlex.quote(remote_script)} <{shlex.quote(source)}; rm -rf {shlex.quote(folder)}"
        result: dict[str, Any] = self._action._low_level_execute_command(command)
        self._action._connection._shell.tmpdir = None
        return result


def can_pipe(connection: Any) -> bool:
    """Return whether connection and become method pass standard input on to a command."""
    become = connection.become
    # Before ansible-core 2.19 a become method does not say so itself; su is the one that cannot.
    if not connection.has_pipelining or (become and not getattr(become, "pipelining", become.name != "su")):
        return False
    # The local connection gives a become method that asks for a password a terminal, unless its option says otherwise.
    prompts = bool(become and become.expect_prompt())
    return not (prompts and connection.transport == "local" and not connection.get_option("pipelining"))


def _too_large(payload: Path | None) -> bool:
    return payload is not None and payload.stat().st_size > PIPE_LIMIT_BYTES


def _answer(result: dict[str, Any], nonce: str) -> wire.Answer:
    try:
        return wire.parse(result["stdout"], nonce)
    except HostError as exception:
        lines = result["stderr"].strip().splitlines()
        said = wire.printable(" | ".join(map(redact, lines))[-400:])
        raise HostError(f"{exception} Its status was {result['rc']}, standard error: {said or 'empty'}.") from None
