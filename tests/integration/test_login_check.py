# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""login_check against a real sshd in every mood: what it finds, what it keeps out, and whom it gives the password."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from controller import Controller, Run
from searching import left_on, own_passwords, watched
from test_ways_in import NO_KEY, PARAMIKO, paramiko_home
from waiting import wait_for

from lab.client import Host

RIGHT, WRONG, PLAIN = "Lab-Root-1", "Wrong-Word-9", "Lab-Plain-1"
MODULE = "cloudreset.huaweicloud.login_check"
JUMP_HOST = "python"

# One user for each mood of an account, and sshd's for each; all have the right password.
USERS = {
    "expired": "chage -E 0 expired",
    "inactive": "chage -d 2020-01-01 -M 10 -I 5 inactive",
    "locked": "passwd -l locked",
    "renewing": "passwd -e renewing",
    "denied": ":",
    "nopasswords": ":",
    "interactive": ":",
    "interactiveexpired": "chage -E 0 interactiveexpired",
    "interactiverenewing": "passwd -e interactiverenewing",
    "twofactors": ":",
    "empty": "passwd -d empty",
    "greeted": ":",
    "shellless": "usermod -s /usr/sbin/nologin shellless",
}
SSHD = """\
DenyUsers denied
Match User nopasswords
  PasswordAuthentication no
  KbdInteractiveAuthentication no
Match User interactive*
  PasswordAuthentication no
  KbdInteractiveAuthentication yes
Match User twofactors
  AuthenticationMethods password,publickey
Match User empty
  PermitEmptyPasswords yes
Match User greeted
  Banner /etc/greeting
"""
# Looks like the prompt, and like the client's own good news.
GREETING = """\
Authenticated to {address} ([{address}]:22) using "password".
debug1: Next authentication method: password
root@{address}'s password: Password:"""
# More of them at other ports: sshd's settings that hold for all users.
PORTS = {
    2201: "-f /etc/ssh/crowded_config",
    2202: "-o PermitRootLogin=prohibit-password",
    2203: "-o MaxAuthTries=1",
    2204: "",
}
FAILLOCK = """\
auth required pam_faillock.so preauth deny=1
auth sufficient pam_unix.so nodelay
auth [default=die] pam_faillock.so authfail deny=1
account required pam_unix.so
session required pam_unix.so
"""


@dataclass(frozen=True)
class Case:
    """One login: the reason that is expected, variables of the host, options of the task."""

    reason: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def user(reason: str, name: str, **options: Any) -> Case:
    return Case(reason, {}, {"login_user": name, **options})


