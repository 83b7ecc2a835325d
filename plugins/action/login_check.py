# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries a fresh, password-only login; documented in plugins/modules/login_check.py."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ..plugin_utils._login.login import LoginError
from ..plugin_utils._login.options import parse
from ..plugin_utils._login.result import finding_result
from ..plugin_utils._login.tries import try_until_known
from ..plugin_utils._login.ways import timeout_of, transport_of


class ActionModule(ActionBase):
    """The action behind cloudreset.huaweicloud.login_check."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            options = parse(self._task.args)
            transport = transport_of(self._connection, options.user)
            finding = try_until_known(transport, options, options.timeout or timeout_of(self._connection))
        except LoginError as exception:
            return result | {"failed": True, "changed": False, "msg": str(exception)}
        return result | finding_result(finding, transport.target, options)
