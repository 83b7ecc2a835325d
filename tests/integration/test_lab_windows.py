# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Windows hosts keep its promises: what the tests of Windows stand on."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from api import CloudApi
from waiting import wait_for

from lab import accounts
from lab.client import Lab, WindowsHost
from lab.cloud.client import CloudControl
from lab.flavours import FLAVOURS, WINDOWS
from lab.network import METADATA
from lab.process import LabError

PASSWORDS = {fresh.name: fresh.password for fresh in accounts.DEFAULTS}
CARD = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
CARDS = f"Get-ChildItem {CARD} | ForEach-Object {{ $card = $_; $_.GetValueNames() | ForEach-Object {{ "
CARDS += '"$_=$($card.GetValue($_))" } }'
VERSION = r"Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion'"
IS_ADMINISTRATOR = (
    "(New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent()))"
    ".IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)"
)
REQUEST = f"$request = [Net.WebRequest]::Create('http://{METADATA}/openstack/latest/meta_data.json'); "
REQUEST += "$request.Timeout = 2000; "
ASK_METADATA = REQUEST + "(New-Object IO.StreamReader $request.GetResponse().GetResponseStream()).ReadToEnd()"
# One of Wine's own, which nobody starts at boot unless told so.
SERVICE = "StiSvc"
CMD, POWERSHELL = 22, 2222

Take = Callable[[str], WindowsHost]


