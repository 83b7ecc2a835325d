#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_readiness_info
short_description: Tell which servers (ECS) of Huawei Cloud could have their password reset right now
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Asks the cloud for its half of the prerequisites of a password reset, of many servers in few calls. Changes nothing.
  - With O(guests) it joins the guests' half, as M(cloudreset.huaweicloud.reset_agent_info) tells it. Without, it says
    which half is missing.
  - What may not or cannot be asked makes its prerequisite V(unknown), with the IAM action that is missing in the hint.
  - What n servers cost in API calls, beside one that looks up the project when O(project_id) is not given. Looking at
    them, one for a hundred. Their ports, one each up to 5 servers; for more, one for a thousand ports of the project,
    as long as that is less than one a server. One for each of their subnets. One for fifty security groups, or one for
    each in a region without the v3 API; one for fifty address groups, if rules name any. The flag, one for each server.
  - So one server costs 5 calls, and 40 in one subnet with one security group cost 44, or 4 without O(check_flag).
attributes:
  check_mode:
    description: The same as without, since nothing is changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  action_group:
    description: Use C(group/cloudreset.huaweicloud.cloud) in C(module_defaults) to set the credentials once.
    support: full
    membership: [cloudreset.huaweicloud.cloud]
options:
  server_ids:
    description: The ids of the servers. Those that there are not are in RV(missing).
    type: list
    elements: str
    required: true
  guests:
    description:
      - The guests' half, with the servers' ids as the keys, and the registered result of
        M(cloudreset.huaweicloud.reset_agent_info) or M(cloudreset.huaweicloud.reset_agent) on that server as the value.
      - A result without prerequisites, as of a guest that could not be reached, counts as none. One of another server
        is an error.
    type: dict
    default: {}
  check_flag:
    description: Whether to ask for C(resetpwd_flag), which costs one call a server.
    type: bool
    default: true
notes:
  - The prerequisites of the cloud's half, in this order. V(state), V(ACTIVE) or V(SHUTOFF) with nothing going on.
    V(lock) and V(freeze). V(agent), what the guest says of the agent, and V(unknown) without it.
  - V(resetpwd_flag) is V(True) if an agent on the server once reached the metadata service. That proves no more than
    this, and says nothing of whether the agent is still there. V(False) fails; if the guest says that the agent is
    installed it is a warning, since the agent sets the flag the next time it runs.
  - V(agent_since_rebuild) compares the system disk and the image with those that
    M(cloudreset.huaweicloud.ecs_password_reset) remembered with a C(generation). If they were replaced, the agent went
    with them, which fails, or is a warning with a public image, which has the agent. V(unknown) if nothing is
    remembered. What the guest says comes before all this.
  - V(egress), whether the security groups let TCP port 80 to 169.254.0.0/16 out, by the rules of all groups of the
    primary port together, the most important first and deny before allow. What a remote group leaves open is
    V(unknown). V(pass) for a port without port security. Network ACLs are not looked at.
  - V(subnet_dhcp), whether DHCP is on in the subnet. V(eip) is at most a warning. V(os) fails for CoreOS and KylinOS.
    V(image) is a warning if it is not public.
extends_documentation_fragment:
  - cloudreset.huaweicloud.cloud
seealso:
  - module: cloudreset.huaweicloud.reset_agent_info
  - module: cloudreset.huaweicloud.ecs_password_reset
"""

EXAMPLES = r"""
- name: The cloud's half
  cloudreset.huaweicloud.ecs_readiness_info:
    region: ap-southeast-1
    server_ids: "{{ server_ids }}"
  delegate_to: localhost
  run_once: true
  register: readiness

- name: Show who is not ready, and why
  ansible.builtin.debug:
    msg: "{{ item.prerequisites | selectattr('status', 'equalto', 'fail') | map(attribute='hint') | join(' ') }}"
  loop: "{{ readiness.servers | rejectattr('ready') }}"
  loop_control:
    label: "{{ item.id }}"
  run_once: true

- name: Both halves, with what reset_agent_info registered as guest on each host of the play
  cloudreset.huaweicloud.ecs_readiness_info:
    region: ap-southeast-1
    server_ids: "{{ ansible_play_hosts | map('extract', hostvars, 'server_id') | list }}"
    guests: >-
      {{ dict(ansible_play_hosts | map('extract', hostvars, 'server_id')
      | zip(ansible_play_hosts | map('extract', hostvars, 'guest'))) }}
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
servers:
  description: One entry a server, in the order of O(server_ids).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
    name:
      description: Its name.
      type: str
    ready:
      description: Whether no prerequisite of the halves at hand fails.
      type: bool
    half_missing:
      description: V(guest) if O(guests) has nothing of it, otherwise null.
      type: str
    prerequisites:
      description: Every checked condition, those of the cloud first, then those of the guest.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
        status:
          description: V(pass), V(warn), V(fail), or V(unknown) where nobody told.
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
missing:
  description: Those of O(server_ids) that there are not.
  returned: success
  type: list
  elements: str
error:
  description: What the API said, if the servers could not even be looked at.
  returned: when nothing was done because of an error
  type: dict
  contains:
    attempted:
      description: What was attempted.
      type: str
    kind:
      description: V(input), V(unreachable), V(refused), V(no_answer) or V(timeout).
      type: str
    code:
      description: The cloud's error code.
      type: str
    message:
      description: The cloud's message.
      type: str
    request_id:
      description: The id of the request, for the cloud's support.
      type: str
    status:
      description: The HTTP status.
      type: int
    internal_errors:
      description: The whole C(internalError) of the answer.
      type: list
      elements: dict
api_calls:
  description: How many requests were sent.
  returned: success
  type: int
"""

from ..module_utils._cloud.module import cloud_module, finish
from ..module_utils._cloud.readiness import ReadinessRequest, run

SPEC = {
    "server_ids": {"type": "list", "elements": "str", "required": True},
    "guests": {"type": "dict", "default": {}},
    "check_flag": {"type": "bool", "default": True},
}


def main():
    module = cloud_module(SPEC)
    given = module.params
    request = ReadinessRequest(given["server_ids"], given["guests"], given["check_flag"])
    finish(module, lambda client: run(client, request))


if __name__ == "__main__":
    main()
