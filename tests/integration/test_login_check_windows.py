# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""login_check on a Windows host: over WinRM by both libraries, http and https, basic and NTLM, and over SSH."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from controller import Controller, Run
from searching import watched
from test_login_check import MODULE, OPTIONS, WRONG, Case

from lab import accounts
from lab.client import WindowsHost

METHODS = ("basic", "ntlm")
PORTS = {"http": 5985, "https": 5986}
SHELLS = {"cmd": 22, "powershell": 2222}
# Who logs in otherwise: the connection's own account must not matter.
INVENTORY = {"ansible_user": "operator", "ansible_password": "Not-The-One-9"}


def winrm(connection: str, scheme: str, method: str) -> dict[str, Any]:
    """Variables of a way over WinRM."""
    prefix = f"ansible_{connection}_"
    names = {"winrm": ("scheme", "transport"), "psrp": ("protocol", "auth")}[connection]
    found = {"ansible_connection": connection, "ansible_port": PORTS[scheme]}
    found |= dict(zip((f"{prefix}{name}" for name in names), (scheme, method), strict=True))
    if (connection, scheme, method) == ("psrp", "http", "basic"):
        # pypsrp refuses to send what nobody encrypts, unless told.
        found["ansible_psrp_message_encryption"] = "never"
    return found


def trusting(controller: Controller) -> dict[str, Any]:
    """The lab's authority, by both names."""
    return {"ansible_winrm_ca_trust_path": str(controller.lab.ca), "ansible_psrp_ca_cert": str(controller.lab.ca)}


def ssh(controller: Controller, shell: str) -> dict[str, Any]:
    """Variables of a way over SSH."""
    known = f"-o UserKnownHostsFile={controller.lab.known_hosts} -o StrictHostKeyChecking=yes"
    return {
        "ansible_connection": "ssh",
        "ansible_shell_type": shell,
        "ansible_port": SHELLS[shell],
        "ansible_ssh_common_args": known,
        "ansible_ssh_private_key_file": str(controller.lab.key),
    }


WINRM = {
    f"{connection}-{scheme}-{method}": winrm(connection, scheme, method)
    for connection in ("winrm", "psrp")
    for scheme in PORTS
    for method in METHODS
}


def ways(controller: Controller) -> dict[str, dict[str, Any]]:
    """All ways in, by a name for each."""
    over_winrm = {name: {**way, **trusting(controller)} for name, way in WINRM.items()}
    return over_winrm | {f"ssh-{shell}": ssh(controller, shell) for shell in SHELLS}


def run_cases(controller: Controller, host: WindowsHost, cases: Mapping[str, Case], password: str, *flags: str) -> Run:
    """Try all cases, each as a host of its own, with that password unless the case says otherwise."""
    inventory = controller.folder / "cases.yml"
    members = {
        name: {
            "ansible_host": host.address,
            **INVENTORY,
            **case.variables,
            "options": {"login_user": "Administrator", "login_password": password, **case.options},
        }
        for name, case in cases.items()
    }
    inventory.write_text(yaml.safe_dump({"cases": {"hosts": members}}, width=10**6))
    arguments = {name: f"{{{{ options.{name} | default({other}) }}}}" for name, other in OPTIONS.items()}
    play = {"hosts": "cases", "gather_facts": False, "tasks": [{MODULE: arguments}]}
    return controller.play([play], ["-i", str(inventory), "-f", "8", *flags])


def assert_reasons(run: Run, cases: Mapping[str, Case]) -> None:
    found = {name: run.of(name).get("reason", run.of(name)["msg"]) for name in cases}
    assert found == {name: case.reason for name, case in cases.items()}, run.output


@pytest.fixture
def password(winhost: WindowsHost) -> str:
    """Administrator's, which no other test has."""
    word = f"Own-{secrets.token_hex(5)}"
    accounts.set_password(winhost.accounts, "Administrator", word)
    return word


def test_the_right_password_is_verified_and_a_wrong_one_refused_on_every_way_and_nobody_sees_either(
    controller: Controller, winhost: WindowsHost, password: str
) -> None:
    wrong = f"Wrong-{secrets.token_hex(5)}"
    cases = {
        f"{name}-{what}": Case(reason, way, options)
        for name, way in ways(controller).items()
        for what, reason, options in (
            ("right", "password_accepted", {"boot_id": True, "timeout": 60}),
            ("wrong", "password_rejected", {"login_password": wrong, "boot_id": True, "timeout": 60}),
        )
    }
    seen: set[str] = set()
    with watched({password, wrong}, seen):
        run = run_cases(controller, winhost, cases, password, "-vvvv")
    assert_reasons(run, cases)
    assert {run.of(name)["outcome"] for name in cases} == {"verified", "refused"}
    boots = {run.of(name)["boot_id"] for name in cases if name.endswith("-right")}
    assert len(boots) == 1
    assert boots.pop().startswith("windows-")
    assert seen == set()
    assert password not in run.output
    assert wrong not in run.output


