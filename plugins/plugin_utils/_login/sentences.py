# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the sentences for reasons that mean, or are mended by, something else on Windows."""

from __future__ import annotations

from collections.abc import Mapping

from .login import REASONS, Service

_WINDOWS = {
    "password_rejected": "The password was not accepted. It is wrong, or the account is disabled, locked out, expired, "
    "has to change its password, or may not log on over the network: Windows gives all of these the same answer.",
}
SENTENCES: Mapping[Service, Mapping[str, str]] = {
    "windows_sshd": {
        **_WINDOWS,
        "password_login_disabled": "The server does not take passwords from this user at all, so it cannot be asked. "
        r"Set PasswordAuthentication yes in %ProgramData%\ssh\sshd_config, and look for Match blocks there.",
        "password_expired": "The password is right but has expired: Windows wants a new one before it lets anybody in.",
        "account_expired": "The password is right but the account has expired (see net user).",
        "account_refused": "The server took the password and then closed the connection.",
        "no_password_asked": "The server lets this user in without asking for a password, so that nothing is known "
        "about it. Give the account a password.",
        "connection_refused": "Nothing listens on the port: the service sshd does not run (yet), or a firewall "
        "refuses.",
    },
    "winrm": {
        **_WINDOWS,
        "no_password_asked": "The server answers without asking for a password, so that nothing is known about it. Is "
        "it WinRM?",
        "connection_refused": "Nothing listens on the port: WinRM has no listener there (yet; see winrm enumerate "
        "winrm/config/listener), or a firewall refuses.",
        "connection_closed": "The server closed the connection: it is starting or stopping, or has too many.",
    },
}


def sentence(reason: str, service: Service) -> str:
    """Return what a reason means where this service answered."""
    return SENTENCES.get(service, {}).get(reason) or REASONS[reason].sentence
