#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller, in plugins/action/reset_agent.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: reset_agent
short_description: Install, repair, restart or remove Huawei Cloud's password reset agent
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Brings CloudResetPwdAgent, the one-click password reset plug-in of Huawei Cloud ECS and FlexusL servers, on a
    Linux or Windows guest to a wanted state.
  - Nothing is needed on the guest but C(sh) and C(tar), or PowerShell 3.0 on Windows; neither Python nor unzip nor
    curl. The package is fetched once a run on the controller, verified and inspected there, and sent over the
    connection that the inventory gives.
  - The installer's word is not believed. What counts is what is then true, namely its files in place, the service
    registered and enabled at boot, and modes as the vendor's guide asks for Linux. An agent that is half-installed,
    damaged, disabled or merely unzipped is seen as such and repaired.
  - An upgrade or repair keeps the old agent until the new one stands, and puts it back when the new one fails.
  - A failed prerequisite stops O(state=present) before anything is changed. All that fail are named at once.
attributes:
  check_mode:
    description:
      - Predicts what the real run would do. The package is fetched and verified on the controller, as in a real run.
    support: full
  diff_mode:
    description: Shows the plan.
    support: full
  platform:
    description:
      - Linux guests with systemd or SysV init; Windows guests from Server 2012 on, over winrm, psrp, or ssh with
        C(ansible_shell_type) V(powershell) or V(cmd).
    platforms: linux, windows
    support: full
options:
  state:
    description:
      - V(present) installs the agent where it is not, and repairs it where it is not whole.
      - V(absent) removes the agent and its old update agent, with their registrations and folders, and a package that
        was merely unzipped to C(/CloudResetPwdAgent), or C(C:\\CloudResetPwdAgent) on Windows. Files that are in use
        there are named, and nothing of their folder is removed.
      - V(restarted) runs the agent now. A pending reset is applied at once.
      - V(stopped) ends a running agent. A healthy agent runs for some seconds only, at boot.
    type: str
    choices: [present, absent, restarted, stopped]
    default: present
  region:
    description:
      - The region whose bucket the package is fetched from, such as V(ap-southeast-1).
      - One of O(region), O(base_url) and O(package) is needed with O(state=present).
    type: str
  base_url:
    description:
      - An address to use in place of the region's bucket, for a mirror. The variant's path follows it, such as
        C(/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip), or C(/windows/...). C({region}) in it is replaced.
    type: str
  fallback_region:
    description:
      - The region to go to when the bucket of O(region) does not have the package. The vendor lists buckets in a few
        regions only.
      - V(cn-north-1) for regions in China and V(ap-southeast-1) for the others, if not set.
    type: str
  package:
    description: A package as a file on the controller, or as a URL. It stands above O(region) and O(base_url).
    type: str
  checksum:
    description:
      - The package's SHA-256, with or without V(sha256:) in front, or a file or URL of a checksum file.
      - If not set, the file C(.sha256) beside the package is used. The vendor serves that from the same bucket and
        unsigned. It protects against corruption; a pinned checksum protects against a tampered bucket, too.
    type: str
  ca_path:
    description: A PEM file with the authority that signed the certificate of O(base_url) or O(package).
    type: path
  validate_certs:
    description: Whether that certificate is checked.
    type: bool
    default: true
  delivery:
    description:
      - V(push) sends the package from the controller.
      - V(pull) has the guest fetch the same file itself, which needs curl or wget, unzip, bsdtar or busybox, and
        sha256sum there, or .NET Framework 4.5 on Windows, and a route to the bucket. Its digest has to be that of the
        file which the controller inspected. Where it fails, the package is pushed, with a warning.
    type: str
    choices: [push, pull]
    default: push
  upgrade:
    description:
      - Whether an agent that is there and whole is replaced when it is not the package's.
      - Without it, an agent that came with the image counts as present whatever its version.
    type: bool
    default: false
  keep_backup:
    description:
      - Whether the agent that was replaced is kept, in C(/.cloudreset/backup) on the guest, or
        C(C:\\.cloudreset\\backup), until the next replacement.
    type: bool
    default: false
  setup_timeout:
    description: How long setup.sh or setup.bat, and a restart, may take, in seconds.
    type: int
    default: 300
  download_timeout:
    description:
      - How long a download may stand still before it is given up, in seconds.
      - The whole of a package's way to a guest, pushed or pulled, may take twenty times as long.
    type: int
    default: 30
  lock_timeout:
    description: How long to wait for another run that is at work on the same guest, in seconds.
    type: int
    default: 120
  cache_dir:
    description: Where packages are kept on the controller. It has to be the user's own, and is made with mode 0700.
    type: path
    default: ~/.cache/cloudreset