@pytest.mark.parametrize("way", ["winrm-http-ntlm", "winrm-https-basic", "psrp-http-ntlm", "ssh-cmd"])
def test_accounts_in_every_mood(controller: Controller, winhost: WindowsHost, password: str, way: str) -> None:
    for name, flags in (("locked", "UL"), ("switchedoff", "UD")):
        accounts.set_password(winhost.accounts, name, password, flags=flags)
    accounts.set_password(winhost.accounts, "plain", password)
    variables = ways(controller)[way]
    cases = {
        # It may log in, and no more: proving a password takes no rights.
        "plain": Case("password_accepted", variables, {"login_user": "plain"}),
        "capitals": Case("password_accepted", variables, {"login_user": "ADMINISTRATOR"}),
        "locked": Case("password_rejected", variables, {"login_user": "locked"}),
        "off": Case("password_rejected", variables, {"login_user": "switchedoff"}),
        "nobody": Case("password_rejected", variables, {"login_user": "nobody"}),
    }
    if way.startswith("ssh"):
        # OpenSSH on Linux, which stands in front of the lab's Windows, knows but one spelling.
        del cases["capitals"]
    run = run_cases(controller, winhost, cases, password)
    assert_reasons(run, cases)
    assert "the account is disabled, locked out, expired" in run.of("off")["msg"]
    assert not [word for word in ("sshd_config", "PermitRootLogin") if word in run.output]


def test_what_cannot_be_asked_is_unknown_and_says_why(
    controller: Controller, winhost: WindowsHost, password: str
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    quiet = {"ansible_host": "127.0.0.1", "ansible_port": silent.getsockname()[1]}
    trusted = trusting(controller)
    cases = {}
    for name in ("winrm-http-ntlm", "psrp-http-ntlm"):
        way = WINRM[name]
        secure = WINRM[name.replace("http-", "https-")]
        cases |= {
            f"{name}-closed": Case("connection_refused", {**way, "ansible_port": 1}),
            f"{name}-silent": Case("timed_out", {**way, **quiet}, {"timeout": 2}),
            f"{name}-nowhere": Case("unreachable", {**way, "ansible_host": "10.213.255.250"}),
            f"{name}-nameless": Case("name_unknown", {**way, "ansible_host": "nobody.invalid"}),
            f"{name}-elsewhere": Case(
                "winrm_error", {**way, "ansible_winrm_path": "/other", "ansible_psrp_path": "other"}
            ),
            f"{name}-untrusted": Case("certificate_untrusted", secure),
            f"{name}-unchecked": Case(
                "password_accepted",
                {**secure, "ansible_winrm_server_cert_validation": "ignore", "ansible_psrp_cert_validation": "ignore"},
            ),
            f"{name}-plain": Case("tls_failed", {**secure, **trusted, "ansible_port": PORTS["http"]}),
            f"{name}-proxy": Case(
                "proxy_failed",
                {
                    **secure,
                    **trusted,
                    "ansible_winrm_proxy": "http://127.0.0.1:1",
                    "ansible_psrp_proxy": "http://127.0.0.1:1",
                },
            ),
        }
    with silent:
        run = run_cases(controller, winhost, cases, password, "-vvvv")
    assert_reasons(run, cases)
    assert {run.of(name)["outcome"] for name in cases} == {"unknown", "verified"}
    assert password not in run.output


def test_neither_ticket_nor_negotiation_is_needed(controller: Controller, winhost: WindowsHost, password: str) -> None:
    """What the inventory's connection would log in by is left out; only the password counts."""
    cases = {}
    for transport in ("kerberos", "credssp", "certificate"):
        way = {**WINRM["winrm-http-ntlm"], "ansible_winrm_transport": transport}
        cases[f"winrm-{transport}"] = Case("password_accepted", way)
        cases[f"winrm-{transport}-wrong"] = Case("password_rejected", way, {"login_password": WRONG})
    way = {**WINRM["psrp-http-ntlm"], "ansible_psrp_auth": "negotiate"}
    cases |= {
        "psrp": Case("password_accepted", way),
        "psrp-wrong": Case("password_rejected", way, {"login_password": WRONG}),
    }
    assert_reasons(run_cases(controller, winhost, cases, password), cases)


@pytest.mark.parametrize("way", ["winrm-http-ntlm", "psrp-https-ntlm", "ssh-cmd"])
def test_a_restart_is_waited_for_and_a_login_before_it_proves_nothing(
    controller: Controller, winhost: WindowsHost, password: str, way: str
) -> None:
    case = Case("password_accepted", ways(controller)[way], {"boot_id": True})
    before = run_cases(controller, winhost, {"it": case}, password).of("it")["boot_id"]
    old = replace(case, reason="not_restarted", options={"not_boot_id": before})
    assert_reasons(run_cases(controller, winhost, {"it": old}, password), {"it": old})

    winhost.stop()
    off = replace(case, options={"timeout": 2})
    assert run_cases(controller, winhost, {"it": off}, password).of("it")["outcome"] == "unknown"
    winhost.start(wait=False)
    wait = replace(case, options={"not_boot_id": before, "wait": 60})
    run = run_cases(controller, winhost, {"it": wait}, password)
    assert_reasons(run, {"it": wait})
    assert run.of("it")["boot_id"] not in (None, before)


def test_without_the_library_it_is_one_sentence(controller: Controller, winhost: WindowsHost, password: str) -> None:
    hidden = controller.folder / "hidden"
    for name in ("winrm", "pypsrp"):
        (hidden / name).mkdir(parents=True)
        (hidden / name / "__init__.py").write_text("raise ImportError('hidden')\n")
    environment = {"PYTHONPATH": str(hidden), **{name: os.environ[name] for name in ("PATH",)}}
    for connection, library in (("winrm", "pywinrm"), ("psrp", "pypsrp")):
        task = {MODULE: {"login_password": password}}
        play = {
            "hosts": winhost.name,
            "gather_facts": False,
            "vars": WINRM[f"{connection}-http-ntlm"],
            "tasks": [task],
        }
        told = controller.play([play], environment=environment).of(winhost)["msg"]
        assert told == (
            f"The connection {connection} needs {library} on the controller, which cannot be loaded (hidden); install "
            f"it for the Python that runs Ansible (pip install {library})."
        )
