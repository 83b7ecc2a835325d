# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may keep a new password from letting anybody in: what the guest says of it, and what that means."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from unit.host import test_host_shell as host_shell
from unit.host.support import answer

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.login import login_facts

shell = host_shell.shell
BLOB = "c2VjcmV0MQ==brvpQE1/AAxyz"
HTTP = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"

# --- what the guest says ---

SHADOW: list[tuple[str, list[str]]] = [
    ("root:$6$s4lt$d1g3st:20780:0:99999:7:::", ["locked no", "changed 20780", "maximum 99999", "expires "]),
    ("root:!$6$s4lt$d1g3st:20780:0::7:::", ["locked yes", "changed 20780", "maximum ", "expires "]),
    ("daemon:*:1:::::2:\nroot:*:0:0:30:7:3:20000:\n", ["locked yes", "changed 0", "maximum 30", "expires 20000"]),
    ("root::20780:0:99999:7:::\n", ["locked no", "changed 20780", "maximum 99999", "expires "]),
    ("rooter:x:1::::::\n", []),
]


def test_roots_line_of_shadow_without_its_digest(shell: list[str], tmp_path: Path) -> None:
    told = host_shell.run_each(shell, "say_root_account", tmp_path, [{"etc/shadow": text} for text, _lines in SHADOW])
    today = f"today {int(time.time() // 86400)}"
    assert told == [[today, *(f"root_{line}" for line in lines)] for _text, lines in SHADOW]
    assert "d1g3st" not in str(told)


def test_no_shadow_no_account(shell: list[str], tmp_path: Path) -> None:
    assert [line.split()[0] for line in host_shell.run(shell, "say_root_account", tmp_path).splitlines()] == ["today"]


CFG = "etc/cloud/cloud.cfg"
CLOUD: list[tuple[dict[str, str], list[str]]] = [
    ({}, []),
    ({CFG: "# password: x\nhostname: a\n"}, []),
    ({CFG: "password: Secret-1\n"}, ["sets"]),
    ({CFG: "chpasswd: {expire: False}\nssh_pwauth: true"}, ["ssh_pwauth yes"]),
    ({CFG: "chpasswd:\n  expire: False\n"}, []),
    ({CFG: "chpasswd: {list: ['root:Secret-1']}\n"}, ["sets"]),
    ({CFG: "chpasswd:\n  # list: none\n  users:\n  - {name: root, password: Secret-1}\nusers: [default]\n"}, ["sets"]),
    ({CFG: "cloud_config_modules:\n - locale\n - set-passwords\n"}, ["module"]),
    ({CFG: "cloud_config_modules:\n  - [set_passwords, always]\n#  - set-passwords\n"}, ["module"]),
    ({CFG: "cloud_config_modules:\n- set-passwords\n- x\npassword: a"}, ["module", "sets"]),
    ({CFG: "final_message: set-passwords\n"}, []),
    ({CFG: "ssh_pwauth:   0\n"}, ["ssh_pwauth no"]),
    ({CFG: "ssh_pwauth: unchanged\n"}, []),
    ({CFG: "users:\n - name: root\n   lock_passwd: False\n"}, ["lock_passwd no"]),
    ({CFG: "system_info:\n  default_user:\n    name: root\n    lock_passwd: True\n"}, ["lock_passwd yes"]),
    ({CFG: "system_info:\n  default_user:\n    name: debian\n    lock_passwd: True\n"}, []),
    ({CFG: "users:\n- {name: root, lock_passwd: true}\n"}, ["lock_passwd yes"]),
    ({CFG: "", "etc/cloud/cloud.cfg.d/90.cfg": "ssh_pwauth: no", "var/lib/cloud/instance/cloud-config.txt":
      "#cloud-config\npassword: Secret-1"}, ["ssh_pwauth no", "sets"]),
]  # fmt: skip


def test_the_settings_by_which_cloud_init_touches_passwords(shell: list[str], tmp_path: Path) -> None:
    told = host_shell.run_each(shell, "say_cloud_init", tmp_path, [files for files, _lines in CLOUD])
    start = ["cloud_init present", "cloud_init readable"]
    wanted = [[*(start if files else []), *(f"cloud_init {line}" for line in lines)] for files, lines in CLOUD]
    assert list(zip([files for files, _lines in CLOUD], told, strict=True)) == list(
        zip([files for files, _lines in CLOUD], wanted, strict=True)
    )
    assert "Secret-1" not in str(told)


ANSWERS = [
    (f'{HTTP}{{"reset_password": "{BLOB}"}}', "yes"),
    (f'{{"reset_password":"{BLOB}"}}', "yes"),
    ('{"reset_password":"c2"}', "yes"),
    (f'{HTTP}{{"reset_password": "None"}}', "no"),
    (f'{HTTP}{{"reset_password":""}}', "no"),
    ('{"reset_password": null}', "no"),
    ('{"reset_password": "Fail"}', ""),
    ("", ""),
    ("no-client", ""),
    (f"{HTTP}None", ""),
    (f"{HTTP}<html>reset_password</html>", ""),
    ('HTTP/1.1 404 Not Found\r\n\r\n{"path": "reset_password"}', ""),
    (f'HTTP/1.1 503 Busy\r\n\r\n{{"reset_password": "{BLOB}"}}', ""),
]


