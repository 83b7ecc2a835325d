# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the OpenSSH client's words mean.

The client is run with LC_ALL=C and its own messages (LogLevel DEBUG1) apart from everything else that it shows, so that
neither a server's banner nor a jump host can put words into its mouth. The patterns are OpenSSH's own texts
(sshconnect.c, sshconnect2.c, packet.c, misc.c), which have stood since 7.x; the lab's tests meet each of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PROMPT = {
    # The client's own text; a keyboard-interactive one comes from the server, behind "(user@host) " since 8.5.
    "password": re.compile(r".+@.+'s password: "),
    "keyboard-interactive": re.compile(r"(\(.*\) )?[Pp]assword: ?"),
}
_TEXTS = ("log", "asked", "said", "log_after", "said_after")
_METHOD = re.compile(r"^debug1: Next authentication method: (.+)$", re.MULTILINE)
_PROXY = re.compile(r"^debug1: Executing proxy command: ", re.MULTILINE)
_OFFENDING = re.compile(r"^Offending .*", re.MULTILINE)
_MET = re.compile(r"^debug1: Remote protocol version ", re.MULTILINE)


@dataclass(frozen=True)
class Transcript:
    """What one run of the client showed so far.

    log: its own messages. asked: the unanswered line on its terminal. said: standard error, where banners and jump
    hosts speak. given_at: the lengths of log and said when the password was given, None if it was not.
    """

    log: str = ""
    asked: str = ""
    said: str = ""
    given_at: tuple[int, int] | None = None

    @property
    def given(self) -> bool:
        """Whether the password was given."""
        return self.given_at is not None

    @property
    def log_after(self) -> str:
        """The log since the password was given."""
        return self.log[self.given_at[0] :] if self.given_at else ""

    @property
    def said_after(self) -> str:
        """What was said since the password was given: not the banner, which comes before."""
        return self.said[self.given_at[1] :] if self.given_at else ""


@dataclass(frozen=True)
class Rule:
    """A reason and what has to be there for it. None: does not matter."""

    reason: str
    given: bool | None = None
    log: str | None = None
    asked: str | None = None
    said: str | None = None
    log_after: str | None = None
    said_after: str | None = None

    def holds(self, transcript: Transcript) -> bool:
        """Return whether all of it is there."""
        patterns = {name: getattr(self, name) for name in _TEXTS}
        return self.given in (None, transcript.given) and all(
            re.search(pattern, getattr(transcript, name), re.MULTILINE)
            for name, pattern in patterns.items()
            if pattern is not None
        )


_CLOSED = (
    r"^(Connection (closed|reset) by|Received disconnect from|Disconnected from|.*: Connection (closed|reset) by) "
)
# As pam_unix puts it, with or without a command to run, and sshd, with one.
_EXPIRED = r"^(You are required to change your password immediately|WARNING: Your password has expired)"

_ACCOUNT_EXPIRED = r"^Your account has expired"

# The first that holds decides, as soon as it does.
DECISIVE = (
    Rule("no_password_asked", given=False, log=r"^Authenticated to "),
    Rule("password_expired", log_after=r"^Authenticated to ", said_after=_EXPIRED),
    Rule("password_accepted", log_after=r"^Authenticated to "),
    Rule("second_factor", log_after=r"^Authenticated using .* with partial success"),
    # With keyboard-interactive PAM's words come into the log, and the refusal after them.
    Rule("account_expired", log_after=_ACCOUNT_EXPIRED),
    Rule("too_many_tries", log_after=r"Too many authentication failures"),
    Rule("password_rejected", log_after=r"^debug1: Authentications that can continue: |^Permission denied"),
    Rule("host_key_changed", log=r"REMOTE HOST IDENTIFICATION HAS CHANGED"),
)

# What is left when the client ended, asked for something else, or had no time left.
FINAL = (
    Rule("password_expired", given=True, asked=r"(?i)(current|new|old|unix).*password"),
    Rule("account_expired", log_after=_CLOSED, said_after=_ACCOUNT_EXPIRED),
    Rule("logins_closed", log_after=_CLOSED, said_after=r"(?i)system is (booting up|going down)|nologin"),
    Rule("account_refused", log_after=_CLOSED),
    Rule("host_key_unknown", log=r"^No .* host key is known for |^Host key verification failed"),
    Rule("host_key_unknown", log=r"^debug1: Server host key: ", asked=r"\(yes/no"),
    Rule("password_login_disabled", given=False, log=r"^debug1: No more authentication methods to try"),
    Rule("other_prompt", given=False, log=_METHOD.pattern, asked=r"\S"),
    Rule("connection_refused", log=r"Connection refused"),
    Rule("unreachable", log=r"No route to host|Network is unreachable"),
    Rule("name_unknown", log=r"Could not resolve hostname"),
    Rule("timed_out", log=r"Connection timed out|Operation timed out|Connection to .* timed out"),
    Rule("connection_closed", given=False, log=_CLOSED),
)

# Where the server itself was not met: what the jump host's client said, or the client of its silence.
BEHIND_PROXY = (
    Rule("timed_out", log=r"timed out"),
    Rule("connection_refused", said=r"open failed: connect failed: Connection refused"),
    Rule("unreachable", said=r"open failed: connect failed: (No route to host|Network is unreachable)"),
    Rule("timed_out", said=r"open failed: connect failed: Connection timed out"),
    Rule("name_unknown", said=r"open failed: connect failed: .*([Nn]ame|resol)"),
)


def asks_password(transcript: Transcript) -> bool:
    """Return whether the target, and nobody else, asks for the password just now.

    The client says in its own log when it begins with a method, which it does only once the jump hosts are behind it.
    A prompt of theirs thus comes too early, whatever it looks like.
    """
    methods = _METHOD.findall(transcript.log)
    pattern = _PROMPT.get(methods[-1].strip()) if methods and not transcript.given else None
    return bool(pattern and pattern.fullmatch(transcript.asked))


def decided(transcript: Transcript) -> str | None:
    """Return the reason, if nothing that may still come changes it."""
    return _first(DECISIVE, transcript)


def classify(transcript: Transcript, ended: bool) -> tuple[str, str]:
    """Return the reason and what was said about it; ``ended``: the client ended by itself, its time was not over."""
    stuck = ended or bool(transcript.asked.strip())
    reason = decided(transcript)
    if reason is None and stuck and _PROXY.search(transcript.log) and not _MET.search(transcript.log):
        reason = _first(BEHIND_PROXY, transcript) or "jump_host_failed"
        return reason, last_line(transcript.asked) or last_line(transcript.said) or _complaint(transcript.log)
    reason = reason or _first(FINAL, transcript) or ("ssh_failed" if stuck else "timed_out")
    if transcript.given:
        return reason, ""
    return reason, _quoted(reason, transcript)


def _first(rules: Sequence[Rule], transcript: Transcript) -> str | None:
    return next((rule.reason for rule in rules if rule.holds(transcript)), None)


def _quoted(reason: str, transcript: Transcript) -> str:
    if reason == "host_key_changed":
        return last_line("\n".join(_OFFENDING.findall(transcript.log)))
    if reason == "other_prompt":
        return last_line(transcript.asked)
    return _complaint(transcript.log) or (last_line(transcript.said) if reason == "ssh_failed" else "")


def _complaint(log: str) -> str:
    """Return the last message that is not there for debugging only."""
    return last_line("\n".join(line for line in log.splitlines() if not line.startswith(("debug", "OpenSSH_"))))


def last_line(text: str) -> str:
    """Return the last line that says something, without what a terminal would take for a command."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "".join(filter(str.isprintable, lines[-1]))[:300] if lines else ""
