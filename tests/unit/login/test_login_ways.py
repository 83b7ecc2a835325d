# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a login check takes of each kind of connection, and what the reasons say where Windows answers."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.modules.login_check import RETURN
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.boot_id import found_in, is_boot_id
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.login import REASONS, LoginError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.openssh import OpenSSH
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.options import parse
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.pypsrp_client import PypsrpClient
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.pywinrm_client import PywinrmClient
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.sentences import SENTENCES, sentence
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.ways import timeout_of, transport_of
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.winrm import WinRM

OPTIONS: dict[str, dict[str, Any]] = {
    "winrm": {"port": 5986, "path": "/wsman"},
    "psrp": {"path": "wsman", "auth": "negotiate", "cert_validation": "validate", "message_encryption": "auto",
             "connection_timeout": 30, "configuration_name": "Microsoft.PowerShell", "negotiate_send_cbt": True},
    "ssh": {"ssh_executable": "ssh", "host": "10.0.0.1", "timeout": 10},
}  # fmt: skip


def connection(kind: str, windows: bool = False, **values: Any) -> Any:
    """A connection as the login check sees it."""
    options = {"remote_addr": "10.0.0.1", "remote_user": "Administrator", **OPTIONS[kind], **values}
    return SimpleNamespace(
        transport=kind, get_option=options.get, _shell=SimpleNamespace(**({"_IS_WINDOWS": True} if windows else {}))
    )


def winrm(kind: str, user: str | None = None, **values: Any) -> WinRM:
    found = transport_of(connection(kind, **values), user)
    assert isinstance(found, WinRM)
    return found


@pytest.mark.parametrize(
    ("kind", "values", "url"),
    [
        ("winrm", {}, "https://10.0.0.1:5986/wsman"),
        ("winrm", {"port": 5985}, "http://10.0.0.1:5985/wsman"),
        ("winrm", {"port": 80, "scheme": "http", "path": "/other"}, "http://10.0.0.1:80/other"),
        ("winrm", {"remote_addr": "fe80::1"}, "https://[fe80::1]:5986/wsman"),
        ("psrp", {}, "https://10.0.0.1:5986/wsman"),
        ("psrp", {"protocol": "http"}, "http://10.0.0.1:5985/wsman"),
        ("psrp", {"port": 5985}, "http://10.0.0.1:5985/wsman"),
        ("psrp", {"port": "443", "path": "a/b"}, "https://10.0.0.1:443/a/b"),
    ],
)
def test_where_to_is_as_the_connection_has_it(kind: str, values: dict[str, Any], url: str) -> None:
    found = winrm(kind, **values)
    assert found.way.url == url
    assert found.make is {"winrm": PywinrmClient, "psrp": PypsrpClient}[kind]
    assert (found.target.user, found.target.service) == ("Administrator", "winrm")
    assert winrm(kind, user="DOMAIN\\some one", **values).target.user == "DOMAIN\\some one"


@pytest.mark.parametrize(
    ("values", "method"),
    [
        ({}, "basic"),
        ({"port": 5985}, "basic"),
        ({"transport": ["basic"]}, "basic"),
        ({"transport": ["ntlm", "basic"]}, "ntlm"),
        ({"transport": ["kerberos"]}, "ntlm"),
        ({"transport": ["credssp"]}, "ntlm"),
        ({"transport": ["certificate"]}, "ntlm"),
        ({"transport": ["ssl"], "_extras": {"ansible_winrm_cert_pem": "/file"}}, "ntlm"),
        ({"remote_user": "admin@EXAMPLE.COM"}, "ntlm"),
    ],
)
def test_neither_ticket_nor_certificate_logs_in(values: dict[str, Any], method: str) -> None:
    assert winrm("winrm", **values).way.method == method


@pytest.mark.parametrize("auth", ["negotiate", "kerberos", "credssp", "certificate", "ntlm", "basic"])
def test_neither_ticket_nor_certificate_logs_in_by_psrp(auth: str) -> None:
    assert winrm("psrp", auth=auth).way.method == ("basic" if auth == "basic" else "ntlm")