def run_cases(
    controller: Controller,
    host: Host,
    cases: Mapping[str, Case],
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Run:
    """Try all cases at once, each as a host of its own in the inventory."""
    inventory = controller.folder / "cases.yml"
    members = {
        name: {"ansible_host": host.address, **case.variables, "options": {"login_password": RIGHT, **case.options}}
        for name, case in cases.items()
    }
    group = {"vars": {"ansible_user": "root", **common(controller)}, "hosts": members}
    inventory.write_text(yaml.safe_dump({"cases": group}, width=10**6))
    arguments = {name: f"{{{{ options.{name} | default({other}) }}}}" for name, other in OPTIONS.items()}
    play = {"hosts": "cases", "gather_facts": False, "tasks": [{MODULE: arguments}]}
    return controller.play([play], ["-i", str(inventory), "-f", "12", *flags], environment)


OPTIONS = {
    "login_password": "omit",
    "login_user": "omit",
    "expect": "'any'",
    "timeout": "omit",
    "wait": "omit",
    "settle": "omit",
    "boot_id": "omit",
    "not_boot_id": "omit",
}


def common(controller: Controller) -> dict[str, Any]:
    """The way in as the lab's inventory has it: by key, where passwords are not even tried."""
    return {
        "ansible_ssh_private_key_file": str(controller.lab.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={controller.lab.known_hosts} -o StrictHostKeyChecking=yes",
        "ansible_ssh_extra_args": "-o BatchMode=yes -o PasswordAuthentication=no",
    }


def strict(known_hosts: Path | str, checking: str = "yes") -> dict[str, str]:
    return {"ansible_ssh_common_args": f"-o UserKnownHostsFile={known_hosts} -o StrictHostKeyChecking={checking}"}


def assert_reasons(run: Run, cases: Mapping[str, Case]) -> None:
    found = {name: run.of(name).get("reason", run.of(name)["msg"]) for name in cases}
    assert found == {name: case.reason for name, case in cases.items()}, run.output
    assert RIGHT not in run.output


@pytest.fixture
def prepared(host: Host) -> Host:
    """A guest with all the users and all the servers."""
    host.write("/etc/greeting", GREETING.format(address=host.address))
    host.write("/etc/ssh/sshd_config.d/zz-moods.conf", SSHD)
    # A file: of this setting the last one counts, and the lab's own has it.
    host.write("/etc/ssh/crowded_config", "UsePAM yes\nPermitRootLogin yes\nMaxStartups 1:100:1\n")
    host.sh(
        f"""
        for u in {" ".join(USERS)}; do useradd -m -s /bin/sh $u; echo $u:{RIGHT}; done | chpasswd
        {"; ".join(USERS.values())}
        {"; ".join(f"/usr/sbin/sshd -p {port} -o PidFile=none {options}" for port, options in PORTS.items())}
        systemctl reload ssh
        """
    )
    return host


def at(host: Host, port: int) -> dict[str, Any]:
    return {"ansible_port": port, "ansible_ssh_extra_args": f"-o HostKeyAlias={host.address}"}


def test_every_mood_of_an_account_and_of_sshd_has_its_reason(controller: Controller, prepared: Host) -> None:
    cases = {
        "right": user("password_accepted", "root"),
        "wrong": user("password_rejected", "root", login_password=WRONG),
        "nobody": user("password_rejected", "nobody-here"),
        "expired": user("account_expired", "expired"),
        "expired-wrong": user("password_rejected", "expired", login_password=WRONG),
        "inactive": user("account_expired", "inactive"),
        "locked": user("password_rejected", "locked"),
        "renewing": user("password_expired", "renewing"),
        "renewing-command": user("password_expired", "renewing", boot_id=True),
        "denied": user("password_rejected", "denied"),
        "nopasswords": user("password_login_disabled", "nopasswords"),
        "interactive": user("password_accepted", "interactive"),
        "interactive-wrong": user("password_rejected", "interactive", login_password=WRONG),
        "interactiveexpired": user("account_expired", "interactiveexpired"),
        "interactiverenewing": user("password_expired", "interactiverenewing"),
        "twofactors": user("second_factor", "twofactors"),
        "empty": user("no_password_asked", "empty"),
        "greeted": user("password_accepted", "greeted"),
        "greeted-wrong": user("password_rejected", "greeted", login_password=WRONG),
        "shellless": user("password_accepted", "shellless"),
        "shellless-boot": user("boot_id_unread", "shellless", boot_id=True),
        "crowded": Case("connection_closed", at(prepared, 2201)),
        "prohibited": Case("password_rejected", at(prepared, 2202)),
        "once": Case("password_accepted", at(prepared, 2203)),
        "once-wrong": Case("too_many_tries", at(prepared, 2203), {"login_password": WRONG}),
        "other-port": Case("password_accepted", at(prepared, 2204)),
    }
    with socket.create_connection((prepared.address, 2201)) as taken:
        assert taken.recv(4) == b"SSH-"
        run = run_cases(controller, prepared, cases)
    assert_reasons(run, cases)
    assert (run.of("other-port")["port"], run.of("right")["port"]) == (2204, None)
    prepared.write("/run/nologin", "System is booting up. Unprivileged users are not permitted to log in yet.")
    booting = {"booting": user("logins_closed", "greeted")}
    assert_reasons(run_cases(controller, prepared, booting), booting)


def test_a_locked_account_looks_like_a_wrong_password_and_the_sentence_says_so(
    controller: Controller, host: Host
) -> None:
    host.write("/etc/pam.d/sshd", FAILLOCK)
    tries = [{MODULE: {"login_user": "plain", "login_password": word, "expect": "refused"}} for word in (WRONG, PLAIN)]
    run = controller.play([{"hosts": host.name, "gather_facts": False, "tasks": tries}])
    results = [line["result"] for line in run.results]
    assert [result["reason"] for result in results] == ["password_rejected"] * 2, run.output
    assert "or the account is locked" in results[-1]["msg"]


@contextmanager
def ssh_agent(key: Path) -> Iterator[dict[str, str]]:
    """An agent that has the lab's key."""
    path = key.parent / f"agent-{os.getpid()}"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL) as agent:
        try:
            while not path.exists():
                time.sleep(0.01)
            subprocess.run(["ssh-add", "-q", str(key)], check=True, env={**os.environ, "SSH_AUTH_SOCK": str(path)})
            yield {"SSH_AUTH_SOCK": str(path)}
        finally:
            agent.terminate()


@pytest.mark.mainpath
@pytest.mark.parametrize("extra", ["", "-i {key}"], ids=["agent", "key"])
def test_keys_agents_and_control_sockets_let_no_wrong_password_in(
    extra: str, controller: Controller, host: Host
) -> None:
    extra = extra.format(key=controller.lab.key)
    options = {"login_password": WRONG, "expect": "refused"}
    folder, known = controller.folder, f"-o UserKnownHostsFile={controller.lab.known_hosts}"
    with ssh_agent(controller.lab.key) as agent:
        play = {
            "hosts": host.name,
            "gather_facts": False,
            "vars": {
                "ansible_ssh_args": f"-o ControlMaster=auto -o ControlPersist=60s -S {folder}/mux -A",
                "ansible_ssh_common_args": f"{known} -o PreferredAuthentications=publickey {extra}",
            },
            # The first opens a control socket by the key; the last shows that it was there all the time.
            "tasks": [{"raw": "true"}, {MODULE: options}, {"raw": "true"}],
        }
        run = controller.play([play], environment=agent)
        assert run.status == 0, run.output
        assert [line["result"].get("reason") for line in run.results] == [None, "password_rejected", None]
        assert run.of(host)["kind"] == "ok"


def test_the_inventorys_way_is_gone_and_the_password_is_the_targets_alone(
    controller: Controller, host: Host, take: Callable[[str], Host], tmp_path: Path
) -> None:
    jump = take(JUMP_HOST)
    lines = controller.lab.known_hosts.read_text().splitlines()
    other_key = next(line.split(" ", 1)[1] for line in lines if line.startswith(f"{jump.address},"))
    changed = tmp_path / "changed"
    changed.write_text(f"{host.address} {other_key}\n")
    known = f"-o UserKnownHostsFile={controller.lab.known_hosts} -o StrictHostKeyChecking=yes"
    by_key = f"ssh {known} -i {controller.lab.key} -W [%h]:%p root@{jump.address}"
    by_password = f"ssh {known} -o PubkeyAuthentication=no -W [%h]:%p root@{jump.address}"

    def through(command: str) -> dict[str, Any]:
        return {"ansible_ssh_common_args": f"{known} -o ProxyCommand='{command}'"}

    silent = socket.create_server(("127.0.0.1", 0))
    cases = {
        "key": Case("password_accepted", {}, {"boot_id": True}),
        "password": Case("password_accepted", {**NO_KEY, "ansible_password": WRONG}),
        "wrong": Case("password_rejected", {"ansible_password": RIGHT}, {"login_password": WRONG}),
        "paramiko": Case("password_accepted", PARAMIKO),
        "paramiko-wrong": Case("password_rejected", PARAMIKO, {"login_password": WRONG}),
        "paramiko-jump": Case("password_accepted", {**PARAMIKO, "ansible_paramiko_proxy_command": by_key}),
        "quiet": Case("password_accepted", {"ansible_ssh_args": "-qC"}),
        "jump": Case("password_accepted", through(by_key)),
        "jump-wrong": Case("password_rejected", through(by_key), {"login_password": WRONG}),
        "jump-asks": Case("jump_host_failed", through(by_password)),
        "jump-closed": Case("jump_host_failed", through(by_key.replace("-W", "-p 1 -W"))),
        "jump-then-closed": Case("connection_refused", {**through(by_key), "ansible_port": 1}),
        "closed": Case("connection_refused", {"ansible_port": 1}),
        "silent": Case(
            "timed_out", {"ansible_host": "127.0.0.1", "ansible_port": silent.getsockname()[1]}, {"timeout": 2}
        ),
        # An address of the lab's network that no host has.
        "nowhere": Case("unreachable", {"ansible_host": "10.213.255.250"}),
        "nameless": Case("name_unknown", {"ansible_host": "nobody.invalid"}),
        "key-unknown": Case("host_key_unknown", strict("/dev/null")),
        "key-asked": Case("host_key_unknown", strict("/dev/null", "ask")),
        "key-changed": Case("host_key_changed", strict(changed)),
        "key-changed-unchecked": Case(
            "host_key_changed", {**strict(changed, "no"), "ansible_host_key_checking": False}
        ),
        "key-new": Case("password_accepted", strict("/dev/null", "accept-new")),
        "bad-arguments": Case("ssh_failed", {"ansible_ssh_extra_args": "-o Bogus=1"}),
    }
    home = paramiko_home(controller)
    jump_log = "journalctl -u ssh --no-pager -o cat"
    with silent:
        run = run_cases(controller, host, cases, home)
    assert_reasons(run, cases)
    assert run.of("key")["boot_id"] == host.boot_id()
    assert "password:" in run.of("jump-asks")["msg"]
    # The jump host that asked got nothing, not even a wrong password.
    assert "Failed password" not in jump.sh(jump_log).stdout
    assert clients(host) == []


def clients(host: Host) -> list[str]:
    """The clients of login checks of a host that still run here."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:  # gone
            continue
        if host.address in text and ("PreferredAuthentications=password" in text or "-W\0" in text):
            found.append(text)
    return found


def test_a_jump_hosts_client_does_not_outlive_a_login_without_an_answer(
    controller: Controller, host: Host, take: Callable[[str], Host]
) -> None:
    jump = take(JUMP_HOST)
    host.sh("kill -STOP $(pgrep -o sshd)")  # takes connections, and says nothing
    known = f"-o UserKnownHostsFile={controller.lab.known_hosts}"
    proxy = f"ssh {known} -i {controller.lab.key} -W [%h]:%p root@{jump.address}"
    cases = {
        "late": Case("timed_out", {"ansible_ssh_common_args": f"{known} -o ProxyCommand='{proxy}'"}, {"timeout": 2})
    }
    assert_reasons(run_cases(controller, host, cases), cases)
    assert clients(host) == []


def test_the_task_fails_where_the_outcome_is_another_and_unknown_is_neither(controller: Controller, host: Host) -> None:
    unasked = {"ansible_port": 1}
    wrong = {"login_password": WRONG}
    # What the task makes of it; the same in check mode, in which it runs.
    kinds = {
        "right": (Case("password_accepted", {}, {"expect": "verified"}), "ok"),
        "right-hoped-out": (Case("password_accepted", {}, {"expect": "refused"}), "failed"),
        "wrong": (Case("password_rejected", {}, {"expect": "verified", **wrong}), "failed"),
        "wrong-hoped-out": (Case("password_rejected", {}, {"expect": "refused", **wrong}), "ok"),
        "unasked": (Case("connection_refused", unasked, {"expect": "verified"}), "failed"),
        "unasked-hoped-out": (Case("connection_refused", unasked, {"expect": "refused"}), "failed"),
        "unasked-any": (Case("connection_refused", unasked, {"expect": "any"}), "ok"),
    }
    cases = {name: case for name, (case, _kind) in kinds.items()}
    run = run_cases(controller, host, cases, flags=["--check"])
    assert_reasons(run, cases)
    assert {name: run.of(name)["kind"] for name in kinds} == {name: kind for name, (_case, kind) in kinds.items()}
    assert {(run.of(name)["attempts"], run.of(name)["changed"]) for name in kinds} == {(1, False)}


@contextmanager
def once_tried(host: Host, answer: str, act: Callable[[], object]) -> Iterator[None]:
    """Act when the next login has had this answer of sshd's, however long the task takes to begin."""

    def count() -> int:
        return host.sh("journalctl -u ssh --no-pager -o cat").stdout.count(answer)

    def work() -> None:
        wait_for(lambda: count() > before, 60)
        act()

    before = count()
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def test_it_waits_for_the_next_boot(controller: Controller, host: Host) -> None:
    before = host.boot_id()
    options = {"login_password": RIGHT, "not_boot_id": before, "wait": 60}
    assert controller.run("login_check", [host], {**options, "wait": 0}).of(host)["reason"] == "not_restarted"
    with once_tried(host, "Accepted password", lambda: host.reboot(wait=False)):
        result = controller.run("login_check", [host], options).of(host)
    assert (result["outcome"], result["boot_id"]) == ("verified", host.boot_id())
    assert result["boot_id"] != before
    assert result["attempts"] > 1


def test_it_gives_the_agent_time_to_change_the_password(controller: Controller, host: Host) -> None:
    with once_tried(host, "Failed password", lambda: host.sh("echo 'root:New-Word-8' | chpasswd")):
        result = controller.run("login_check", [host], {"login_password": "New-Word-8", "settle": 60}).of(host)
    assert (result["outcome"], result["attempts"]) == ("verified", 2)


def test_a_password_is_told_nowhere(
    controller: Controller, host: Host, take: Callable[[str], Host], tmp_path: Path
) -> None:
    jump = take(JUMP_HOST)
    known = f"-o UserKnownHostsFile={controller.lab.known_hosts}"
    proxy = f"ssh {known} -i {controller.lab.key} -W [%h]:%p root@{jump.address}"
    words = {**own_passwords(host, "root"), "wrong": f"Wrong-{secrets.token_hex(6)}"}
    # The playbook names a file: else it would be itself what holds the words.
    for name, word in words.items():
        (tmp_path / name).write_text(word)
    password = f"{{{{ lookup('ansible.builtin.file', '{tmp_path}/' ~ item) }}}}"
    play = {
        "hosts": host.name,
        "gather_facts": False,
        "vars": {"ansible_ssh_common_args": f"{known} -o ProxyCommand='{proxy}'"},
        "tasks": [
            {MODULE: {"login_password": password, "expect": "any", "boot_id": True}, "loop": [*words]},
            {MODULE: {"login_password": password, "expects": "any"}, "loop": ["root"], "ignore_errors": True},
        ],
    }
    seen: set[str] = set()
    with watched({*words.values()}, seen):
        run = controller.play([play], ["-vvvv"])
    assert run.status == 0, run.output
    assert seen == set()
    left = {str(path): path.read_text(errors="replace") for path in controller.folder.rglob("*") if path.is_file()}
    assert [
        name for name, text in {**left, "output": run.output}.items() if any(word in text for word in words.values())
    ] == []
    assert left_on(host, words.values()) == ""


def test_what_cannot_be_tried_is_said_in_a_sentence(controller: Controller, host: Host) -> None:
    wrong = {"login_password": f"{RIGHT}\n", "expect": "yes", "wait": -1, "not_boot_id": "no", "login_user": "-x"}
    cases = {
        "options": Case("", {}, wrong),
        "here": Case("The connection is 'local', over", {"ansible_connection": "ansible.builtin.local"}),
        # Windows has such names, SSH's client takes none.
        "blank": Case("is no login; set ansible_host", {}, {"login_user": "a b"}),
        "address": Case("is no login; set ansible_host", {"ansible_host": "-oProxyCommand=true"}),
        "quotes": Case("close their quotes", {"ansible_ssh_extra_args": "-o 'User=x"}),
        "program": Case("install OpenSSH's client", {"ansible_ssh_executable": "/nowhere/ssh"}),
    }
    run = run_cases(controller, host, cases)
    told = {name: run.of(name) for name in cases}
    assert {name: result["kind"] for name, result in told.items()} == dict.fromkeys(cases, "failed")
    assert {name: told[name]["msg"] for name, case in cases.items() if case.reason not in told[name]["msg"]} == {}
    assert [name for name in wrong if f"{name} " not in told["options"]["msg"]] == []
    assert RIGHT not in run.output
