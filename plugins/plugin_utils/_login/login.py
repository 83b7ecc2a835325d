# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a login check can say, whatever carried the login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

VERIFIED, REFUSED, UNKNOWN = "verified", "refused", "unknown"

# What answers there, by which the same reason has another remedy.
Service = Literal["sshd", "windows_sshd", "winrm"]


@dataclass(frozen=True)
class Reason:
    """What a reason means: the outcome, a sentence for the operator, and whether waiting cannot change it."""

    outcome: str
    sentence: str
    lasting: bool = False


# The keys are part of the module's interface, documented in plugins/modules/login_check.py.
REASONS: Mapping[str, Reason] = {
    "password_accepted": Reason(VERIFIED, "The password was accepted."),
    "access_denied": Reason(
        VERIFIED,
        "The password was accepted; beyond that the account may do nothing over WinRM (it is no administrator, or not "
        "in Remote Management Users).",
    ),
    "password_rejected": Reason(
        REFUSED,
        "The password was not accepted. It is wrong, or the account is locked, or the server refuses passwords for "
        "this user (PermitRootLogin, DenyUsers and the like): it gives all of these the same answer.",
    ),
    "too_many_tries": Reason(
        REFUSED,
        "The password was not accepted, and the server allows no second try (MaxAuthTries).",
    ),
    "password_login_disabled": Reason(
        UNKNOWN,
        "The server does not take passwords from this user at all, so it cannot be asked. Set PasswordAuthentication "
        "yes in its sshd_config, and look for Match blocks and AuthenticationMethods.",
        lasting=True,
    ),
    "password_expired": Reason(
        UNKNOWN,
        "The password is right but has expired: the server wants a new one before it lets anybody in (see chage -l).",
        lasting=True,
    ),
    "account_expired": Reason(
        UNKNOWN, "The password is right but the account has expired (see chage -l).", lasting=True
    ),
    "account_refused": Reason(
        UNKNOWN,
        "The server took the password and then closed the connection, which is how it refuses an account by PAM's "
        "rules (expired, not allowed now or from here); its log says which.",
    ),
    "logins_closed": Reason(
        UNKNOWN,
        "The server took the password and then closed the connection, as logins are closed just now (pam_nologin: it "
        "boots or shuts down).",
    ),
    "second_factor": Reason(
        UNKNOWN,
        "The password was accepted, but the server wants more than a password (AuthenticationMethods).",
        lasting=True,
    ),
    "other_prompt": Reason(
        UNKNOWN, "The server asks for something that is not a password, and was not answered.", lasting=True
    ),
    "no_password_asked": Reason(
        UNKNOWN,
        "The server lets this user in without asking for a password, so that nothing is known about it. Give the "
        "account a password, and set PermitEmptyPasswords no.",
        lasting=True,
    ),
    "not_restarted": Reason(
        UNKNOWN, "The password was accepted, but the server is still in the boot that not_boot_id names."
    ),
    "boot_id_unread": Reason(
        UNKNOWN, "The password was accepted, but the command that reads the boot id did not answer with one."
    ),
    "connection_refused": Reason(
        UNKNOWN, "Nothing listens on the port: sshd does not run (yet), or a firewall refuses."
    ),
    "connection_closed": Reason(
        UNKNOWN,
        "The server closed the connection before it asked for a password: it is starting or stopping, has too many "
        "connections (MaxStartups), or refuses this address.",
    ),
    "timed_out": Reason(
        UNKNOWN, "There was no answer in time: the server is off or slow, or a firewall drops what is sent to it."
    ),
    "unreachable": Reason(UNKNOWN, "There is no route to the server."),
    "name_unknown": Reason(UNKNOWN, "The server's name has no address. Set ansible_host, or mend the name service."),
    "jump_host_failed": Reason(
        UNKNOWN, "The way through the jump host failed, or the server behind it closed the connection at once."
    ),
    "host_key_changed": Reason(
        UNKNOWN,
        "The server's host key is not the one that is known, so no password was sent. If it was rebuilt, remove the "
        "old key (ssh-keygen -R) and accept the new one; else somebody may be in between.",
        lasting=True,
    ),
    "host_key_unknown": Reason(
        UNKNOWN,
        "The server's host key is not known, so no password was sent. Add it to known_hosts, or set "
        "StrictHostKeyChecking=accept-new in ansible_ssh_common_args.",
        lasting=True,
    ),
    "ssh_failed": Reason(UNKNOWN, "The SSH client gave up."),
    "method_not_offered": Reason(
        UNKNOWN,
        "The server does not offer the kind of login that the inventory asks for, so it was not given the password. "
        "Windows offers NTLM unless told otherwise (ansible_winrm_transport or ansible_psrp_auth: ntlm), and basic "
        r"only if its Service\Auth\Basic is true, over http only with AllowUnencrypted as well.",
        lasting=True,
    ),
    "certificate_untrusted": Reason(
        UNKNOWN,
        "The server's certificate is not trusted, so no password was sent. Give the authority that signed it "
        "(ansible_winrm_ca_trust_path or ansible_psrp_ca_cert) and use the name that is in it.",
        lasting=True,
    ),
    "tls_failed": Reason(
        UNKNOWN, "No TLS came about, so no password was sent. Is the port, or the scheme, that of http?", lasting=True
    ),
    "proxy_failed": Reason(UNKNOWN, "The way through the proxy failed."),
    "winrm_error": Reason(
        UNKNOWN,
        "The answer tells nothing of the password: WinRM is starting or stopping, is too busy, or something else "
        "listens there (see the inventory's port and path).",
    ),
    "winrm_failed": Reason(UNKNOWN, "The WinRM client gave up."),
}


@dataclass(frozen=True)
class Attempt:
    """One try: its reason, what was said about it, and whether the password was given (a failed login may count)."""

    reason: str
    detail: str = ""
    given: bool = False
    boot_id: str | None = None

    @property
    def outcome(self) -> str:
        """Verified, refused or unknown."""
        return REASONS[self.reason].outcome


@dataclass(frozen=True)
class Target:
    """Whom a login is for. Port None: the client's own default."""

    user: str | None
    address: str
    port: int | None
    service: Service = "sshd"

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = f" port {self.port}" if self.port else ""
        return f"{user}{self.address}{port}"


class Transport(Protocol):
    """What carries a login: one file each."""

    @property
    def target(self) -> Target:
        """Whom it logs in to."""

    def attempt(self, password: str, timeout: float, read_boot_id: bool) -> Attempt:
        """Try one fresh, password-only login, for at most ``timeout`` seconds. Never raises for what a server does."""


class LoginError(Exception):
    """What keeps a login from being tried at all, as one sentence for the operator."""
