r"""A Windows host's accounts. Wine has no account database, so C:\windows\system32\config\accounts stands in for it.

It has lines of Samba's smbpasswd, with no password but its NT hash (MD4 of the UTF-16-LE text), as Windows keeps it:
`NAME:RID:LM:NTHASH:[FLAGS      ]:LCT-TIME:`. Beside it, in `administrators`, stand the names of who is one.

`python -m lab.accounts check FILE NAME` reads a password from standard input and exits 0 if it is accepted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

# The only MD4 that a current OpenSSL leaves us, and the one that checks NTLM logins in lab.wsman.
from spnego._ntlm_raw.md4 import md4

from lab.paths import write_atomically
from lab.process import LabError

DISABLED, LOCKED = "D", "L"
NO_LM_HASH = "X" * 32
FIRST_RID = 1000
FIELDS = 6


class Verdict(Enum):
    """What Windows makes of a name and a password."""

    OK = "ok"
    WRONG = "wrong"
    DISABLED = "disabled"
    LOCKED = "locked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Account:
    """One account. Names compare without regard to case."""

    name: str
    rid: int
    nt_hash: str
    flags: str = "U"
    changed: int = 0

    @property
    def disabled(self) -> bool:
        """Switched off by an administrator."""
        return DISABLED in self.flags

    @property
    def locked(self) -> bool:
        """Locked after too many wrong passwords."""
        return LOCKED in self.flags

    def is_called(self, name: str) -> bool:
        """Is this the account's name?"""
        return self.name.casefold() == name.casefold()

    def judge(self, password: str) -> Verdict:
        """What a login with this password comes to; a locked account does not even look at it."""
        if self.locked:
            return Verdict.LOCKED
        if self.nt_hash != nt_hash(password):
            return Verdict.WRONG
        return Verdict.DISABLED if self.disabled else Verdict.OK


@dataclass(frozen=True)
class Fresh:
    """An account of a new host, with its password, which is known to all who read this."""

    name: str
    rid: int
    password: str
    administrator: bool


DEFAULTS = (
    Fresh("Administrator", 500, "Lab-Admin-1", administrator=True),
    Fresh("operator", 1001, "Lab-Operator-1", administrator=True),
    Fresh("plain", 1002, "Lab-Plain-1", administrator=False),
)


def nt_hash(password: str) -> str:
    """The hash that Windows keeps of a password."""
    return md4(password.encode("utf-16-le")).hex().upper()


def read(path: Path) -> list[Account]:
    """All accounts of a host. Raises LabError if the file is not one of accounts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_account(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def find(path: Path, name: str) -> Account | None:
    """The account of that name."""
    return next((account for account in read(path) if account.is_called(name)), None)


def check(path: Path, name: str, password: str) -> Verdict:
    """Would the host accept this password?"""
    account = find(path, name)
    return account.judge(password) if account else Verdict.UNKNOWN


def set_password(path: Path, name: str, password: str, *, rid: int | None = None, flags: str | None = None) -> None:
    """Give an account a password, and flags if said; an account that is not there is added."""
    known = read(path) if path.exists() else []
    old = next((account for account in known if account.is_called(name)), None)
    if old is None:
        next_rid = max([FIRST_RID, *(account.rid for account in known)]) + 1
        old = Account(name, next_rid, "")
        known.append(old)
    new = replace(
        old,
        nt_hash=nt_hash(password),
        rid=old.rid if rid is None else rid,
        flags=old.flags if flags is None else flags,
        changed=int(time.time()),
    )
    _write(path, (new if account is old else account for account in known))


def set_flags(path: Path, name: str, flags: str) -> None:
    """`U` is a normal account, `UD` a disabled one, `UL` a locked one. Raises LabError if there is no such account."""
    known = read(path)
    if not any(account.is_called(name) for account in known):
        raise LabError(f"{path} has no account {name}; its accounts: {', '.join(account.name for account in known)}")
    _write(path, (replace(account, flags=flags) if account.is_called(name) else account for account in known))


def administrators(path: Path) -> Path:
    """The file of administrators that belongs to a file of accounts."""
    return path.with_name("administrators")


def is_administrator(path: Path, name: str) -> bool:
    """Is this one of the host's administrators?"""
    lines = administrators(path).read_text(encoding="utf-8").splitlines()
    return name.casefold() in {line.strip().casefold() for line in lines}


def create(path: Path) -> None:
    """The accounts of a fresh host, in place of what was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    for fresh in DEFAULTS:
        set_password(path, fresh.name, fresh.password, rid=fresh.rid)
    names = "".join(f"{fresh.name}\n" for fresh in DEFAULTS if fresh.administrator)
    write_atomically(administrators(path), names)


def _account(path: Path, number: int, line: str) -> Account:
    fields = line.split(":")
    try:
        name, rid, _lm, digest, flags, changed = fields[:FIELDS]
        seconds = int(changed.removeprefix("LCT-"), 16)
        return Account(name, int(rid), digest.upper(), flags.strip("[] "), seconds)
    except ValueError as error:
        raise LabError(f"{path}, line {number}, is no line of an smbpasswd file; write it anew") from error


def _line(account: Account) -> str:
    flags = f"[{account.flags:<11}]"
    return f"{account.name}:{account.rid}:{NO_LM_HASH}:{account.nt_hash}:{flags}:LCT-{account.changed:08X}:\n"


def _write(path: Path, accounts: Iterable[Account]) -> None:
    write_atomically(path, "".join(_line(account) for account in accounts), mode=0o600)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="lab.accounts", description="a Windows host's accounts")
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="is the password on standard input accepted?")
    checking.add_argument("file", type=Path)
    checking.add_argument("name")
    options = parser.parse_args(arguments)
    verdict = check(options.file, options.name, sys.stdin.readline().rstrip("\r\n"))
    sys.stdout.write(f"{verdict.value}\n")
    return 0 if verdict is Verdict.OK else 1


if __name__ == "__main__":
    sys.exit(main())