def test_what_is_about_the_way_is_kept_and_what_is_about_the_account_is_not() -> None:
    kept = {"ca_trust_path": "/ca", "server_cert_validation": "ignore", "proxy": "http://p", "send_cbt": False}
    lost = {"cert_pem": "/c", "kerberos_delegation": True, "read_timeout_sec": 9, "operation_timeout_sec": 8}
    extras = {f"ansible_winrm_{name}": value for name, value in {**kept, **lost}.items()}
    assert winrm("winrm", _extras=extras).way.options == kept
    found = winrm("psrp", ca_cert="/ca", proxy="http://p", ignore_proxy=True, certificate_pem="/c").way.options
    assert (found["cert_validation"], found["proxy"], found["no_proxy"]) == ("/ca", "http://p", True)
    assert not any("certificate" in name for name in found)
    assert winrm("psrp", cert_validation="ignore", ca_cert="/ca").way.options["cert_validation"] is False


@pytest.mark.parametrize(
    ("kind", "values", "seconds"),
    [("winrm", {}, 30), ("winrm", {"connection_timeout": 7}, 7), ("psrp", {}, 30), ("ssh", {}, 10)],
)
def test_the_time_out_is_the_connections(kind: str, values: dict[str, Any], seconds: int) -> None:
    assert timeout_of(connection(kind, **values)) == seconds


def test_over_ssh_the_command_is_one_for_the_system() -> None:
    linux, windows = (transport_of(connection("ssh", windows), None) for windows in (False, True))
    assert isinstance(linux, OpenSSH)
    assert isinstance(windows, OpenSSH)
    assert linux.way.command(9, "/log", read_boot_id=True)[-1] == "cat /proc/sys/kernel/random/boot_id"
    *words, script = windows.way.command(9, "/log", read_boot_id=True)[-1].split(" ")
    assert words == ["powershell", "-NoProfile", "-NonInteractive", "-EncodedCommand"]
    assert base64.b64decode(script).decode("utf-16-le").rstrip().endswith("Get-BootId")
    assert (linux.target.service, windows.target.service) == ("sshd", "windows_sshd")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (connection("ssh"), "The inventory's some one@10.0.0.1 is no login; set ansible_host"),
        (connection("ssh", ssh_args="-o 'x"), "cannot be split"),
        (connection("winrm", remote_user=None), "tells no user for this host; set login_user, or ansible_user"),
        (SimpleNamespace(transport="local"), "use one of ssh, paramiko, winrm, psrp."),
    ],
)
def test_what_is_no_login_is_told_in_a_sentence(found: Any, words: str) -> None:
    with pytest.raises(LoginError) as caught:
        transport_of(found, "some one" if found.transport == "ssh" else None)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("c4dbb25e-7c20-46fb-bdce-118a009518d6\n", "c4dbb25e-7c20-46fb-bdce-118a009518d6"),
        ("welcome\r\nwindows-638000000000000000\r\n", "windows-638000000000000000"),
        ("windows-1\nwindows-2\n", "windows-2"),
        ("windows-\n", None),
        ("it is windows-1\n", None),
        ("", None),
    ],
)
def test_a_boot_id_is_found_in_what_a_command_says(text: str, found: str | None) -> None:
    assert found_in(text) == found
    assert found is None or is_boot_id(found)


def test_a_boot_of_windows_is_taken_as_one() -> None:
    assert parse({"login_password": "x", "not_boot_id": "windows-42"}).not_boot_id == "windows-42"
    with pytest.raises(LoginError, match="not_boot_id is 'windows-x'"):
        parse({"login_password": "x", "not_boot_id": "windows-x"})


def test_where_windows_answers_nothing_is_said_of_linux() -> None:
    for service, others in SENTENCES.items():
        assert others.keys() <= REASONS.keys()
        said = " ".join(sentence(reason, service) for reason in REASONS if not reason.startswith(_OF_LINUX[service]))
        assert not [word for word in _LINUX if word in said]
    assert "sshd_config" in sentence("password_login_disabled", "sshd")


_LINUX = ("PermitRootLogin", "chage", "its sshd_config", "PAM", "MaxStartups", "PermitEmptyPasswords")
# Of these only one of the rules for OpenSSH's words speaks, or only a Linux server can.
_OF_LINUX: dict[str, tuple[str, ...]] = {
    "windows_sshd": ("logins_closed", "connection_closed"),
    "winrm": ("password_e", "password_login", "account_", "logins_closed"),
}


def test_the_documentation_tells_every_reason() -> None:
    assert [reason for reason in REASONS if f"V({reason})" not in RETURN] == []
