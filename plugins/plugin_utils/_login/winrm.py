# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one password-only login over WinRM, by the library that the connection uses.

Asked is Identify, which takes no rights, only a login. Where the password would be sent as it is, the server is first
asked without one, to see that it wants one and takes it this way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from threading import Thread

from .boot_id import found_in
from .login import REASONS, VERIFIED, Attempt, Target
from .powershell import READ_BOOT_ID
from .winrm_watch import Watch
from .winrm_way import Client, MakeClient, WinrmWay
from .winrm_words import IDENTIFY, Course, classify, offers


@dataclass(frozen=True)
class WinRM:
    """Logins over WinRM on the way that the inventory gives."""

    way: WinrmWay
    make: MakeClient

    @property
    def target(self) -> Target:
        """Whom it logs in to."""
        return self.way.target

    def attempt(self, password: str, timeout: float, read_boot_id: bool) -> Attempt:
        """Try one login. Raises LoginError when the client cannot be made."""
        watch = Watch(time.monotonic() + timeout)
        client = self.make(self.way, password, timeout)
        try:
            return _within(watch.deadline, lambda: self._try(client, watch, password, read_boot_id))
        except FutureTimeoutError:
            proved = Course(self.way.method, tuple(watch.seen)).proved
            return Attempt("boot_id_unread" if proved else "timed_out", given=watch.given)

    def _try(self, client: Client, watch: Watch, password: str, read_boot_id: bool) -> Attempt:
        with client.session as session:
            watch.over(session)
            course = self._asked(client, watch, password)
            reason, detail = classify(course)
            if REASONS[reason].outcome != VERIFIED or not read_boot_id:
                return Attempt(reason, detail, watch.given)
            try:
                found = found_in(client.run(READ_BOOT_ID))
            except Exception as error:  # noqa: BLE001 - as below
                return Attempt("boot_id_unread", _told(error, password), given=True)
            return Attempt(reason if found else "boot_id_unread", given=True, boot_id=found)

    def _asked(self, client: Client, watch: Watch, password: str) -> Course:
        try:
            if self.way.method != "basic" or self._takes_basic(client, watch):
                client.ask(IDENTIFY)
        except Exception as error:  # noqa: BLE001 - the libraries stumble over strange answers in any way
            return Course(
                self.way.method, tuple(watch.seen), _told(error, password), str(getattr(error, "response_text", ""))
            )
        return Course(self.way.method, tuple(watch.seen))

    def _takes_basic(self, client: Client, watch: Watch) -> bool:
        """Return whether the server, asked without a password, wants one and takes it this way."""
        from requests import Request  # noqa: PLC0415 - it comes with the libraries

        # Prepared past the session, which would add its login.
        client.session.send(Request("POST", self.way.url, data=IDENTIFY, headers=_HEADERS).prepare())
        return watch.seen[-1].status == 401 and offers(watch.seen[-1].offered, "basic")


def _within(deadline: float, work: Callable[[], Attempt]) -> Attempt:
    """Do work until a moment of time.monotonic(). Raises TimeoutError when it is not done by then.

    In a thread: neither a name service nor a server that trickles heeds a library's own time-outs.
    """
    future: Future[Attempt] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            future.set_exception(error)

    Thread(target=do, daemon=True).start()
    return future.result(max(0.0, deadline - time.monotonic()))


_HEADERS = {"Content-Type": "application/soap+xml;charset=UTF-8"}


def _told(error: Exception, password: str) -> str:
    """Return the name and text of an exception, without the password, of which a failed encoding tells a letter."""
    text = "" if isinstance(error, UnicodeError) else f": {error}"
    return f"{type(error).__name__}{text}".replace(password, "********")