def test_of_a_pending_password_only_yes_or_no_is_told(shell: list[str], tmp_path: Path) -> None:
    text = 'metadata_timeout=5; metadata_status=0; metadata_request() { echo "$1" >>$root/asked; cat $root/answer; }'
    cases = [{"answer": body} for body, _told in ANSWERS]
    told = host_shell.run_each(shell, f"{text}; say_pending_reset", tmp_path, cases)
    assert told == [[f"pending_reset {word}"] if word else [] for _body, word in ANSWERS]
    assert (tmp_path / "0" / "asked").read_text() == "reset_password\n"


def test_a_metadata_service_that_did_not_answer_is_not_asked_again(shell: list[str], tmp_path: Path) -> None:
    text = "metadata_timeout=5; metadata_status=7; metadata_request() { echo asked >$root/asked; }; say_pending_reset"
    assert host_shell.run(shell, text, tmp_path) == ""
    assert not (tmp_path / "asked").exists()


SSHD = r"""
sshd() { echo "$*" >>$root/asked; [ -n "$fails" ] && [ "$*" != "$fails" ] && { echo no >&2; return 255; }
  printf 'port 22\npasswordauthentication no\nPermitRootLogin without-password\nkbdinteractiveauthentication yes\n'; }
"""
WORDS = ["passwordauthentication no", "PermitRootLogin without-password", "kbdinteractiveauthentication yes"]


def test_sshd_is_asked_about_root_from_where_we_are(shell: list[str], tmp_path: Path) -> None:
    told = host_shell.run(shell, f"{SSHD}SSH_CONNECTION='10.1.1.1 5 10.1.1.2 22'; fails=; say_sshd", tmp_path)
    assert told.splitlines() == [f"sshd {word}" for word in WORDS]
    assert (tmp_path / "asked").read_text() == "-T -C user=root,host=10.1.1.1,addr=10.1.1.1\n"


def test_an_sshd_that_knows_no_such_question_is_asked_in_general(shell: list[str], tmp_path: Path) -> None:
    told = host_shell.run(shell, f"{SSHD}unset SSH_CONNECTION; fails=-T; say_sshd", tmp_path)
    assert told.splitlines() == [f"sshd {word}" for word in WORDS]
    assert (tmp_path / "asked").read_text() == "-T -C user=root,host=127.0.0.1,addr=127.0.0.1\n-T\n"
    assert host_shell.run(shell, f"{SSHD}fails=never; say_sshd", tmp_path) == ""


# --- what that means ---

DAY = {"today": "20780", "root_locked": "no"}


@pytest.mark.parametrize(
    ("told", "locked", "expired", "changed"),
    [
        ({}, None, None, None),
        ({"today": "20780"}, None, None, None),
        ({"root_locked": "no"}, False, None, None),
        ({**DAY, "root_changed": "20780", "root_maximum": "99999", "root_expires": ""}, False, False, "2026-11-23"),
        ({**DAY, "root_locked": "yes", "root_changed": ""}, True, False, None),
        ({**DAY, "root_changed": "0"}, False, True, None),
        ({**DAY, "root_changed": "20750", "root_maximum": "30"}, False, False, "2026-10-24"),
        ({**DAY, "root_changed": "20749", "root_maximum": "30"}, False, True, "2026-10-23"),
        ({**DAY, "root_changed": "20749", "root_maximum": "-1"}, False, False, "2026-10-23"),
        ({**DAY, "root_expires": "20781"}, False, False, None),
        ({**DAY, "root_expires": "20780"}, False, True, None),
    ],
)
def test_the_account(told: dict[str, str], locked: bool | None, expired: bool | None, changed: str | None) -> None:
    found = login_facts(answer(**told))["root_account"]
    assert found == {"named": True, "locked": locked, "expired": expired, "password_changed": changed}


@pytest.mark.parametrize(
    ("lines", "password", "interactive", "root"),
    [
        (None, None, None, None),
        (WORDS, False, True, "without-password"),
        (["passwordauthentication yes", "challengeresponseauthentication no"], True, False, None),
    ],
)
def test_sshd(lines: Any, password: bool | None, interactive: bool | None, root: str | None) -> None:
    found = login_facts(answer(sshd=lines))["sshd"]
    assert found == {
        "password_authentication": password,
        "keyboard_interactive": interactive,
        "permit_root_login": root,
    }


@pytest.mark.parametrize(
    ("lines", "present", "rewrites", "ssh_pwauth"),
    [
        (None, False, False, None),
        (["present"], True, None, None),
        (["present", "readable"], True, False, None),
        (["present", "readable", "module"], True, False, None),
        (["present", "readable", "sets"], True, False, None),
        (["present", "readable", "sets", "module"], True, True, None),
        (["present", "readable", "lock_passwd no", "ssh_pwauth yes"], True, False, True),
        (["present", "readable", "lock_passwd yes", "ssh_pwauth yes", "ssh_pwauth no"], True, True, False),
    ],
)
def test_cloud_init(lines: Any, present: bool, rewrites: bool | None, ssh_pwauth: bool | None) -> None:
    found = login_facts(answer(cloud_init=lines))["cloud_init"]
    assert found == {"present": present, "rewrites_password": rewrites, "ssh_pwauth": ssh_pwauth}


@pytest.mark.parametrize(("line", "pending"), [(None, None), ("yes", True), ("no", False)])
def test_a_pending_reset(line: str | None, pending: bool | None) -> None:
    assert login_facts(answer(pending_reset=line))["pending_reset"] is pending