extends_documentation_fragment:
  - cloudreset.huaweicloud.prerequisites
notes:
  - Root rights are needed on the guest, by O(ansible.builtin.ssh#connection:remote_user) or C(become). On Windows,
    whoever the connection logs in as has to be an administrator; C(become) is not used there.
  - Installing or restarting the agent runs it, and a running agent applies a pending reset at once. A healthy agent
    is not running afterwards.
  - An unchanged guest costs one round trip, and one with work two, where connection and become method can pass
    standard input on. That is so for ssh with sudo, and for local with sudo that asks for no password. The option
    C(pipelining) need not be set. Elsewhere, as with paramiko or su, the script is uploaded.
  - On the guest, C(/CloudrResetPwdAgent/.cloudreset) records the digests of what was installed. C(/.cloudreset) is
    there while a run is at work, and after one that was killed until the next repairs it. On Windows these are
    C(C:\\CloudResetPwdAgent\\.cloudreset) and C(C:\\.cloudreset), which only administrators can read.
seealso:
  - module: cloudreset.huaweicloud.reset_agent_info
"""

EXAMPLES = r"""
- name: Install the agent from the region's bucket
  cloudreset.huaweicloud.reset_agent:
    region: ap-southeast-1
  become: true

- name: Install from a mirror, with a pinned checksum, and let nothing of the old version stay
  cloudreset.huaweicloud.reset_agent:
    base_url: "{{ mirror }}"
    ca_path: "{{ mirror_ca }}"
    checksum: "sha256:{{ package_sha256 }}"
    upgrade: true
  become: true

- name: Install a file from the controller on a host whose disk is known to be small
  cloudreset.huaweicloud.reset_agent:
    package: "{{ package_file }}"
    ignore_prerequisites: [free_space]
  become: true

- name: Remove it
  cloudreset.huaweicloud.reset_agent:
    state: absent
  become: true
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
steps:
  description: What was done, or in check mode would be done, in order; empty when nothing was to do.
  returned: when the guest could be asked
  type: list
  elements: dict
  contains:
    name:
      description: The step.
      type: str
      sample: enable
    why:
      description: Why it was needed, or what it is for.
      type: str
      sample: the service does not start at boot
    status:
      description: V(planned) in check mode, V(ok), V(failed), or V(not reached) after one that failed.
      type: str
    message:
      description: What went wrong.
      type: str
package:
  description: The package that was used; null when none was needed.
  returned: when the guest could be asked
  type: dict
  contains:
    variant:
      description: V(linux/64), V(linux/32), V(arm/linux/64) or V(windows).
      type: str
    source:
      description: The URL or file that it came from.
      type: str
    sha256:
      description: Its digest.
      type: str
    delivery:
      description: V(push) or V(pull), as it really came.
      type: str
rolled_back:
  description:
    - The folder of the old agent that was put back after a failure, or V(nothing) when a first installation failed
      and its remains were removed; null when nothing had to be rolled back.
  returned: when the guest could be asked
  type: str
setup_output:
  description: The end of what setup.sh or setup.bat, or a restart, printed.
  returned: when the guest could be asked
  type: list
  elements: str
failed_log:
  description: The end of the log of an agent that was rolled back.
  returned: when the guest could be asked
  type: list
  elements: str
"""
