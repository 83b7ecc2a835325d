#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller, in plugins/action/stored_password.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: stored_password
short_description: Keep the passwords of servers in one vault-encrypted file
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Keeps an entry for each host in a file that C(ansible-vault) can view. An entry has a pending password, the current
    one, and up to ten previous ones, each with its generation and the server that it is bound to.
  - A password is staged before the cloud is asked for it, and promoted when a login has proved it. So none is lost when
    a run ends in between, and the next run goes on with the same password.
  - When a task has staged a password, that is on the disk. The file was written under another name, synced, read
    back, decrypted and compared, and renamed. At no time is anything written unencrypted.
  - The result holds no password; the lookup P(cloudreset.huaweicloud.stored_password#lookup) reads one.
options:
  file:
    description:
      - The file on the controller; a relative path is looked for beside the playbook. Its directory has to be there.
      - It has mode 0600. One that others can reach is refused, not tightened, so that you learn of it.
      - The locks of writers are on a file beside it, C(.NAME.lock), which stays.
    type: path
    required: true
  state:
    description:
      - V(staged) has a password pending for the generation. One that is pending already is kept, and an entry whose
        current password is of that generation stays as it is. A pending password of another generation or server
        gives way and is kept among the previous ones, since the server may have it.
      - V(promoted) makes the pending password the current one and the current one a previous one. Do so when a login
        has proved it.
      - V(dropped) removes the pending password. Do so only when the cloud has refused it for certain.
    type: str
    choices: [staged, promoted, dropped]
    default: staged
  generation:
    description: The version of the wanted password, any text. A new one asks for a new password.
    type: str
    required: true
  hosts:
    description:
      - The hosts whose entries these are, by default the task's own. With C(run_once) one write serves a whole wave.
      - An empty list is nothing to do.
    type: list
    elements: str
  bound_to:
    description:
      - The id of the server behind a host, by the host's name. A password that was staged for another server is not
        this one's, so that a host that was built anew gets a new one.
      - Without an id, on either side, the server is taken to be the same.
    type: dict
    default: {}
  password:
    description:
      - The password to stage, the same for all O(hosts). By default each gets one of its own, of letters, digits and
        C(-_+=.:@), which both the cloud and the agent take unharmed.
      - One that differs from what the generation has already is refused.
    type: str
  length:
    description:
      - How long a generated password is, 8 to 26 characters.
      - Above 14 some versions of Windows may ask before they set it.
    type: int
    default: 14
  vault_id:
    description:
      - Which of the run's vault secrets encrypts the file, by its vault id. By default that which opened it; for a new
        file C(vault_encrypt_identity), or the only one.
      - Secrets are those that the run has by C(--vault-id), C(--vault-password-file) or C(--ask-vault-pass).
    type: str
  lock_timeout:
    description: How long to wait for other writers of the file, in seconds.
    type: int
    default: 300
attributes:
  check_mode:
    description: Tells what would change and writes nothing. The lookup then finds no password that would be staged.
    support: full
  diff_mode:
    description: A diff would show secrets.
    support: none
  platform:
    description: The controller.
    platforms: posix
    support: full
notes:
  - It runs on the controller and does not connect to the hosts.
  - Each write derives the file's key anew. With many hosts use O(hosts) and C(run_once).
  - The file can be copied and put under version control as any vault file; its history then has old passwords.
seealso:
  - plugin: cloudreset.huaweicloud.stored_password
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: A password for each host of the wave is on the disk before anything is asked of the cloud
  cloudreset.huaweicloud.stored_password:
    file: "{{ playbook_dir }}/passwords.vault"
    generation: 2026-Q4
    hosts: "{{ ansible_play_batch }}"
  run_once: true

- name: Use it, where the option is not no_log by itself
  ansible.builtin.uri:
    url: https://example.com/login
    url_password: >-
      {{ lookup('cloudreset.huaweicloud.stored_password', inventory_hostname,
                file=playbook_dir ~ '/passwords.vault', which='pending') }}
  delegate_to: localhost
  no_log: true

- name: It was proved by a login
  cloudreset.huaweicloud.stored_password:
    file: "{{ playbook_dir }}/passwords.vault"
    generation: 2026-Q4
    state: promoted
"""

RETURN = r"""
entries:
  description: The entries of the hosts by their names, without passwords.
  returned: success
  type: dict
  sample:
    web1:
      changed: true
      pending:
        generation: 2026-Q4
        bound_to: 8ae2549a-7b09-4787-8f25-4487d61be128
        changed_at: '2026-11-23T22:50:13Z'
      current: null
      previous: 0
"""
