# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A store in a folder, with the vault secrets of a run, and a process that writes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores import vault_file
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.entry import Entry, Password
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.vault import RunVault
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.vault_file import VaultFile

SECRET = "Vault-Secret-9"
NOW = "2026-11-23T22:50:13Z"


def password(value: str, generation: str = "1", bound_to: str | None = None, at: str = NOW) -> Password:
    return Password(value, generation, bound_to, at)


def loader(*secrets: tuple[str, str]) -> Any:
    """A run's DataLoader with these vault ids and secrets."""
    made = DataLoader()
    made.set_vault_secrets([(name, VaultSecret(secret.encode())) for name, secret in secrets])
    return made


def vault(*secrets: tuple[str, str], vault_id: str | None = None) -> RunVault:
    return RunVault(loader(*(secrets or (("default", SECRET),))), vault_id)


def store(path: Path, *secrets: tuple[str, str], vault_id: str | None = None) -> VaultFile:
    """The store as a process sees it that has not opened it yet."""
    vault_file._opened.clear()
    return VaultFile(path, vault(*secrets, vault_id=vault_id))


def put(target: VaultFile, host: str, value: str, lock_timeout: float = 20) -> None:
    target.update(lambda entries: {**entries, host: Entry(pending=password(value))}, lock_timeout)


def write_many(path: Path, name: str, count: int) -> None:
    """Put hosts one after the other, and say each that is there."""
    target = store(path)
    for index in range(count):
        put(target, f"{name}-{index}", f"Pass-{name}-{index}")
        print(f"{name}-{index}", flush=True)


if __name__ == "__main__":
    write_many(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
