#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecs_password_reset
short_description: Reset the password of root or Administrator on servers (ECS) of Huawei Cloud
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Has the cloud take on a new password for C(root) on Linux or C(Administrator) on Windows. Nothing changes in the
    guest before it restarts, or starts if it is stopped; then the reset agent in it sets the password. The API cannot
    tell whether that worked. Only a login with the new password proves it.
  - Before anything is sent, all passwords are checked by the cloud's rules, and all servers are looked at. A password
    that breaks a rule fails the task, with all broken rules at once, and none is sent. See the notes for the rules. One
    password may be for Linux and Windows alike if the rules of both allow it.
  - A server that is not there, is locked or frozen, or is neither V(ACTIVE) nor V(SHUTOFF) is refused without keeping
    the others from it. The task fails in the end, and RV(servers) says what came of each.
  - Servers of the same system that get the same password share calls, up to a thousand of them. A dry run comes first,
    and those that the API would refuse are left out. A server counts as accepted only if the answer lists it. Those of
    which a partial answer says nothing are asked for once more.
attributes:
  check_mode:
    description:
      - Looks at the servers, checks the passwords, and has the API try out what it can by its dry run, for a single
        server, too. Changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could be shown.
    support: none
  action_group:
    description: Use C(group/cloudreset.huaweicloud.cloud) in C(module_defaults) to set the credentials once.
    support: full
    membership: [cloudreset.huaweicloud.cloud]
options:
  server_ids:
    description: The ids of the servers that get O(new_password).
    type: list
    elements: str
  new_password:
    description: The one password for all of O(server_ids).
    type: str
  passwords:
    description: A password for each server, with the servers' ids as the keys. Not together with O(server_ids).
    type: dict
  generation:
    description:
      - Your version of the wanted password, any string, such as V(2026-11). The reset is done once for each server and
        generation, and a rerun changes nothing.
      - It is remembered beside the server, bound to its system disk and image. A server whose image or system disk was
        replaced has lost the password, so it is done again.
      - Without it every run resets.
      - Choose one that says nothing of the password. Only the beginnings of digests are written.
    type: str
  record:
    description:
      - Where O(generation) is remembered. V(metadata) is the entry C(cloudreset_generation) of the server's metadata,
        which programs in the guest can read, and V(tag) the tag of this name. V(none) is for callers who remember it
        themselves; then every run resets.
      - It is written after the reset was accepted. If that fails, a warning says so, and a rerun would reset again.
    type: str
    choices: [metadata, tag, none]
    default: metadata
  check_password:
    description:
      - Whether the API checks the complexity of a password, C(is_check_password) of the single reset.
      - With V(false) the rules about length, classes of characters and the user's name are warnings only. Characters
        that are not allowed are refused all the same, since the agent hands the password to a shell. The batch API may
        check them whatever is said here.
    type: bool
    default: true
  os_type:
    description: The servers' system, by which a password is checked. V(auto) takes what the cloud tells of each.
    type: str
    choices: [auto, linux, windows]
    default: auto
notes:
  - The rules. 8 to 26 characters. Three of upper case, lower case, digits and special characters. The special
    characters of C(!@%-_=+[]:./?), with C(^,{}) on Linux and C($,) on Windows, of which the vendor's pages tell
    differently, so they are a warning. Neither the name of the user nor its reverse, and on Windows no three characters
    in a row of it, whatever their case.
  - The agent hands the password unquoted to C(/bin/sh) on Linux and to C(net user) on Windows, so C([]?!{},) on Linux
    and on Windows C(%), a C(/) at the beginning or more than 14 characters are warnings. Up to 14 letters, digits and
    C(-_+=.:@) are safe.
  - What n servers cost in API calls, beside one that looks up the project when O(project_id) is not given. Looking at
    them, one for a hundred. For each password of one server, one; for each password of more, two for a thousand (the
    dry run and the reset), and one more where the answer was partial; a password for both systems counts as two. For
    the record with O(generation), one for each server that was accepted. In check mode, one for each password and
    thousand servers.
  - So one server costs 2 calls, or 3 with a generation; 40 with one password 3, or 43; 40 with a password each 41, or
    81; and a rerun of a generation 1.
