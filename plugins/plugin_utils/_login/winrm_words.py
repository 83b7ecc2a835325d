# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the answers of a WinRM server mean, whichever library asked.

Nothing but HTTP tells: which requests had the password in them, what status each got, and what broke off. A server that
was asked without a password has to refuse first; one that lets everybody in proves nothing.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .openssh_words import last_line
from .winrm_way import Method

IDENTIFY = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
    b"<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>"
)

# The last of NTLM's three messages is the one that the password goes into; it may be wrapped as SPNEGO has it.
_NTLM_PROOF = b"NTLMSSP\x00\x03"
_OFFERS: Mapping[Method, str] = {"basic": r"\bbasic\b", "ntlm": r"\b(negotiate|ntlm)\b"}
_FAULT = re.compile(r"<(?:\w+:)?Fault[ >]")
_FAULT_TEXT = re.compile(r"<(?:\w+:)?Text[^>]*>([^<]+)")
_DENIED = re.compile(r'WSManFault[^>]* Code="5"|\baccess is denied\b', re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    """One request and its answer: whether the password was in it, the status, and what kinds of login were offered."""

    status: int
    given: bool = False
    offered: str = ""


@dataclass(frozen=True)
class Course:
    """All that happened: the requests in order, and what broke off after the last one.

    method: basic or ntlm. failure: the exception's name and text; empty where none came. answer: the last answer's
    text, where the library took it for a failure.
    """

    method: Method
    seen: Sequence[Seen] = ()
    failure: str = ""
    answer: str = ""

    @property
    def given(self) -> bool:
        """Whether the server answered a request with the password in it."""
        return any(seen.given for seen in self.seen)

    @property
    def proved(self) -> bool:
        """Whether the password was taken: a fault is told only to those who were let in, whatever they may do then."""
        taken = any(seen.given and seen.status < 300 for seen in self.seen)
        return taken or bool(self.given and self.seen[-1].status != 401 and _FAULT.search(self.answer))


# What breaks a request off, by the names and words of requests, urllib3 and the system.
_FAILURES = (
    ("proxy_failed", r"^ProxyError"),
    ("certificate_untrusted", r"CERTIFICATE_VERIFY_FAILED|[Hh]ostname .* doesn't match|certificate verify failed"),
    ("certificate_untrusted", r"[Cc]ould not find a suitable TLS CA certificate bundle"),
    ("timed_out", r"^(Connect|Read)?Timeout|timed out"),
    ("name_unknown", r"NameResolutionError|gaierror|Name or service not known"),
    ("connection_refused", r"Connection refused"),
    ("unreachable", r"No route to host|Network is unreachable"),
    ("connection_closed", r"RemoteDisconnected|Connection reset|Connection aborted|UNEXPECTED_EOF|EOF occurred"),
    ("tls_failed", r"^SSLError"),
)


def has_password(authorization: str | bytes | None) -> bool:
    """Return whether a request's Authorization header has the password in it, or what was made of it."""
    text = authorization.decode("latin-1") if isinstance(authorization, bytes) else authorization or ""
    scheme, _blank, token = text.partition(" ")
    if scheme.lower() == "basic":
        return True
    try:
        return _NTLM_PROOF in base64.b64decode(token)
    except binascii.Error:
        return False


def offers(offered: str, method: Method) -> bool:
    """Return whether a WWW-Authenticate header offers a method."""
    return bool(re.search(_OFFERS[method], offered, re.IGNORECASE))


def classify(course: Course) -> tuple[str, str]:
    """Return the reason and what was said about it."""
    if course.proved:
        denied = _FAULT.search(course.answer) and _DENIED.search(course.answer)
        return ("access_denied" if denied else "password_accepted"), ""
    last = course.seen[-1] if course.seen else None
    if last is None or last.status < 300:
        return _broken_off(course, last)
    if last.status == 401:
        return _refused(course, last)
    if last.status == 407:
        return "proxy_failed", "it wants a login of its own, HTTP status 407"
    return "winrm_error", f"HTTP status {last.status}{_fault(course.answer)}"


def _refused(course: Course, last: Seen) -> tuple[str, str]:
    if last.given:
        return "password_rejected", ""
    if len(course.seen) == 1 and offers(last.offered, course.method):
        return "winrm_failed", last_line(course.failure)
    return "method_not_offered", _offer(course)


def _broken_off(course: Course, last: Seen | None) -> tuple[str, str]:
    for reason, pattern in _FAILURES:
        if re.search(pattern, course.failure):
            return reason, _distrust(course.failure) if reason == "certificate_untrusted" else ""
    if last is not None:
        return "no_password_asked", ""
    return "winrm_failed", last_line(course.failure)


def _distrust(failure: str) -> str:
    """Return what is wrong with a certificate, or with what was to check it, in OpenSSL's or requests' words."""
    found = re.search(r"certificate verify failed: (.+?)\.? \(_ssl|(TLS CA certificate bundle.*)", failure)
    return last_line(next(filter(None, found.groups()))) if found else last_line(failure)


def _offer(course: Course) -> str:
    kinds = dict.fromkeys(kind.split(" ")[0] for kind in re.split(r",\s*", course.seen[0].offered) if kind)
    return f"it offers {', '.join(kinds)}" if kinds else "it offers nothing"


def _fault(answer: str) -> str:
    texts = _FAULT_TEXT.findall(answer) if _FAULT.search(answer) else []
    return f", {last_line(texts[0])}" if texts else ""
