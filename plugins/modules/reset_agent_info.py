#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller, in plugins/action/reset_agent_info.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: reset_agent_info
short_description: Tell whether a guest's password can be reset, and how its reset agent stands
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Reads a guest's half of the prerequisites for a password reset and the facts of CloudResetPwdAgent there, in one
    round trip.
  - Changes nothing and needs nothing on the guest but C(sh), or PowerShell 3.0 on Windows, so that the audit of a fleet
    is one task.
  - It never asks the metadata service for C(reset_password), but for O(login). Whoever reads a pending password has it.
attributes:
  check_mode:
    description: The same as without, since nothing is changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  platform:
    description:
      - Linux guests; Windows guests from Server 2012 on, over winrm, psrp, or ssh with C(ansible_shell_type)
        V(powershell) or V(cmd).
    platforms: linux, windows
    support: full
options:
  login:
    description:
      - Tell also what may keep a new password from letting anybody in, RV(login), still in one round trip. For a server
        whose new password did not let you in after a reset.
      - The guest then asks its metadata service whether a password waits for the agent. The answer stays on the guest;
        only yes or no is told.
    type: bool
    default: false
extends_documentation_fragment:
  - cloudreset.huaweicloud.prerequisites
notes:
  - Without root rights the prerequisite V(root) fails and what only root can read is told as unknown or missing. On
    Windows, where C(become) is not used, V(administrator) is that prerequisite.
seealso:
  - module: cloudreset.huaweicloud.reset_agent
"""

EXAMPLES = r"""
- name: Look at a guest
  cloudreset.huaweicloud.reset_agent_info:
  become: true
  register: audit

- name: Say what is the matter
  ansible.builtin.debug:
    msg: "{{ audit.prerequisites | rejectattr('status', 'eq', 'pass') | list }}"

- name: Look for what keeps a new password from letting anybody in
  cloudreset.huaweicloud.reset_agent_info:
    login: true
  become: true
  register: found
"""

RETURN = r"""
agent:
  description: The agent as it lies on the guest; after a run of M(cloudreset.huaweicloud.reset_agent), as it is then.
  returned: when the guest could be asked
  type: dict
  contains:
    state:
      description: V(installed), V(disabled), V(unregistered), V(damaged), V(unzipped) or V(absent).
      type: str
    damage:
      description: What is broken in its files.
      type: list
      elements: str
    registered:
      description: Whether it is registered as a service.
      type: bool
    registered_as:
      description: V(unit), V(initd), V(service) on Windows, or V(none).
      type: str
    enabled:
      description: Whether it starts at boot.
      type: bool
    modes_wrong:
      description: Files with a mode other than 700 (script, wrapper) or 600 (lib), or an owner other than root.
      type: list
      elements: str
    backend:
      description: The backend mode, V(AUTO), V(SOCKET) or V(PIPE).
      type: str
    version:
      description: The agent's version where the name of its jar tells it, otherwise null.
      type: str
    package_sha256:
      description: The digest of the package that this collection installed; null for an agent that came otherwise.
      type: str
    log4j:
      description: Its log4j libraries, each with name, version and the CVEs that its version has.
      type: list
      elements: dict
    log4j_vulnerable:
      description: Whether one has a hole that a logged line opens, as all before 2.17.0 have.
      type: bool
    updaters:
      description: Folders of the old update agent.
      type: list
      elements: str
    unzipped:
      description: The folder of a package that was unzipped and not installed, otherwise null.
      type: str
    backup:
      description: The folder of an agent that was replaced and kept, otherwise null.
      type: str
    running:
      description: Whether it runs just now. A healthy agent does so for some seconds, at boot only.
      type: bool
    log:
      description: The end of the agent's log, without secrets.
      type: list
      elements: str
prerequisites:
  description: Every checked condition, always all of them.
  returned: when the guest could be asked
  type: list
  elements: dict
  contains:
    name:
      description: Its name, as in O(ignore_prerequisites).
      type: str
    status:
      description: V(pass), V(warn), V(fail), or V(unknown) where the guest did not tell.
      type: str
    found:
      description: What was found.
      type: str
    wanted:
      description: What was wanted.
      type: str
    hint:
      description: What to do.
      type: str
ready:
  description: Whether no prerequisite fails.
  returned: when the guest could be asked
  type: bool
ignored_prerequisites:
  description: The names that O(ignore_prerequisites) gave.
  returned: when the guest could be asked
  type: list
  elements: str
server_id:
  description: The server's id by its metadata service, otherwise null.
  returned: when the guest could be asked
  type: str
boot_id:
  description: The id of the guest's present boot, another one after each.
  returned: when the guest could be asked
  type: str
login:
  description: What may keep a new password from letting anybody in. What the guest could not tell is null.
  returned: when O(login) is set and the guest could be asked
  type: dict
  contains:
    sshd:
      description: What sshd says of a login as root (C(sshd -T), which needs root rights). Windows is not asked.
      type: dict
      contains:
        password_authentication:
          description: Whether it takes passwords.
          type: bool
        keyboard_interactive:
          description: Whether it asks for them by way of PAM, which most clients do not tell from the first.
          type: bool
        permit_root_login:
          description: V(yes), V(no), V(prohibit-password), V(without-password) or V(forced-commands-only).
          type: str
    root_account:
      description:
        - The account whose password is reset, root by C(/etc/shadow), which needs root rights, or Administrator by
          Windows.
      type: dict
      contains:
        named:
          description: Whether there is an account of that name. The agent resets no other.
          type: bool
        locked:
          description: Whether no password can match. On Windows, whether it is disabled or locked out.
          type: bool
        expired:
          description: Whether the account or its password has expired, or has to be changed at once.
          type: bool
        password_changed:
          description: The day of the last change, in UTC.
          type: str
          sample: '2026-11-23'
    cloud_init:
      description: What the settings of cloud-init, or of Cloudbase-Init on Windows, say of passwords.
      type: dict
      contains:
        present:
          description: Whether cloud-init is there.
          type: bool
        rewrites_password:
          description: Whether it sets passwords or locks root's, which it does at a new instance's first boot.
          type: bool
        ssh_pwauth:
          description: Whether it lets sshd take passwords.
          type: bool
    pending_reset:
      description: Whether a password waits at the metadata service for the agent to apply it.
      type: bool
"""
