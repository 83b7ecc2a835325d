# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a password that stored_password keeps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stored_password
short_description: Read a password that stored_password keeps
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Returns the password of a host's entry in the vault-encrypted file of
    M(cloudreset.huaweicloud.stored_password).
  - What a task does with it is the task's to keep secret. Set C(no_log) on one whose option is not C(no_log) by itself,
    and do not put it into a fact.
  - A file that is still the same is decrypted once in each process. Ansible has a process for each host and task, so
    many hosts in one task cost one decryption each; a loop, or a template over many hosts, costs one in all.
options:
  _terms:
    description: Names of hosts as in the inventory.
    type: list
    elements: str
    required: true
  file:
    description: The file; a relative path is looked for beside the playbook.
    type: path
    required: true
  which:
    description:
      - Which of the entry's passwords; of the previous ones it is the newest.
      - V(wanted) is the pending one, or where none is pending the current one.
    type: str
    choices: [pending, current, previous, wanted]
    default: current
seealso:
  - module: cloudreset.huaweicloud.stored_password
"""

EXAMPLES = r"""
- name: Log in with the password that was proved last
  ansible.builtin.ping:
  vars:
    ansible_password: >-
      {{ lookup('cloudreset.huaweicloud.stored_password', inventory_hostname, file='passwords.vault') }}
"""

RETURN = r"""
_raw:
  description: The password of each host.
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..plugin_utils._stores.entry import Entry
from ..plugin_utils._stores.errors import StoreError
from ..plugin_utils._stores.vault import RunVault
from ..plugin_utils._stores.vault_file import VaultFile


class LookupModule(LookupBase):
    """The lookup cloudreset.huaweicloud.stored_password."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return a password for each host. Raises AnsibleError where there is none."""
        self.set_options(var_options=variables, direct=kwargs)  # type: ignore[no-untyped-call]
        loader: Any = self._loader
        file, which = map(self.get_option, ("file", "which"))
        path = Path(loader.path_dwim(file))
        try:
            entries = VaultFile(path, RunVault(loader)).read()
        except StoreError as error:
            raise AnsibleError(str(error)) from None
        found = {host: _value(entries.get(host, Entry()), which) for host in terms}
        missing = [host for host, value in found.items() if value is None]
        if missing:
            raise AnsibleError(
                f"{path} has no {which} password for {', '.join(missing)}; see by ansible-vault view what it has."
            )
        return [str(found[host]) for host in terms]


def _value(entry: Entry, which: str) -> str | None:
    newest = entry.previous[0] if entry.previous else None
    wanted = entry.pending or entry.current
    password = {"pending": entry.pending, "current": entry.current, "previous": newest, "wanted": wanted}[which]
    return password.value if password else None
