#!/usr/bin/python
# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Documentation only: the work is done on the controller, in plugins/action/login_check.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: login_check
short_description: Prove a password by a fresh login to the server
version_added: 0.1.0
author: The cloudreset.huaweicloud contributors (@cloudreset)
description:
  - Logs in to each host with a password and nothing else, over the inventory's connection, and tells whether the
    password was taken. Address, port, user, jump host, proxy, time-out and the policy for host keys or certificates
    are the inventory's; its keys, agents, control sockets, certificates and Kerberos tickets are kept out, since a
    login by one of them proves nothing.
  - The outcome is V(verified), V(refused), or V(unknown) where the server could not be asked. RV(reason) says why.
  - No command is run in the guest unless O(boot_id) or O(not_boot_id) asks for one. Python is not needed there.
  - The password goes to OpenSSH's client through a terminal, once the server itself asks for it. It is in no argument,
    environment or file, and neither a jump host's prompt nor a banner that looks like one gets it.
  - Over WinRM the server is asked to identify itself, which takes a login and no rights, in a new session and by the
    connection's own library. The login is basic or NTLM, as the inventory says, and NTLM where it says V(negotiate),
    V(kerberos), V(credssp) or V(certificate). A server that would let anybody in, does not offer that kind of login, or
    whose certificate is not trusted gets no password.
attributes:
  check_mode:
    description: The same as without, since nothing is changed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  platform:
    description: What is reached by SSH or WinRM.
    platforms: posix, windows
    support: full
options:
  login_password:
    description:
      - The password to try. Quote it, since YAML takes some for numbers.
      - Keep it out of C(ANSIBLE_DISPLAY_ARGS_TO_STDOUT), which shows the arguments of every task; C(no_log) on the task
        hides them there, and all of the result as well.
    type: str
    required: true
  login_user:
    description:
      - Whom to log in as.
      - The default is the connection's user.
    type: str
  expect:
    description:
      - The outcome without which the task fails. V(unknown) is neither V(verified) nor V(refused).
      - V(refused) is for a password that must not work any more.
      - V(any) never fails for an outcome.
    type: str
    choices: [verified, refused, any]
    default: verified
  timeout:
    description:
      - Seconds that a try may take, from the first packet to the answer.
      - The default is the connection's time-out, as Ansible comes 10 over SSH and 30 over WinRM. Reading the boot id
        of a Windows takes a second or more of it.
    type: int
  wait:
    description:
      - Seconds, from the first try, in which to try again while the outcome is V(unknown), such as that of a server
        that still boots. Reasons that no waiting mends (see RV(reason)) end it at once.
      - A last try is begun when they are over, and may take O(timeout) more.
    type: int
    default: 0
  settle:
    description:
      - Seconds, from the first answer that is the opposite of what O(expect) says, in which to try again. The agent
        changes the password some seconds after the server takes logins.
      - Each of these tries may count as a failed login of the user. So that no account gets locked they are 5, 10, 20
        and more seconds apart, never less than 5, and at most five in a minute. Where a server locks accounts after
        fewer failures (C(pam_faillock) does so after three, for root only with C(even_deny_root)), keep
        O(settle) at 5.
      - With O(expect=any) there is no opposite, and no such try.
    type: int
    default: 0
  boot_id:
    description:
      - Read C(/proc/sys/kernel/random/boot_id) in the guest after the login, on Windows by PowerShell when its earliest
        process started, and return it as RV(boot_id).
      - A login without any command is enough to prove a password; one with a command proves that commands run, too.
    type: bool
    default: false
  not_boot_id:
    description:
      - The id of a boot in which a login proves nothing, as the password is to take effect by a restart. A login that
        lands there is V(unknown), and tried again within O(wait).
      - Implies O(boot_id).
      - A refusal does not tell in which boot it was given. Where O(settle) is short and the password is new, be sure of
        the restart first.
      - A UUID, or C(windows-) and a number, as RV(boot_id) and the C(boot_id) of
        M(cloudreset.huaweicloud.reset_agent_info) have it.
    type: str
