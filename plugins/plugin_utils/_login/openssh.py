# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one password-only login by the OpenSSH client, which gets the password by a terminal.

The client has a terminal of its own, as sshpass gives it one, and writes its messages to a second one: they are kept
apart from standard error, where banners and jump hosts speak, and no file is left whatever happens. The password goes
into the terminal and nowhere else.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import selectors
import signal
import subprocess
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import IO

from .boot_id import found_in
from .login import Attempt, LoginError, Target
from .openssh_command import Way
from .openssh_words import Transcript, asks_password, classify, decided, last_line

# A terminal that has been quiet for so long after a question waits for an answer.
_QUESTION_SECONDS = 1.0
_TICK_SECONDS = 0.1
# More than any client says; a server may send without end.
_KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True)
class OpenSSH:
    """Logins by the OpenSSH client on the way that the inventory gives."""

    way: Way

    @property
    def target(self) -> Target:
        """Whom it logs in to."""
        return self.way.target

    def attempt(self, password: str, timeout: float, read_boot_id: bool) -> Attempt:
        """Try one login. Raises LoginError when the client cannot be started."""
        with _Client(self.way, timeout, read_boot_id) as client:
            transcript, ended = client.converse(password)
            reason, detail = classify(transcript, ended)
            if reason != "password_accepted" or not read_boot_id:
                return Attempt(reason, detail, transcript.given)
            if found := found_in(client.text("output")):
                return Attempt(reason, detail, given=True, boot_id=found)
            return Attempt("boot_id_unread", last_line(client.text("said")), given=True)


@dataclass
class _Client:
    """A running client and what it has shown. It and its children are gone when the context ends."""

    way: Way
    timeout: float
    read_boot_id: bool
    _shown: dict[str, bytearray] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def __enter__(self) -> _Client:
        self._deadline = time.monotonic() + self.timeout
        self._cleanup = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            self._terminal, slave = stack.enter_context(_terminal())
            log, log_slave = stack.enter_context(_terminal())
            tty.setraw(log_slave)  # as it is written, no echo
            command = self.way.command(self.timeout, os.ttyname(log_slave), self.read_boot_id)
            output, output_end = stack.enter_context(_pipe())
            said, said_end = stack.enter_context(_pipe())
            process = _start(command, slave, output_end.fileno(), said_end.fileno())
            stack.callback(_end, process)
            output_end.close()
            said_end.close()
            self._selector = stack.enter_context(selectors.DefaultSelector())
            # Nobody but the client itself holds its standard output, whose end thus is the client's.
            sources = {"log": log, "asked": self._terminal, "output": output, "said": said}
            for name, source in sources.items():
                os.set_blocking(source, False)
                self._shown[name] = bytearray()
                self._open.add(name)
                self._selector.register(source, selectors.EVENT_READ, name)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def text(self, name: str) -> str:
        """Return what came from one source so far."""
        return self._shown[name].decode(errors="replace").replace("\r\n", "\n")

    def converse(self, password: str) -> tuple[Transcript, bool]:
        """Give the password when the target asks for it; return all that was shown, and whether the client ended.

        It stops as soon as the login is decided, where no boot id is to be read.
        """
        transcript, asked_at, ended = Transcript(), time.monotonic(), False
        while time.monotonic() < self._deadline:
            news = self._look()
            if ended and not news:
                break
            ended = "output" not in self._open
            transcript = self._transcript(transcript.given_at)
            if "asked" in news:
                asked_at = time.monotonic()
            reason = decided(transcript)
            if reason and not (reason == "password_accepted" and self.read_boot_id):
                self._look()  # what was said about it may have come with it
                transcript = self._transcript(transcript.given_at)
                break
            if asks_password(transcript):
                os.write(self._terminal, password.encode(errors="surrogateescape") + b"\n")
                self._shown["asked"].clear()
                transcript = replace(transcript, given_at=(len(transcript.log), len(transcript.said)), asked="")
            elif transcript.asked.strip() and time.monotonic() - asked_at > _QUESTION_SECONDS:
                break
        return transcript, ended

    def _transcript(self, given_at: tuple[int, int] | None) -> Transcript:
        # The client puts a carriage return before its questions.
        asked = re.split(r"[\r\n]", self.text("asked"))[-1]
        return Transcript(self.text("log"), asked, self.text("said"), given_at)

    def _look(self) -> set[str]:
        """Take in what has come, or wait a tick for it; return the sources of it, those that ended among them."""
        news = set()
        # The selector hears of a terminal's news from a worker of the kernel, which a busy machine may delay for longer
        # than a tick; reading does not depend on it. The client's last words would be missed otherwise.
        keys = [key for key, _events in self._selector.select(_TICK_SECONDS)] or [*self._selector.get_map().values()]
        for key in keys:
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            except OSError:  # how a terminal ends
                data = b""
            news.add(key.data)
            if data:
                self._shown[key.data] += data[: _KEPT_BYTES - len(self._shown[key.data])]
            else:
                self._selector.unregister(key.fd)
                self._open.remove(key.data)
        return news


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """A new terminal: the end to watch, and the end to give away."""
    ends = os.openpty()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """A new pipe: the end to read, and the end to give away and close."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0), os.fdopen(writer, "wb", buffering=0) as given:
        yield reader, given


def _start(command: Sequence[str], terminal: int, output: int, said: int) -> subprocess.Popen[bytes]:
    """Start the client in a session of its own, with that terminal to ask at."""
    # Without SSH_ASKPASS: some set it together with SSH_ASKPASS_REQUIRE, and another program would be asked.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SSH_ASKPASS")}
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=said,
            env={**environment, "LC_ALL": "C"},
            start_new_session=True,
            # A single call into the kernel: nothing here that another thread could hold.
            preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise LoginError(
            f"{command[0]} cannot be started on the controller ({error}); install OpenSSH's client."
        ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the client and all that it started, its jump hosts' clients above all."""
    # Before the client is waited for: until then nobody else can get its number.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
