# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what Ansible's winrm and psrp connections give to their libraries.

Tickets and certificates prove no password: where the inventory logs in by one of them, NTLM asks instead, which every
Windows takes unless it was told not to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .login import LoginError, Target
from .pypsrp_client import PypsrpClient
from .pywinrm_client import PywinrmClient
from .winrm import WinRM
from .winrm_way import Method, WinrmWay

_HTTP_PORT, _HTTPS_PORT = 5985, 5986
# pywinrm's names; 'ssl' is basic over https.
_BASIC = frozenset({"basic", "plaintext", "ssl"})
# Of ansible_winrm_*, pywinrm's own options that are about the way and not about who comes.
_ABOUT_THE_WAY = ("ca_trust_path", "server_cert_validation", "message_encryption", "send_cbt", "proxy")


def by_winrm(connection: Any, user: str | None) -> WinRM:
    """Take the way that pywinrm would go for the winrm connection."""
    get = connection.get_option
    port = int(get("port"))
    scheme = get("scheme") or _scheme(port)
    more = get("_extras") or {}
    options = {name: more[f"ansible_winrm_{name}"] for name in _ABOUT_THE_WAY if f"ansible_winrm_{name}" in more}
    target = _target(get("remote_addr"), user or get("remote_user"), port)
    method = _method(get("transport"), more, str(target.user), scheme)
    return WinRM(WinrmWay(target, scheme, get("path"), method, options), PywinrmClient)


def by_psrp(connection: Any, user: str | None) -> WinRM:
    """Take the way that pypsrp would go for the psrp connection."""
    get = connection.get_option
    scheme, port = get("protocol"), get("port")
    if port is None:
        port = _HTTP_PORT if scheme == "http" else _HTTPS_PORT
    scheme = scheme or _scheme(int(port))
    options: dict[str, Any] = {
        "cert_validation": False if get("cert_validation") == "ignore" else get("ca_cert") or True,
        "encryption": get("message_encryption"),
        "proxy": get("proxy"),
        "no_proxy": bool(get("ignore_proxy")),
        "negotiate_send_cbt": get("negotiate_send_cbt"),
        "configuration_name": get("configuration_name"),
    }
    method: Method = "basic" if get("auth") == "basic" else "ntlm"
    target = _target(get("remote_addr"), user or get("remote_user"), int(port))
    return WinRM(WinrmWay(target, scheme, get("path"), method, options), PypsrpClient)


def _scheme(port: int) -> Literal["http", "https"]:
    return "http" if port == _HTTP_PORT else "https"


def _target(address: Any, user: str | None, port: int) -> Target:
    if not user:
        raise LoginError("The inventory tells no user for this host; set login_user, or ansible_user.")
    return Target(user, str(address), port, "winrm")


def _method(transports: Sequence[str] | None, more: Mapping[str, Any], user: str, scheme: str) -> Method:
    """Return how the connection would log in, or NTLM for what takes no password."""
    if not transports or transports[0] is None:
        # As the connection guesses: an account of a domain by Kerberos.
        transports = ["kerberos"] if "@" in user else ["ssl" if scheme == "https" else "plaintext"]
    by_certificate = transports[0] == "ssl" and "ansible_winrm_cert_pem" in more
    return "basic" if transports[0] in _BASIC and not by_certificate else "ntlm"