notes:
  - Works over the connections V(ssh), V(paramiko), V(winrm) and V(psrp). With V(paramiko) OpenSSH's client makes the
    login, too, with the user, port, proxy command and known hosts that paramiko has; C(ssh_config) is not read then.
  - OpenSSH's client is needed on the controller for V(ssh) and V(paramiko), C(sshpass) is not; C(pywinrm) for
    V(winrm), and C(pypsrp) for V(psrp), as for these connections themselves.
  - A Windows behind V(ssh) is known by C(ansible_shell_type), which Ansible needs there, too.
  - A jump host keeps the keys that the inventory and C(ssh_config) give it. One that asks for a password gets none.
seealso:
  - module: cloudreset.huaweicloud.reset_agent_info
"""

EXAMPLES = r"""
- name: Prove that the new password works
  cloudreset.huaweicloud.login_check:
    login_password: "{{ new_password }}"

- name: Prove it after a restart, for a server that takes up to five minutes to come back
  cloudreset.huaweicloud.login_check:
    login_user: root
    login_password: "{{ new_password }}"
    not_boot_id: "{{ audit.boot_id }}"
    wait: 300
    settle: 60

- name: Prove that the old password is out
  cloudreset.huaweicloud.login_check:
    login_password: "{{ old_password }}"
    expect: refused

- name: Prove Administrator's password on Windows hosts, whoever the inventory logs in as
  cloudreset.huaweicloud.login_check:
    login_user: Administrator
    login_password: "{{ new_password }}"

- name: Look, and decide later
  cloudreset.huaweicloud.login_check:
    login_password: "{{ new_password }}"
    expect: any
  register: login

- name: Say how it stands
  ansible.builtin.debug:
    var: login.msg
"""

RETURN = r"""
outcome:
  description:
    - V(verified), if the password was accepted; V(refused), if the server was asked and did not accept it; V(unknown),
      if it could not be asked, or its answer does not tell.
  returned: when a login was tried
  type: str
reason:
  description:
    - Why, as a word that stays the same. RV(msg) has it as a sentence.
    - With V(verified) - V(password_accepted); V(access_denied), if the account may do nothing else over WinRM.
    - With V(refused) - V(password_rejected); V(too_many_tries), if the server closed the connection upon it. A locked
      account, C(PermitRootLogin prohibit-password) and C(DenyUsers) look like a wrong password, since sshd hides them;
      so do disabled and locked accounts on Windows.
    - With V(unknown), where waiting may help - V(connection_refused), V(connection_closed) (busy, or between boots),
      V(timed_out), V(unreachable), V(name_unknown), V(jump_host_failed), V(not_restarted), V(boot_id_unread),
      V(logins_closed) (pam_nologin), V(account_refused) (by PAM's account rules), V(ssh_failed), V(proxy_failed),
      V(winrm_error) (an HTTP status that tells nothing of the password, such as 503), V(winrm_failed).
    - With V(unknown), where it does not - V(password_login_disabled), V(password_expired), V(account_expired),
      V(second_factor), V(other_prompt), V(no_password_asked), V(host_key_changed), V(host_key_unknown),
      V(method_not_offered) (basic or NTLM, over WinRM), V(certificate_untrusted), V(tls_failed).
  returned: when a login was tried
  type: str
msg:
  description: All of it in words, and what to do.
  returned: always
  type: str
user:
  description: Who was logged in as; null where OpenSSH's configuration decides.
  returned: when a login was tried
  type: str
address:
  description: Where to.
  returned: when a login was tried
  type: str
port:
  description: The port; null where OpenSSH's configuration decides.
  returned: when a login was tried
  type: int
attempts:
  description: How many logins were tried.
  returned: when a login was tried
  type: int
boot_id:
  description: The id of the boot that the login landed in; null where it was not asked for or not read.
  returned: when a login was tried
  type: str
"""
