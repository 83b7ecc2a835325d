"""Who is it? Basic for each request; Negotiate (NTLM, bare or in SPNEGO) once for a connection."""

from __future__ import annotations

import base64
import binascii
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import spnego
from spnego.exceptions import SpnegoError

from lab import accounts
from lab.accounts import Account, Verdict

BASIC = 'Basic realm="WSMAN"'
NEGOTIATE = "Negotiate"
# An LM response is not accepted anyway; the reader wants to see hexadecimal digits.
NO_LM_HASH = "0" * 32


@dataclass(frozen=True)
class User:
    """Somebody who is let in."""

    name: str
    administrator: bool


@dataclass(frozen=True)
class Decision:
    """The user, or None; and what the answer says in WWW-Authenticate."""

    user: User | None
    challenges: tuple[str, ...] = ()


REFUSED = Decision(None, (NEGOTIATE, BASIC))


class Authentication:
    """The state of one connection."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._user: User | None = None
        self.context: spnego.ContextProxy | None = None

    def decide(self, header: str) -> Decision:
        """Judge a request by its Authorization, which is empty if it has none."""
        scheme, _blank, credentials = header.partition(" ")
        if not header:
            return Decision(self._user) if self._user else REFUSED
        self._user = None
        try:
            decoded = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return REFUSED
        if scheme.lower() == "basic":
            return self._basic(decoded)
        if scheme.lower() in {"negotiate", "ntlm"}:
            return self._negotiate(decoded)
        return REFUSED

    def _basic(self, credentials: bytes) -> Decision:
        name, _colon, password = _text(credentials).partition(":")
        name = local_name(name)
        if accounts.check(self._file, name, password) is not Verdict.OK:
            return REFUSED
        return Decision(self._known(name))

    def _negotiate(self, token: bytes) -> Decision:
        try:
            with _credentials(accounts.read(self._file)):
                if self.context is None or self.context.complete:
                    options = spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.use_ntlm
                    self.context = spnego.server(protocol="negotiate", options=options)
                answer = self.context.step(token)
        except (SpnegoError, ValueError, struct.error):
            self.context = None
            return REFUSED
        challenge = f"{NEGOTIATE} {base64.b64encode(answer).decode()}" if answer else ""
        if not self.context.complete:
            return Decision(None, (challenge or NEGOTIATE,))
        self._user = self._known(local_name(self.context.client_principal or ""))
        return Decision(self._user, (challenge,) if challenge else ())

    def _known(self, name: str) -> User:
        return User(name, accounts.is_administrator(self._file, name))


def _text(credentials: bytes) -> str:
    """RFC 7617 wants UTF-8; requests, and so pywinrm, sends Latin-1."""
    try:
        return credentials.decode()
    except UnicodeDecodeError:
        return credentials.decode("latin-1")


def local_name(name: str) -> str:
    """An account's name without its host's."""
    return name.rpartition("\\")[2]


def domains() -> tuple[str, ...]:
    """What may stand before the name of a local account."""
    return "", ".", socket.gethostname()


@contextmanager
def _credentials(known: list[Account]) -> Iterator[None]:
    """Let pyspnego see the accounts that may log in; it reads a file that an environment variable names."""
    names = [
        (f"{domain}\\{account.name}" if domain else account.name, account)
        for account in known
        if not account.disabled and not account.locked
        for domain in domains()
    ]
    text = "".join(f"{name}:{account.rid}:{NO_LM_HASH}:{account.nt_hash}:[U]:LCT-0\n" for name, account in names)
    descriptor = os.memfd_create("accounts")
    try:
        os.write(descriptor, text.encode())
        os.environ["NTLM_USER_FILE"] = f"/proc/self/fd/{descriptor}"
        yield
    finally:
        os.environ.pop("NTLM_USER_FILE", None)
        os.close(descriptor)
