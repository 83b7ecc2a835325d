# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What talks to Windows over WinRM talks to the lab's hosts: pywinrm, pypsrp, Ansible's connections and modules."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from controller import ROOT, Controller
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from waiting import wait_for
from winrm.exceptions import InvalidCredentialsError
from winrm.protocol import Protocol

from lab import accounts
from lab.client import Lab, WindowsHost

PASSWORDS = {fresh.name: fresh.password for fresh in accounts.DEFAULTS}
UTF8 = 65001
WAYS = [("http", "basic"), ("http", "ntlm"), ("https", "basic"), ("https", "ntlm")]
IS_ADMINISTRATOR = (
    "(New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent()))"
    ".IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)"
)
COUNT_INPUT = (
    "$in = [Console]::OpenStandardInput(); $buffer = New-Object byte[] 65536; $sum = 0; "
    "while (($read = $in.Read($buffer, 0, $buffer.Length)) -gt 0) { $sum += $read }; $sum"
)
SLEEPERS = "@(Get-Process | Where-Object { $_.ProcessName -eq 'ping' }).Count"
STOCK = str(ROOT / ".ansible/stock")
CONNECTIONS: dict[str, dict[str, Any]] = {
    "winrm": {"ansible_connection": "winrm"},
    "psrp": {"ansible_connection": "psrp", "ansible_psrp_protocol": "http", "ansible_psrp_auth": "ntlm"},
}


def pywinrm(
    lab: Lab, host: WindowsHost, way: tuple[str, str], user: str = "Administrator", password: str = ""
) -> Protocol:
    scheme, transport = way
    port = {"http": 5985, "https": 5986}[scheme]
    return Protocol(
        f"{scheme}://{host.address}:{port}/wsman",
        transport=transport,  # type: ignore[arg-type]
        username=user,
        password=password or PASSWORDS[user],
        ca_trust_path=str(lab.ca),
    )


def pool(host: WindowsHost, user: str = "Administrator") -> RunspacePool:
    options = {"port": 5985, "ssl": False, "auth": "negotiate", "username": user, "password": PASSWORDS[user]}
    return RunspacePool(WSMan(host.address, **options))


