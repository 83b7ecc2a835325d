#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_power
short_description: Start, stop and restart servers (ECS) of Huawei Cloud
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Brings servers to a state, many at once. Follows the job of the cloud with its part for each server, and looks at
    the servers afterwards, since a job that says it succeeded proves nothing.
  - It costs one API call for a hundred servers before and after, one for each kind of action and thousand servers, and
    one every O(poll_interval) while a job runs. A server that is already as wanted costs nothing after the first look.
    One more call looks up the project when O(project_id) is not given.
  - Servers that cannot be brought there do not keep the others from it. The task fails in the end, and RV(servers) says
    what came of each.
attributes:
  check_mode:
    description: Looks at the servers, and says what it would do.
    support: full
  diff_mode:
    description: RV(servers) holds the status before and after.
    support: none
  action_group:
    description: Use C(group/cloudreset.huaweicloud.cloud) in C(module_defaults) to set the credentials once.
    support: full
    membership: [cloudreset.huaweicloud.cloud]
options:
  server_ids:
    description: The ids of the servers.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(started) starts those that are stopped, and V(stopped) stops those that run.
      - V(restarted) restarts those that run and starts those that are stopped. It always changes something.
    type: str
    choices: [started, stopped, restarted]
    required: true
  mode:
    description:
      - How a server is stopped or restarted. V(soft) asks its system to shut down, V(hard) cuts the power, and data may
        be lost.
    type: str
    choices: [soft, hard]
    default: soft
  wait:
    description: Whether to wait until the servers are there. Without it an accepted job is enough.
    type: bool
    default: true
  wait_timeout:
    description: How long to wait for all of them, in seconds.
    type: int
    default: 600
  poll_interval:
    description: How long to wait between two looks at a job, in seconds.
    type: int
    default: 5
extends_documentation_fragment:
  - cloudreset.huaweicloud.cloud
seealso:
  - module: cloudreset.huaweicloud.ecs_server_info
"""

EXAMPLES = r"""
- name: Restart two servers, softly
  cloudreset.huaweicloud.ecs_power:
    region: ap-southeast-1
    server_ids: "{{ server_ids }}"
    state: restarted
  delegate_to: localhost

- name: Stop one that does not answer
  cloudreset.huaweicloud.ecs_power:
    region: ap-southeast-1
    server_ids: ["{{ server_ids[0] }}"]
    state: stopped
    mode: hard
  delegate_to: localhost

- name: Start all servers of the play in one call
  cloudreset.huaweicloud.ecs_power:
    region: ap-southeast-1
    server_ids: "{{ ansible_play_hosts | map('extract', hostvars, 'server_id') | list }}"
    state: started
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
servers:
  description: One entry a server, in the order of O(server_ids).
  returned: when the servers could be looked at
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
    name:
      description: Its name, or null if there is no such server.
      type: str
    action:
      description: What was needed, V(start), V(stop), V(restart) or null.
      type: str
    outcome:
      description:
        - V(unchanged), V(done); V(planned) in check mode; V(accepted) without O(wait).
        - V(refused) if nothing was done with it, V(failed) if the cloud tried in vain, and V(unknown) if the answer was
          lost or O(wait_timeout) was over.
      type: str
    status_before:
      description: Its status before.
      type: str
    status:
      description: Its status when it was last looked at.
      type: str
    job_id:
      description: The job.
      type: str
    code:
      description: The cloud's error code.
      type: str
    message:
      description: What is the matter.
      type: str
    error:
      description: The fields of the API call that was refused or lost, as in RV(error).
      type: dict
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
  returned: when the servers could be looked at
  type: int
"""

from ..module_utils._cloud.jobs import Patience
from ..module_utils._cloud.module import cloud_module, finish
from ..module_utils._cloud.power import PowerRequest, run

SPEC = {
    "server_ids": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
    "mode": {"type": "str", "choices": ["soft", "hard"], "default": "soft"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 600},
    "poll_interval": {"type": "int", "default": 5},
}


def main():
    module = cloud_module(SPEC)
    given = module.params
    patience = Patience(given["wait_timeout"], given["poll_interval"]) if given["wait"] else None
    request = PowerRequest(given["state"], given["server_ids"], given["mode"], patience, module.check_mode)
    finish(module, lambda client: run(client, request))


if __name__ == "__main__":
    main()
