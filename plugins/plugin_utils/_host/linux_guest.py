# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: runs a script on a Linux guest over Ansible's connection, in one round trip if it can.

Where connection and become method can pipe (the option ``pipelining`` need not be on), script and payload go over
standard input. Elsewhere they are uploaded first: over standard input of the login user's own shell where the
connection alone can pipe (neither sftp nor scp is needed then), else as Ansible transfers files.
"""

from __future__ import annotations

import mmap
import re
import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import wire
from .errors import NotSentError
from .guest import answer_of
from .system import LINUX

# Reads the script off standard input, as many bytes as its first line says and none more, so that what follows is left
# for the script: a `dd` of one block reads once and not ahead, as `sh -s` and some `head`s do; `read` for all of it
# would take a system call a byte. One line without "!" and without a line end in quotes: csh and fish are login shells,
# too.
BOOTSTRAP = (
    "LC_ALL=C; IFS= read -r n; s=; "
    'while [ "${#s}" -lt "$n" ]; do '
    "c=$(dd bs=$((n-${#s})) count=1 2>/dev/null; echo .); c=${c%.}; "
    'if [ -z "$c" ]; then exit 1; fi; s=$s$c; done; eval "$s"'
)

# The controller holds what it pipes in memory, once a host in work at the same time.
PIPE_LIMIT_BYTES = 64 * 1024 * 1024

# In whatever language the guest's sudo speaks.
_SUDO_REFUSED = re.compile(r"^sudo: ", re.MULTILINE)


class LinuxGuest:
    """A Linux guest behind an action plugin's connection."""

    system = LINUX

    def __init__(self, action: Any) -> None:
        """Take the action plugin, whose connection and become settings are used as they are."""
        self._action = action
        self._pipes = can_pipe(action._connection)

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        """Run a script and return what it answered.

        Raises HostError when it gave no complete answer. Connection faults are Ansible's to raise.
        """
        nonce = secrets.token_hex(8)
        script = make_script(nonce)
        if self._pipes and not _too_large(payload):
            result = self._execute(BOOTSTRAP, _stream(script, payload))
            if wire.begun(result["stdout"], nonce) or not _SUDO_REFUSED.search(result["stderr"] + result["stdout"]):
                return answer_of(result, nonce)
            # Nothing ran. Maybe sudoers says requiretty: go on with a terminal, which rules out standard input.
            self._pipes = False
        return answer_of(self._upload(script, payload, nonce), nonce)

    def _execute(self, command: str, data: bytes | None = None, become: bool = True) -> dict[str, Any]:
        result: dict[str, Any] = self._action._low_level_execute_command(command, in_data=data, sudoable=become)
        return result

    def _upload(self, script: str, payload: Path | None, nonce: str) -> dict[str, Any]:
        if self._action._connection.has_pipelining and not _too_large(payload):
            folder = self._put(_stream(script, payload), nonce)
            command = f"({BOOTSTRAP}) <{shlex.quote(folder)}/stream"
        else:
            folder = self._action._make_tmp_path()
            command = self._transfer(script, payload, folder)
        # The guest takes the folder away itself: that saves a round trip.
        result = self._execute(f"{command}; rm -rf {shlex.quote(folder)}")
        if wire.begun(result["stdout"], nonce):
            self._action._connection._shell.tmpdir = None  # else nothing ran, and it is Ansible's to take away
        return result

    def _put(self, data: bytes, nonce: str) -> str:
        """Make a folder like Ansible's, as the login user, and put the data into it; return its path."""
        parent = self._action.get_shell_option("remote_tmp", default="~/.ansible/tmp")
        # With echo as Ansible does it: that expands ~ and variables and keeps blanks.
        command = (
            f'umask 77; p="$(echo {parent})"; d=$p/ansible-tmp-{nonce}; mkdir -p "$p" && mkdir "$d" && '
            f'{{ cat >"$d/stream" && cd "$d" && echo && echo "{nonce} $(pwd)" || {{ rm -rf "$d"; exit 1; }}; }}'
        )
        result = self._execute(command, data, become=False)
        for line in result["stdout"].splitlines():
            mark, _blank, folder = line.partition(" ")
            if mark == nonce:
                # From here on Ansible takes it away, should we not come to it.
                self._action._connection._shell.tmpdir = folder
                self._action._cleanup_remote_tmp = True
                return str(folder)
        said = wire.printable(" | ".join(result["stderr"].strip().splitlines())[-400:])
        raise NotSentError(
            f"The script could not be put into {parent} on the guest, status {result['rc']}: {said or 'no word'}. "
            "Set ansible_remote_tmp to a folder that the login user can write."
        )

    def _transfer(self, script: str, payload: Path | None, folder: str) -> str:
        join = self._action._connection._shell.join_path
        remote_script = self._action._transfer_data(join(folder, "script"), script)
        source = "/dev/null"
        if payload:
            source = self._action._transfer_file(str(payload), join(folder, "payload"))
        return f"sh {shlex.quote(remote_script)} <{shlex.quote(source)}"


def can_pipe(connection: Any) -> bool:
    """Return whether connection and become method pass standard input on to a command."""
    become = connection.become
    # Before ansible-core 2.19 a become method does not say so itself; su is the one that cannot.
    if not connection.has_pipelining or (become and not getattr(become, "pipelining", become.name != "su")):
        return False
    # The local connection gives a become method that asks for a password a terminal, unless its option says otherwise.
    # The method's own expect_prompt knows that only once a command is built.
    prompts = bool(become and become.get_option("become_pass"))
    return not (prompts and connection.transport == "local" and not connection.get_option("pipelining"))


def _stream(script: str, payload: Path | None) -> bytes:
    """Return what BOOTSTRAP reads."""
    data = script.encode()
    head = b"%d\n%b" % (len(data), data)
    if payload is None:
        return head
    # Mapped, so that the worker has it in memory once.
    with payload.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return b"".join((head, content))


def _too_large(payload: Path | None) -> bool:
    return payload is not None and payload.stat().st_size > PIPE_LIMIT_BYTES