def powershell(script: str) -> tuple[str, list[str]]:
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    return "powershell", ["-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]


def run(client: Protocol, line: str, arguments: list[str] | None = None) -> tuple[bytes, bytes, int]:
    shell = client.open_shell(codepage=UTF8)
    command = client.run_command(shell, line, arguments or [])
    answer = client.get_command_output(shell, command)
    client.cleanup_command(shell, command)
    client.close_shell(shell)
    return answer


@pytest.mark.parametrize("way", WAYS, ids="-".join)
def test_pywinrm(lab: Lab, winhost: WindowsHost, way: tuple[str, str]) -> None:
    client = pywinrm(lab, winhost, way)
    assert run(client, 'echo "a  b" & echo %OS%& exit 3010') == (b'"a  b" \r\nWindows_NT\r\n', b"", 3010)
    script = "'gr' + [char]0xfc + [char]0xdf + 'e'; [Console]::Error.WriteLine('oh'); exit -5"
    assert run(client, *powershell(script)) == ("grüße\r\n".encode(), b"oh\r\n", 2**32 - 5)


def test_who_is_let_in_and_as_what(lab: Lab, winhost: WindowsHost) -> None:
    for user, is_one in (("Administrator", b"True"), ("operator", b"True"), ("plain", b"False")):
        assert run(pywinrm(lab, winhost, ("http", "ntlm"), user), *powershell(IS_ADMINISTRATOR))[0].strip() == is_one
    accounts.set_flags(winhost.accounts, "plain", "UD")
    accounts.set_password(winhost.accounts, "operator", "A-New-One-7")
    for way in WAYS:
        for user in ("plain", "operator"):
            with pytest.raises(InvalidCredentialsError):
                pywinrm(lab, winhost, way, user).open_shell()
        assert run(pywinrm(lab, winhost, way, "operator", "A-New-One-7"), "exit 9")[2] == 9


def test_megabytes_of_input_and_output(lab: Lab, winhost: WindowsHost) -> None:
    client = pywinrm(lab, winhost, ("http", "ntlm"))
    shell = client.open_shell(codepage=UTF8)
    command = client.run_command(shell, *powershell(COUNT_INPUT))
    for number in range(20):
        client.send_command_input(shell, command, b"x" * 250_000, end=number == 19)
    assert client.get_command_output(shell, command) == (b"5000000\r\n", b"", 0)
    command = client.run_command(shell, *powershell("'y' * 3000000"))
    assert client.get_command_output(shell, command) == (b"y" * 3_000_000 + b"\r\n", b"", 0)
    client.close_shell(shell)


@pytest.mark.parametrize("by", ["signal", "delete"])
def test_what_a_command_started_ends_with_it(lab: Lab, winhost: WindowsHost, by: str) -> None:
    def sleepers() -> int:
        return int(winhost.ps(SLEEPERS).stdout)

    client = pywinrm(lab, winhost, ("http", "ntlm"))
    shell = client.open_shell()
    command = client.run_command(shell, "cmd /c ping -n 600 127.0.0.1 >nul")
    wait_for(lambda: sleepers() == 1)
    if by == "signal":
        client.cleanup_command(shell, command)
    else:
        client.close_shell(shell)
    wait_for(lambda: sleepers() == 0)


def test_pypsrp(winhost: WindowsHost) -> None:
    def pipeline(script: str) -> PowerShell:
        return PowerShell(opened).add_script(script)

    with pool(winhost) as opened:
        assert pipeline("1..3 | % { $_ * 2 }; 'grüße'").invoke() == [2, 4, 6, "grüße"]
        assert pipeline("$input | % { $_.Length }").invoke(["a", "b" * 1_000_000]) == [1, 1_000_000]
        assert pipeline(f"#{'x' * 700_000}\n42").invoke() == [42]
        assert pipeline("'y' * 1000000").invoke() == ["y" * 1_000_000]
        failing = pipeline("Write-Error one; throw 'two'")
        failing.invoke()
        assert [str(error) for error in failing.streams.error] == ["one", "two"]
        stopped = pipeline("Start-Sleep 600")
        stopped.begin_invoke()
        stopped.stop()
        assert pipeline(IS_ADMINISTRATOR).invoke() == [True]
    with pool(winhost, "plain") as opened:
        assert pipeline(IS_ADMINISTRATOR).invoke() == [False]


@pytest.fixture(scope="session")
def stock(lab: Lab) -> str:
    """The collections that an operator would otherwise use."""
    with (lab.paths.state / "test-stock.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.run([ROOT / "tests/tools/stock"], check=True)
    return STOCK


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_stock_modules(
    controller: Controller, winhost: WindowsHost, stock: str, connection: str, tmp_path: Path
) -> None:
    content = os.urandom(600_000)
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "script.ps1").write_text('"script $args"')
    there = "C:\\stock\\copy of it.bin"
    tasks = [
        {"ansible.builtin.raw": "'gr' + [char]0xfc + 'n'; exit 0"},
        {"ansible.builtin.script": f"{tmp_path}/script.ps1 one two"},
        {"ansible.windows.win_ping": {}},
        {"ansible.windows.win_file": {"path": "C:\\stock", "state": "directory"}},
        {"ansible.windows.win_copy": {"src": f"{tmp_path}/source", "dest": there}},
        {"ansible.windows.win_copy": {"src": f"{tmp_path}/source", "dest": there}},
        {"ansible.builtin.slurp": {"src": there}},
    ]
    play = {"hosts": winhost.name, "gather_facts": False, "vars": CONNECTIONS[connection], "tasks": tasks}
    collections = {"ANSIBLE_COLLECTIONS_PATH": stock}
    done = controller.play([play], environment=collections, timeout=300)
    assert done.status == 0, done.output
    raw, script, ping, _folder, copied, again, slurped = (line["result"] for line in done.results)
    assert (raw["stdout"].strip(), script["stdout"].strip(), ping["ping"]) == ("grün", "script one two", "pong")
    assert (copied["changed"], again["changed"]) == (True, False)
    assert copied["checksum"] == hashlib.sha1(content, usedforsecurity=False).hexdigest()
    assert winhost.read(there) == base64.b64decode(slurped["content"]) == content


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_wrong_password_is_told(controller: Controller, winhost: WindowsHost, connection: str) -> None:
    variables = {**CONNECTIONS[connection], "ansible_password": "wrong"}
    tasks = [{"ansible.builtin.raw": "1"}]
    play = {"hosts": winhost.name, "gather_facts": False, "vars": variables, "tasks": tasks}
    result = controller.play([play]).of(winhost)  # type: ignore[arg-type]
    assert result["kind"] == "unreachable"
