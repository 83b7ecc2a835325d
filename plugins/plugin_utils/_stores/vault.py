# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: encrypts and decrypts with the vault secrets that a run of Ansible has already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible.constants import config
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib

from .errors import StoreError

_HOW = "--vault-id, --vault-password-file or --ask-vault-pass"


@dataclass(frozen=True)
class Key:
    """One of the run's vault secrets under its vault id."""

    vault_id: str
    secret: Any


class RunVault:
    """The run's vault."""

    def __init__(self, loader: Any, vault_id: str | None = None) -> None:
        """Take the run's DataLoader, and the id of the secret that is to encrypt.

        Raises StoreError when the run has no secret, or none of this id.
        """
        # All there is: VaultSecretsContext is private, and ansible-core 2.16 has none.
        secrets: Sequence[tuple[str, Any]] = loader._vault.secrets or ()  # noqa: SLF001
        self._keys = [Key(*pair) for pair in secrets]
        if not self._keys:
            raise StoreError(f"This run has no vault secret to keep passwords with; give one by {_HOW}.")
        self._wanted = vault_id or None
        if self._wanted and not self._named(self._wanted):
            raise StoreError(
                f"vault_id is {self._wanted!r}, and this run has no vault secret of that name; it has: {self._names()}."
            )

    def decrypt(self, ciphertext: bytes) -> tuple[bytes, Key]:
        """Return the plaintext, and the key that opened it.

        Raises StoreError, whose message is the end of a sentence that begins with the file.
        """
        try:
            plaintext, vault_id, secret = self._lib().decrypt_and_get_vault_id(ciphertext)
        except AnsibleError:
            # Ansible's own words name neither remedy. A damaged file and another password look the same to it.
            raise StoreError(
                f"cannot be decrypted with this run's vault secrets ({self._names()}): give the right one by {_HOW}, "
                "or, if it is damaged, put a backup back"
            ) from None
        return bytes(plaintext), Key(vault_id, secret)

    def encrypt(self, plaintext: bytes, key: Key) -> bytes:
        """Return the ciphertext as ansible-vault writes it."""
        return bytes(self._lib().encrypt(plaintext, key.secret, key.vault_id))

    def key(self, opened: Key | None) -> Key:
        """Return what encrypts: the vault_id's secret, else that which opened the file, else the run's own choice.

        Raises StoreError when the run has several and does not say which.
        """
        wanted = self._wanted or (None if opened else _encrypt_identity())
        if wanted:
            named = self._named(wanted)
            if not named:
                raise StoreError(
                    f"vault_encrypt_identity is {wanted!r}, and this run has no vault secret of that name; set "
                    f"vault_id to one of: {self._names()}."
                )
            return named[0]
        if opened:
            return opened
        if len({key.vault_id for key in self._keys}) > 1:
            raise StoreError(f"This run has several vault secrets; set vault_id to one of: {self._names()}.")
        return self._keys[0]

    def _named(self, vault_id: str) -> list[Key]:
        return [key for key in self._keys if key.vault_id == vault_id]

    def _names(self) -> str:
        return ", ".join(dict.fromkeys(key.vault_id for key in self._keys))

    def _lib(self) -> Any:
        return VaultLib([(key.vault_id, key.secret) for key in self._keys])  # type: ignore[no-untyped-call]


def _encrypt_identity() -> str | None:
    value = config.get_config_value("DEFAULT_VAULT_ENCRYPT_IDENTITY")  # type: ignore[no-untyped-call]
    return str(value) if value else None
