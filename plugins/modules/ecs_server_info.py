#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_server_info
short_description: List servers (ECS) of Huawei Cloud
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Tells of the servers of a region's project, all of them or those that match. Changes nothing.
  - With O(server_ids) it costs one API call for a hundred servers, and otherwise one for a thousand, with one more when
    that many fill the last page. One more looks up the project when O(project_id) is not given.
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
  name:
    description: A part of the name, as the API searches for it.
    type: str
  exact_name:
    description: The whole name.
    type: str
  tags:
    description: Tags that the servers have, all of them. An empty value stands for any.
    type: dict
  address:
    description: A whole IPv4 address, private or public.
    type: str
  status:
    description: The status, such as V(ACTIVE) or V(SHUTOFF).
    type: str
  enterprise_project_id:
    description: The enterprise project. V(all_granted_eps) stands for all that the credentials may see.
    type: str
  query:
    description:
      - A JMESPath expression about the list RV(servers). What it selects is in RV(result).
      - It needs the Python library C(jmespath).
    type: str
extends_documentation_fragment:
  - cloudreset.huaweicloud.cloud
seealso:
  - module: cloudreset.huaweicloud.ecs_power
"""

EXAMPLES = r"""
- name: Servers with a tag
  cloudreset.huaweicloud.ecs_server_info:
    region: ap-southeast-1
    tags:
      env: prod
  delegate_to: localhost
  register: prod

- name: Only the ids of those that run
  cloudreset.huaweicloud.ecs_server_info:
    region: ap-southeast-1
    query: "[?status=='ACTIVE'].id"
  delegate_to: localhost
  register: running

- name: Credentials once for all cloud modules of a play
  module_defaults:
    group/cloudreset.huaweicloud.cloud:
      region: ap-southeast-1
      access_key: "{{ huaweicloud_access_key }}"
      secret_key: "{{ huaweicloud_secret_key }}"
  block:
    - name: One server by its address
      cloudreset.huaweicloud.ecs_server_info:
        address: 192.168.0.10
      delegate_to: localhost
"""

RETURN = r"""
servers:
  description: The servers.
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
    status:
      description: Its status, such as V(ACTIVE), V(SHUTOFF), V(REBOOT) or V(ERROR).
      type: str
    task_state:
      description: What the cloud is just doing with it, otherwise null.
      type: str
    power_state:
      description: V(1) when it runs and V(4) when it is stopped.
      type: int
    vm_state:
      description: The state of the virtual machine.
      type: str
    locked:
      description: Whether it is locked against changes.
      type: bool
    frozen:
      description: Whether the cloud has frozen it.
      type: bool
    addresses:
      description: Its addresses, each with network, address, type (V(fixed) or V(floating)), version, mac, port_id and
        primary.
      type: list
      elements: dict
    os_type:
      description: V(Linux) or V(Windows).
      type: str
    image_id:
      description: The id of the image that it was made from.
      type: str
    image_type:
      description: V(gold) for a public image, V(private) or V(shared).
      type: str
    flavor:
      description: Its flavor.
      type: str
    availability_zone:
      description: Where it is.
      type: str
    enterprise_project_id:
      description: The enterprise project that it belongs to.
      type: str
    key_name:
      description: Its key pair.
      type: str
    security_groups:
      description: Its security groups, each with id and name.
      type: list
      elements: dict
    volumes:
      description: The ids of its disks.
      type: list
      elements: str
    tags:
      description: Its tags.
      type: dict
    metadata:
      description: Its metadata, without entries that may be passwords.
      type: dict
    created:
      description: When it was made.
      type: str
    updated:
      description: When it was last changed.
      type: str
    launched_at:
      description: When it was first started.
      type: str
missing:
  description: Those of O(server_ids) that there are not.
  returned: success
  type: list
  elements: str
result:
  description: What O(query) selected.
  returned: when O(query) is set
  type: raw
api_calls:
  description: How many requests were sent.
  returned: success
  type: int
"""

from ..module_utils._cloud.module import cloud_module, finish
from ..module_utils._cloud.server_info import run

SPEC = {
    "server_ids": {"type": "list", "elements": "str"},
    "name": {"type": "str"},
    "exact_name": {"type": "str"},
    "tags": {"type": "dict"},
    "address": {"type": "str"},
    "status": {"type": "str"},
    "enterprise_project_id": {"type": "str"},
    "query": {"type": "str"},
}
FILTERS = ("name", "exact_name", "tags", "address", "status", "enterprise_project_id")


def main():
    module = cloud_module(
        SPEC, mutually_exclusive=[("name", "exact_name"), *(("server_ids", name) for name in FILTERS)]
    )
    finish(module, lambda client: run(client, module.params))


if __name__ == "__main__":
    main()
