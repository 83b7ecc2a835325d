# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that reset_agent and reset_agent_info share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that say what is asked of a guest."""

    DOCUMENTATION = r"""
options:
  minimum_free_mb:
    description: How much space has to be free on C(/), or on C(C:) of Windows, in MB. The vendor asks for 300.
    type: int
    default: 300
  selinux:
    description:
      - What SELinux in enforcing mode means. V(require_off) lets the prerequisite V(selinux) fail, since the agent
        cannot change a password then.
      - V(permissive_during_install) sets it to permissive while the package is installed, and back.
      - V(ignore) leaves it alone. Windows has none.
    type: str
    choices: [require_off, permissive_during_install, ignore]
    default: require_off
  backend:
    description:
      - How the agent's wrapper talks to its Java process, C(wrapper.backend.type) in C(conf/wrapper.conf).
      - V(pipe) takes no port. V(auto) takes the lowest free one of 31000-32999, which may be one that a service of
        yours wants. V(keep) leaves it as it is, through an upgrade, too.
    type: str
    choices: [keep, pipe, auto]
    default: keep
  ignore_prerequisites:
    description:
      - Names of prerequisites that may fail. One that does is a warning then, and its hint says so.
      - The names are V(root), V(root_writable), V(free_space), V(selinux), V(dhcp), V(metadata), V(memory),
        V(system), V(architecture), V(init), V(boot_start) and V(ports); on Windows V(administrator), V(drive_writable),
        V(free_space), V(dhcp), V(metadata), V(system), V(architecture), V(powershell), V(pending_reboot),
        V(security_software) and V(ports).
    type: list
    elements: str
    default: []
  metadata_timeout:
    description: How long the metadata service may take to answer, in seconds. The agent itself waits for five.
    type: int
    default: 5
"""