def ssh(
    lab: Lab, host: WindowsHost, command: str, *, port: int = CMD, user: str = "Administrator", password: str = ""
) -> subprocess.CompletedProcess[str]:
    known = ["-o", f"UserKnownHostsFile={lab.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    way = ["-o", "PubkeyAuthentication=no"] if password else ["-i", str(lab.key), "-o", "BatchMode=yes"]
    login = ["ssh", "-p", str(port), *known, *way, f"{user}@{host.address}", command]
    return subprocess.run(
        [*(["sshpass", "-e"] if password else []), *login],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SSHPASS": password},
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def listens(host: WindowsHost, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host.address, port)) == 0


def reaches_metadata(host: WindowsHost) -> bool:
    return host.ps(ASK_METADATA, check=False).returncode == 0


def card(host: WindowsHost) -> dict[str, str]:
    return dict(line.split("=", 1) for line in host.ps(CARDS).stdout.splitlines())


def test_every_way_in_answers(winhost: WindowsHost) -> None:
    for port in (CMD, POWERSHELL, 5985, 5986):
        assert listens(winhost, port), port


def test_its_certificate_is_of_the_labs_authority_and_names_it(lab: Lab, winhost: WindowsHost) -> None:
    context = ssl.create_default_context(cafile=str(lab.ca))
    for name in (winhost.address, f"{winhost.name}.lab"):
        with (
            socket.create_connection((winhost.address, 5986), 10) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            assert secure.version()


def test_a_reboot_is_another_boot_that_starts_automatic_services_and_keeps_the_disk(winhost: WindowsHost) -> None:
    state = f"(Get-Service {SERVICE}).Status"
    assert winhost.ps(state).stdout.strip() == "Stopped"
    winhost.ps(rf"Set-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Services\{SERVICE} Start 2")
    winhost.write(r"C:\kept\by name.txt", "yes")
    for hard in (False, True):
        before = winhost.boot_id()
        winhost.reboot(hard=hard)
        assert winhost.boot_id() != before
        assert winhost.read(r"C:\KEPT\by name.txt") == b"yes"
        wait_for(lambda: winhost.ps(state).stdout.strip() == "Running")


def test_it_stays_up_when_nobody_works_on_it(winhost: WindowsHost) -> None:
    services = "(Get-Process services).Id"
    before = winhost.ps(services).stdout
    assert before.strip()
    # Wine would have gone with the last program, and another one would be there now.
    assert winhost.ps(services).stdout == before


def test_what_is_off_says_so_and_start_keeps_the_disk(winhost: WindowsHost) -> None:
    winhost.write("C:/kept", "yes")
    winhost.stop()
    assert winhost.state() == "stopped"
    with pytest.raises(LabError, match="stopped"):
        winhost.ps("1")
    assert not listens(winhost, 5985)
    winhost.start()
    assert winhost.exists("C:/kept")


def test_restore_gives_a_fresh_disk_and_fresh_accounts(winhost: WindowsHost) -> None:
    accounts.set_password(winhost.accounts, "Administrator", "Another-Pass-1")
    winhost.write("C:/trace", "x")
    winhost.ps(r"New-Item HKLM:\SOFTWARE\Trace | Out-Null")
    winhost.restore()
    assert not winhost.exists("C:/trace")
    assert winhost.ps(r"Test-Path HKLM:\SOFTWARE\Trace").stdout.strip() == "False"
    assert accounts.check(winhost.accounts, "Administrator", PASSWORDS["Administrator"]) is accounts.Verdict.OK


def test_what_a_program_wrote_to_the_registry_outlives_a_shutdown(winhost: WindowsHost) -> None:
    winhost.ps(r"New-Item HKLM:\SOFTWARE\Trace | Out-Null")
    winhost.reboot()
    assert winhost.ps(r"Test-Path HKLM:\SOFTWARE\Trace").stdout.strip() == "True"


def test_the_metadata_service_knows_it_until_the_security_group_forbids_it(winhost: WindowsHost) -> None:
    told = winhost.ps(ASK_METADATA).stdout
    assert f'"uuid":"{winhost.uuid}"' in told
    assert '"os_type":"Windows"' in told
    winhost.egress(f"deny tcp {METADATA}/32 80, allow any")
    assert not reaches_metadata(winhost)
    assert winhost.ps("(New-Object Net.Sockets.TcpClient '10.213.0.2', 443).Connected").stdout.strip() == "True"


def test_the_registry_tells_of_the_lease(winhost: WindowsHost) -> None:
    told = card(winhost)
    assert told["EnableDHCP"] == "1"
    assert told["DhcpIPAddress"] == winhost.address
    assert told["DhcpServer"] == told["DhcpDefaultGateway"] == "10.213.0.254"
    adapters = winhost.ps("[Net.NetworkInformation.NetworkInterface]::GetAllNetworkInterfaces() | ForEach-Object Id")
    assert winhost.ps(f"(Get-ChildItem {CARD}).PSChildName").stdout.strip() in adapters.stdout


def test_without_an_answer_it_gives_itself_an_address(winhost: WindowsHost) -> None:
    winhost.dhcp(on=False)
    winhost.reboot(wait=False)
    wait_for(lambda: card(winhost)["DhcpServer"] == "255.255.255.255")
    assert card(winhost)["IPAutoconfigurationAddress"].startswith("169.254.")
    assert not listens(winhost, 5985)


def test_a_static_address(take: Take) -> None:
    host = take("winstatic")
    told = card(host)
    assert told["EnableDHCP"] == "0"
    assert told["IPAddress"] == host.address
    assert "DhcpIPAddress" not in told
    assert reaches_metadata(host)


def test_no_route_to_the_metadata_service(take: Take) -> None:
    assert not reaches_metadata(take("winnometadata"))


def test_a_small_disk_is_full_before_300_mb(take: Take) -> None:
    host = take("winsmall")
    free = float(host.ps("([IO.DriveInfo]'C').AvailableFreeSpace / 1MB").stdout)
    assert 100 < free < 300
    host.ps(r"[IO.File]::WriteAllBytes('C:\big', (New-Object byte[] 300MB))", check=False)
    assert len(host.read(r"C:\big")) < 300 * 2**20


@pytest.mark.parametrize("name", [name for name, flavour in FLAVOURS.items() if flavour.group == WINDOWS][1:3])
def test_a_flavour_is_the_windows_that_it_says(take: Take, name: str) -> None:
    host = take(name)
    windows = FLAVOURS[name].windows
    assert windows
    said = host.ps(f"$v = {VERSION}; $v.ProductName; $v.CurrentVersion; $v.CurrentBuildNumber; $v.EditionID").stdout
    assert said.splitlines() == [windows.product, windows.version, str(windows.build), windows.edition]
    assert f"{windows.version}.{windows.build}" in host.ps("[Environment]::OSVersion.VersionString").stdout
    release = r"(Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full').Release"
    assert host.ps(release, check=False).stdout.strip() == (str(windows.dotnet) if windows.dotnet else "")


def test_ssh_takes_the_key_and_the_password_and_gives_cmd(lab: Lab, winhost: WindowsHost) -> None:
    command = 'echo "a b" & ver & exit 7'
    for user, password in [("Administrator", ""), *PASSWORDS.items(), ("administrator", PASSWORDS["Administrator"])]:
        done = ssh(lab, winhost, command, user=user, password=password)
        assert done.returncode == 7, (user, done)
        assert done.stdout.splitlines()[0].strip() == '"a b"'
        assert "Microsoft Windows 10.0" in done.stdout


def test_ssh_at_its_second_port_gives_powershell(lab: Lab, winhost: WindowsHost) -> None:
    done = ssh(lab, winhost, r'"a b"; "C:\x\"; 6 * 7; exit 9', port=POWERSHELL)
    assert (done.stdout.split("\n"), done.returncode) == (["a b", "C:\\x\\", "42", ""], 9)


@pytest.mark.parametrize(
    ("user", "password", "flags"),
    [
        ("Administrator", "Lab-Admin-2", "U"),
        ("Administrator", PASSWORDS["Administrator"], "UD"),
        ("Administrator", PASSWORDS["Administrator"], "UL"),
    ],
)
def test_ssh_refuses(lab: Lab, winhost: WindowsHost, user: str, password: str, flags: str) -> None:
    accounts.set_flags(winhost.accounts, user, flags)
    done = ssh(lab, winhost, "ver", user=user, password=password)
    assert done.returncode == 5
    assert "Permission denied" in done.stderr


def test_ssh_knows_a_new_password_at_once(lab: Lab, winhost: WindowsHost) -> None:
    accounts.set_password(winhost.accounts, "Administrator", "Fresh-Pass-9")
    assert ssh(lab, winhost, "ver", password=PASSWORDS["Administrator"]).returncode == 5
    assert ssh(lab, winhost, "ver", password="Fresh-Pass-9").returncode == 0


def test_an_account_that_is_added_logs_in_over_ssh_from_the_next_boot_on(lab: Lab, winhost: WindowsHost) -> None:
    accounts.set_password(winhost.accounts, "Eve", "Fresh-Pass-9")
    winhost.reboot()
    done = ssh(lab, winhost, IS_ADMINISTRATOR, port=POWERSHELL, user="eve", password="Fresh-Pass-9")
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("user", "is_one"), [("operator", "True"), ("plain", "False")])
def test_who_is_no_administrator_is_none(lab: Lab, winhost: WindowsHost, user: str, is_one: str) -> None:
    done = ssh(lab, winhost, IS_ADMINISTRATOR, port=POWERSHELL, user=user, password=PASSWORDS[user])
    assert done.stdout.strip() == is_one


def power(api: CloudApi, host: WindowsHost, action: str, **options: Any) -> None:
    api.do("POST", "/v1/P/cloudservers/action", {action: {"servers": [{"id": host.uuid}], **options}})


def test_the_cloud_takes_it_down_and_up(lab: Lab, winhost: WindowsHost, cloud: CloudControl) -> None:
    api = CloudApi(lab)
    shown = api.do("GET", f"/v1/P/cloudservers/{winhost.uuid}")["server"]
    assert shown["metadata"]["os_type"] == "Windows"
    for kind in ("SOFT", "HARD"):
        before = winhost.boot_id()
        power(api, winhost, "reboot", type=kind)
        winhost.wait_boot(before)
    power(api, winhost, "os-stop", type="SOFT")
    wait_for(lambda: winhost.state() == "stopped")
    power(api, winhost, "os-start")
    wait_for(lambda: winhost.state() == "running")
    winhost.wait_up()


def test_the_cloud_replaces_its_root_disk(winhost: WindowsHost, cloud: CloudControl) -> None:
    winhost.write("C:/trace", "x")
    before = winhost.boot_id()
    cloud.rebuild(winhost.uuid)
    winhost.wait_boot(before)
    assert not winhost.exists("C:/trace")
