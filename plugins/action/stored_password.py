# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps passwords in a vault-encrypted file on the controller; documented in plugins/modules/stored_password.py."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ..module_utils._password_policy import generate
from ..plugin_utils._host.options import checked
from ..plugin_utils._stores.errors import StoreError
from ..plugin_utils._stores.task import SPEC, Options, changed, parse, report
from ..plugin_utils._stores.vault import RunVault
from ..plugin_utils._stores.vault_file import Entries, VaultFile


class ActionModule(ActionBase):
    """The action behind cloudreset.huaweicloud.stored_password."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            result |= self._work(self._options(str((task_vars or {})["inventory_hostname"])))
        except StoreError as error:
            result |= {"failed": True, "changed": False, "msg": str(error)}
        return result

    def _options(self, host: str) -> Options:
        values, problems = checked(SPEC, self._task.args)
        options, more = parse(values, host)
        problems = [*problems, *more]
        if options is None or problems:
            raise StoreError(" ".join(problems))
        return options

    def _work(self, options: Options) -> dict[str, Any]:
        vault = RunVault(self._loader, options.vault_id)
        store = VaultFile(Path(self._loader.path_dwim(options.file)), vault)
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

        def change(entries: Entries) -> Entries:
            return changed(entries, options, lambda: generate(options.length), now)

        if self._task.check_mode:
            before = store.read()
            after = change(before)
        else:
            before, after = store.update(change, options.lock_timeout)
        return report(before, after, options.hosts)
