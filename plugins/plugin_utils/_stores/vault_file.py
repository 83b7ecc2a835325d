# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a store that is one vault-encrypted file, for all hosts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .durable import Content, DurableFile
from .entry import Entry, from_data, to_data
from .errors import StoreError
from .vault import Key, RunVault

FORMAT = 1

Entries = Mapping[str, Entry]


@dataclass(frozen=True)
class _Opened:
    content: Content
    entries: Entries
    key: Key


# What this process has decrypted last of each file: deriving the key from the password is slow by design.
_opened: dict[Path, _Opened] = {}


class VaultFile:
    """The store behind a path. Every method raises StoreError."""

    def __init__(self, path: Path, vault: RunVault) -> None:
        self._file = DurableFile(path)
        self._vault = vault

    def read(self) -> Entries:
        """Return the entries by the hosts' names; none when there is no file yet."""
        opened = self._open()
        return opened.entries if opened else {}

    def update(self, change: Callable[[Entries], Entries], lock_timeout: float) -> tuple[Entries, Entries]:
        """Let ``change`` make new entries of those that are there; return both.

        Other writers are kept out meanwhile, for which they wait up to ``lock_timeout`` seconds. Nothing is written
        when nothing differs; what is written has been read back and compared when this returns.
        """
        with self._file.locked(lock_timeout):
            opened = self._open()
            before = opened.entries if opened else {}
            after = change(before)
            if after != before:
                self._write(after, self._vault.key(opened.key if opened else None))
            return before, after

    def _open(self) -> _Opened | None:
        known = _opened.get(self._file.path)
        content = self._file.read(known.content if known else None)
        if content is None:
            return None
        if known is None or content is not known.content:
            try:
                plaintext, key = self._vault.decrypt(content.data)
            except StoreError as error:
                raise StoreError(f"{self._file.path} {error}.") from None
            known = _Opened(content, self._entries(plaintext), key)
            _opened[self._file.path] = known
        return known

    def _write(self, entries: Entries, key: Key) -> None:
        plaintext = _plaintext(entries)
        self._file.replace(
            self._vault.encrypt(plaintext, key), lambda written: self._vault.decrypt(written)[0] == plaintext
        )

    def _entries(self, plaintext: bytes) -> Entries:
        try:
            return _parsed(json.loads(plaintext))
        except ValueError:
            # Not with the cause: a decoder's exception holds the text.
            raise StoreError(
                f"{self._file.path} decrypts to something else than passwords that this collection keeps (its format "
                f"{FORMAT}); set file to another path, or put a backup back."
            ) from None


def _plaintext(entries: Entries) -> bytes:
    data = {"format": FORMAT, "entries": {name: to_data(entries[name]) for name in sorted(entries)}}
    return json.dumps(data, indent=1, ensure_ascii=False).encode()


def _parsed(data: Any) -> Entries:
    if not isinstance(data, Mapping) or data.get("format") != FORMAT or not isinstance(data.get("entries"), Mapping):
        raise ValueError("no store")
    return {str(name): from_data(entry) for name, entry in data["entries"].items()}
