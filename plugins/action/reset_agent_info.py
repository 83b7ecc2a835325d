# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts of a guest and changes nothing; documented in plugins/modules/reset_agent_info.py."""

from __future__ import annotations

from typing import Any

from ..plugin_utils._host.action import HostAction
from ..plugin_utils._host.guest import Guest
from ..plugin_utils._host.options import INFO_SPEC, Options
from ..plugin_utils._host.result import facts_result
from ..plugin_utils._host.workflow import assess, probe


class ActionModule(HostAction):
    """The action behind cloudreset.huaweicloud.reset_agent_info."""

    SPEC = INFO_SPEC

    def work(self, guest: Guest, options: Options) -> dict[str, Any]:
        """Return what the module adds to the result."""
        facts = probe(guest, options)
        ignored = list(options.ignore_prerequisites)
        result = {**facts_result(facts, assess(guest.system, facts, options)), "ignored_prerequisites": ignored}
        if options.login:
            result["login"] = guest.system.login_facts(facts.answer)
        return {"changed": False, **result}
