# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of cases in one run of ansible-playbook: each case is a name of the same guest, with options of its own.

For cases that leave the guest as it is (check mode, or refused before anything reaches it): they run side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from controller import Controller, Run

from lab.client import Host

# Where the bucket has the package of this machine's architecture.
ZIP = "/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip"
FORKS = "8"


def run_cases(controller: Controller, host: Host, cases: Mapping[str, Mapping[str, Any]], *flags: str) -> Run:
    """Run reset_agent once a case. The lab's CA and the controller's cache stand where a case says
    nothing; None leaves an option out.
    """
    defaults = {"ca_path": str(controller.lab.ca), "cache_dir": str(controller.cache)}
    options = {name: {**defaults, **case} for name, case in cases.items()}
    names = {
        name: {
            "ansible_host": host.address,
            "options": {key: value for key, value in case.items() if value is not None},
        }
        for name, case in options.items()
    }
    inventory = controller.folder / "cases.yml"
    inventory.write_text(yaml.safe_dump({"cases": {"hosts": names}}))
    used = {option for case in options.values() for option in case}
    arguments = {option: f"{{{{ options.{option} | default(omit) }}}}" for option in sorted(used)}
    task = {"name": "reset_agent", "cloudreset.huaweicloud.reset_agent": arguments}
    play = {"hosts": "cases", "gather_facts": False, "tasks": [task]}
    return controller.play([play], ["-i", str(inventory), "-f", FORKS, *flags])
