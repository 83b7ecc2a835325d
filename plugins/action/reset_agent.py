# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the reset agent on a guest to a wanted state; documented in plugins/modules/reset_agent.py."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display

from ..plugin_utils._host.action import HostAction
from ..plugin_utils._host.delivery import Packages
from ..plugin_utils._host.guest import Guest
from ..plugin_utils._host.options import AGENT_SPEC, Options
from ..plugin_utils._host.result import outcome_result
from ..plugin_utils._host.workflow import Converger


class ActionModule(HostAction):
    """The action behind cloudreset.huaweicloud.reset_agent."""

    SPEC = AGENT_SPEC

    def work(self, guest: Guest, options: Options) -> dict[str, Any]:
        """Return what the module adds to the result."""
        packages = Packages(options, Display().display)
        outcome = Converger(guest, options, packages, check_mode=bool(self._task.check_mode)).run()
        return outcome_result(outcome, options.ignore_prerequisites, diff=bool(self._task.diff))
