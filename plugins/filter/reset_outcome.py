# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what came of a reset; documented in its own DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
name: reset_outcome
short_description: What came of a password reset, from all that is known about a server
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Says in a word and a line whether a server's new password is proved to work, or what is the matter and what to do.
  - It asks nobody. What it knows are the results of the modules, as far as there are any.
options:
  _input:
    description:
      - A map. Each of its keys may be missing or null.
      - C(readiness), C(reset) and C(restart) are the server's entries in the results of
        M(cloudreset.huaweicloud.ecs_readiness_info), M(cloudreset.huaweicloud.ecs_password_reset) and
        M(cloudreset.huaweicloud.ecs_power). A restart that was not allowed has C(not_allowed) as its outcome.
      - C(login) and C(old_login) are the results of M(cloudreset.huaweicloud.login_check) with the new and the
        old password.
      - C(guest) is the result of M(cloudreset.huaweicloud.reset_agent_info) with C(login=true), or the one that
        says why the guest could not be asked.
      - C(boot_id_before) is the guest's boot before the restart. C(reset_at) and C(restarted_at) are when that was, in
        ISO 8601 and UTC. C(superseded) is whether another generation is recorded beside the server by now.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what came of it
  ansible.builtin.debug:
    msg: "{{ (known | cloudreset.huaweicloud.reset_outcome).line }}"
  vars:
    known:
      reset: "{{ reset.servers | selectattr('id', 'eq', server_id) | first }}"
      restart: "{{ power.servers | selectattr('id', 'eq', server_id) | first }}"
      login: "{{ login }}"
      old_login: "{{ old_login | default(none) }}"
      guest: "{{ guest | default(none) }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    outcome:
      description:
        - V(verified), V(not_verified), V(not_ready), V(refused) by the cloud, V(not_restarted), V(unchanged),
          V(planned), or V(unknown).
      type: str
    reason:
      description:
        - Why, as a word that stays the same.
        - With V(verified) - V(password_accepted), V(blob_left).
        - With V(not_verified) - V(agent_missing), V(agent_damaged), V(agent_not_enabled), V(metadata_unreachable),
          V(agent_running), V(agent_failed), V(blob_unread), V(sshd_refuses_passwords), V(sshd_refuses_root),
          V(cloud_init_rewrote), V(cloud_init_may_rewrite), V(account_locked), V(account_renamed), V(account_expired),
          V(password_spoilt) by the agent's command line, V(superseded), V(changed_since), V(old_password_works),
          V(guest_not_asked), V(unexplained).
        - With V(not_ready) - V(prerequisites). With V(refused) - V(agent_missing), V(cloud_refused).
        - With V(not_restarted) - V(restart_failed), V(restart_not_allowed), V(not_rebooted).
        - With V(unchanged) - V(done_before). With V(planned) - V(check_mode).
        - With V(unknown) - V(not_requested), V(login_not_tried), V(reset_unanswered), V(login_unknown).
      type: str
    line:
      description: The same as one line, with what to do.
      type: str
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._reset.known import known
from ..plugin_utils._reset.triage import triage


def reset_outcome(data: Any) -> dict[str, str]:
    """Return the verdict on one server."""
    try:
        return asdict(triage(known(data)))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """The filter cloudreset.huaweicloud.reset_outcome."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"reset_outcome": reset_outcome}