extends_documentation_fragment:
  - cloudreset.huaweicloud.cloud
seealso:
  - module: cloudreset.huaweicloud.ecs_readiness_info
  - module: cloudreset.huaweicloud.ecs_power
  - module: cloudreset.huaweicloud.reset_agent
"""

EXAMPLES = r"""
- name: Reset the password of one server
  cloudreset.huaweicloud.ecs_password_reset:
    region: ap-southeast-1
    server_ids: ["{{ server_ids[0] }}"]
    new_password: "{{ vault_password }}"
  delegate_to: localhost

- name: The same password for some servers, once for each generation
  cloudreset.huaweicloud.ecs_password_reset:
    region: ap-southeast-1
    server_ids: "{{ server_ids }}"
    new_password: "{{ vault_password }}"
    generation: "2026-11"
  delegate_to: localhost
  run_once: true
  register: reset

- name: Restart those that got one, since nothing changes before
  cloudreset.huaweicloud.ecs_power:
    region: ap-southeast-1
    server_ids: "{{ reset.servers | selectattr('outcome', 'equalto', 'accepted') | map(attribute='id') | list }}"
    state: restarted
  delegate_to: localhost
  run_once: true

- name: A password for each server, remembered in a tag
  cloudreset.huaweicloud.ecs_password_reset:
    region: ap-southeast-1
    passwords: "{{ vault_passwords }}"
    generation: "2026-12"
    record: tag
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
servers:
  description: One entry a server, in the order of O(server_ids) or O(passwords). It never holds a password.
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
    outcome:
      description:
        - V(accepted) if the cloud took the password on; nothing has changed in the guest before it restarts.
        - V(unchanged) if this generation was reset before, V(planned) in check mode.
        - V(refused) if nothing was done with it, and V(unknown) if there was no answer; then the password may or may
          not change at the next start.
      type: str
    code:
      description: The cloud's error code, such as V(Ecs.0613) where the reset agent is missing.
      type: str
    message:
      description: What is the matter.
      type: str
    remedy:
      description: What to do.
      type: str
    os_type:
      description: The system by which the password was checked, V(linux) or V(windows).
      type: str
    generation:
      description: O(generation).
      type: str
    recorded:
      description: Whether the generation stands beside the server; null where none was to be written.
      type: bool
    warnings:
      description: What is doubtful about its password, and whether its record was not written.
      type: list
      elements: str
    password_warnings:
      description: Of RV(servers[].warnings), those about its password.
      type: list
      elements: str
    error:
      description: The fields of the API call that was refused or lost, as in RV(error).
      type: dict
msg:
  description: How many were reset, that nothing changes before they restart, and what is the matter with the others.
  returned: always
  type: str
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

from ..module_utils._cloud.module import cloud_module, finish
from ..module_utils._cloud.reset import run
from ..module_utils._cloud.reset_options import read_request

SPEC = {
    "server_ids": {"type": "list", "elements": "str"},
    "new_password": {"type": "str", "no_log": True},
    "passwords": {"type": "dict", "no_log": True},
    "generation": {"type": "str"},
    "record": {"type": "str", "choices": ["metadata", "tag", "none"], "default": "metadata"},
    "check_password": {"type": "bool", "default": True, "no_log": False},
    "os_type": {"type": "str", "choices": ["auto", "linux", "windows"], "default": "auto"},
}


def main():
    module = cloud_module(
        SPEC,
        mutually_exclusive=[("server_ids", "passwords"), ("new_password", "passwords")],
        required_one_of=[("server_ids", "passwords")],
        required_together=[("server_ids", "new_password")],
    )
    finish(module, lambda client: run(client, read_request(module.params, check=module.check_mode)))


if __name__ == "__main__":
    main()
