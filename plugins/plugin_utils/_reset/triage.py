# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what came of a reset: the first rule that holds says it, and what to do. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .known import Known, sentence
from .words import words

# Reasons of login_check for which it cannot say that the password was refused, and yet it lets nobody in.
_NO_PASSWORDS = ("password_login_disabled", "no_password_asked")
_EXPIRED = ("password_expired", "account_expired", "account_refused")
_NO_ROOT = ("no", "prohibit-password", "without-password", "forced-commands-only")
_ABSENT = ("absent", "unzipped")
_SAFE = "at most 14 letters, digits and -_+=.:@ are safe"


@dataclass(frozen=True)
class Verdict:
    """What came of a reset: the outcome, the reason as a word that stays the same, and one line for people."""

    outcome: str
    reason: str
    line: str


@dataclass(frozen=True)
class Rule:
    """A reason: when it holds, and its line."""

    outcome: str
    reason: str
    holds: Callable[[Known], bool]
    line: Callable[[Known], str]


def triage(known: Known) -> Verdict:
    """Return what is the matter with a server, or that its password is proved to work."""
    rule = next(rule for rule in RULES if rule.holds(known))
    return Verdict(rule.outcome, rule.reason, f"{rule.outcome.upper()}: {' '.join(rule.line(known).split())}")


def _failed(known: Known) -> bool:
    """Return whether the new password is known not to let anybody in."""
    return known.word("login") == "refused" or known.word("login", "reason") in (*_NO_PASSWORDS, *_EXPIRED)


def _when(condition: Callable[[Known], bool]) -> Callable[[Known], bool]:
    """Return a condition for a password that does not let anybody in, on a guest that could be asked why."""
    return lambda known: _failed(known) and known.asked and condition(known)


def _unmet(known: Known, *parts: str) -> str:
    items = {item["name"]: item for part in parts for item in known.unmet(part)}
    return " ".join(f"{name}: {sentence(item.get('found'))} {item.get('hint')}" for name, item in items.items())


def _log(known: Known) -> str:
    return f"Its log says: {known.log_complaint}" if known.log_complaint else "Its log tells of no failure."


def _not_reset(known: Known) -> bool:
    return not known.reset and not known.login


def _expired(known: Known) -> str:
    said = known.said("login") if known.word("login", "reason") in _EXPIRED else ""
    return f"{words(known).user}'s account or password has expired. {said} {words(known).renew}"


# The order matters: proof first, then how far the flow came, then what explains a password that was not accepted, the
# certain and the early things first.
RULES: tuple[Rule, ...] = (
    Rule(
        "not_verified", "old_password_works",
        lambda known: known.word("login") == "verified" and known.word("old_login") == "verified",
        lambda known: "The new password lets you in, and so does the old one. Are they the same? If not, look "
        f"{words(known).other_passwords}.",
    ),
    Rule(
        "verified", "blob_left",
        lambda known: known.word("login") == "verified" and known.pending is True,
        lambda _known: "The new password lets you in, but the metadata service still offers it: whoever is on the "
        "server can decrypt it. Restart the agent (reset_agent, state: restarted) and look again.",
    ),
    Rule(
        "verified", "password_accepted",
        lambda known: known.word("login") == "verified",
        lambda known: "The new password lets you in"
        + (", and the old one is refused." if known.word("old_login") == "refused" else ".")
        + (" Whether the metadata service still offers it could not be asked." if known.pending is None else ""),
    ),
    Rule(
        "not_ready", "prerequisites",
        lambda known: _not_reset(known) and bool(known.unmet("readiness") or known.unmet("guest")),
        lambda known: f"Nothing was requested. {_unmet(known, 'readiness', 'guest')}",
    ),
    Rule(
        "unknown", "not_requested", _not_reset,
        lambda _known: "Nothing was requested and nothing was looked at; run it again for this server.",
    ),
    Rule(
        "planned", "check_mode",
        lambda known: known.word("reset") == "planned",
        lambda _known: "The password would be reset; run without check mode.",
    ),
    Rule(
        "planned", "check_mode",
        lambda known: known.word("restart") == "planned",
        lambda _known: "The password was asked for before, and the restart would follow; run without check mode.",
    ),
    Rule(
        "refused", "agent_missing",
        lambda known: known.word("reset") == "refused" and known.word("reset", "code") == "Ecs.0613",
        lambda known: f"The reset was refused. {known.said('reset')} Install the agent: the playbook install.",
    ),
    Rule(
        "refused", "cloud_refused",
        lambda known: known.word("reset") == "refused",
        lambda known: f"The reset was refused. {known.said('reset')}",
    ),
    Rule(
        "not_restarted", "restart_failed",
        lambda known: known.word("restart") == "refused"
        or (known.word("restart") in ("failed", "unknown") and not _failed(known)),
        lambda known: f"The password is to change at the next start, and the restart is {known.word('restart')}. "
        f"{known.said('restart')} Start or restart the server.",
    ),
    Rule(
        "not_restarted", "not_rebooted",
        lambda known: known.not_rebooted or known.word("login", "reason") == "not_restarted",
        lambda known: "The server is still in the boot of before, so the password has not changed. "
        f"{known.said('restart')} Restart it, hard if it does not heed.",
    ),
    Rule(
        "not_restarted", "restart_not_allowed",
        lambda known: known.word("restart") == "not_allowed" and known.word("login") in ("", "refused"),
        lambda _known: "The password is to change at the next start. Restart the server, or allow it with "
        "allow_restart: true.",
    ),
    Rule(
        "unchanged", "done_before",
        lambda known: known.word("reset") == "unchanged" and not known.login,
        lambda known: f"Generation {known.word('reset', 'generation')} was reset before; choose a new one for a new "
        "password.",
    ),
    Rule(
        "unknown", "login_not_tried",
        lambda known: not known.login,
        lambda _known: "The cloud was asked for the new password, but no login was tried; try one (login_check).",
    ),
    # The password was right, so agent and metadata have done their part.
    Rule("not_verified", "account_expired", lambda known: known.word("login", "reason") in _EXPIRED, _expired),
    Rule(
        "not_verified", "agent_missing",
        _when(lambda known: known.agent("state") in _ABSENT),
        lambda known: f"The agent is {known.agent('state')}, so nobody set the password. Install it (the playbook "
        "install) and restart the server.",
    ),
    Rule(
        "not_verified", "agent_damaged",
        _when(lambda known: known.agent("state") == "damaged"),
        lambda known: f"The agent is damaged: {'; '.join(known.agent('damage') or [])}. Repair it (the playbook "
        "install) and restart the server.",
    ),
    Rule(
        "not_verified", "agent_not_enabled",
        _when(lambda known: known.agent("state") in ("disabled", "unregistered")),
        lambda known: f"The agent is {known.agent('state')}, so it does not run at boot. Repair it (the playbook "
        "install) and restart the server.",
    ),
    Rule(
        "not_verified", "metadata_unreachable",
        _when(lambda known: any(item.get("name") == "metadata" for item in known.unmet("guest"))),
        lambda known: f"The agent cannot fetch the password. {_unmet(known, 'guest')} Then restart the server.",
    ),
    Rule(
        "not_verified", "password_spoilt",
        _when(
            lambda known: known.windows
            and bool(known.doubts)
            and known.pending is True
            and known.agent("running") is True
        ),
        lambda known: "The agent still runs and has not set the password; net user may wait for an answer that nobody "
        f"gives, since {known.doubts}. Stop the agent (reset_agent, state: stopped), and reset again with a new "
        f"generation and another password: {_SAFE}.",
    ),
    Rule(
        "not_verified", "agent_running",
        _when(lambda known: known.pending is True and known.agent("running") is True),
        lambda _known: "The agent runs and has not taken the password yet. Wait a minute and try to log in again.",
    ),
    Rule(
        "not_verified", "agent_failed",
        _when(lambda known: known.pending is True and bool(known.log_complaint)),
        lambda known: f"The agent failed, and the password still waits for it. {_log(known)}",
    ),
    Rule(
        "not_verified", "blob_unread",
        _when(lambda known: known.pending is True),
        lambda known: "The password still waits for the agent, which has not fetched it. "
        f"{known.said('restart')} {_log(known)} Restart the agent (reset_agent, state: restarted), or the server.",
    ),
    Rule(
        "not_verified", "sshd_refuses_passwords",
        _when(
            lambda known: known.login_fact("sshd", "password_authentication") is False
            and known.login_fact("sshd", "keyboard_interactive") is not True
        ),
        lambda known: "sshd takes no passwords. Set PasswordAuthentication yes in sshd_config"
        + (" (and ssh_pwauth: true for cloud-init)." if known.login_fact("cloud_init", "ssh_pwauth") is False else "."),
    ),
    Rule(
        "not_verified", "sshd_refuses_root",
        _when(lambda known: known.login_fact("sshd", "permit_root_login") in _NO_ROOT),
        lambda known: f"sshd has PermitRootLogin {known.login_fact('sshd', 'permit_root_login')}. Set it to yes, or "
        "use the password on the console.",
    ),
    Rule(
        "not_verified", "cloud_init_rewrote",
        _when(
            lambda known: known.login_fact("cloud_init", "rewrites_password") is True
            and (known.changed_after or known.login_fact("root_account", "locked") is True)
        ),
        lambda known: f"{words(known).cloud_init} sets or locks {words(known).user}'s password. "
        f"{words(known).tame_cloud_init}, and reset again with a new generation.",
    ),
    Rule(
        "not_verified", "account_renamed",
        _when(lambda known: known.login_fact("root_account", "named") is False),
        lambda known: f"No account is called {words(known).user}, and the agent sets no other's password. Give the "
        "account its name back, or set the password by other means.",
    ),
    Rule(
        "not_verified", "account_locked",
        _when(lambda known: known.login_fact("root_account", "locked") is True),
        lambda known: f"{words(known).user} is {words(known).locked}",
    ),
    Rule(
        "not_verified", "account_expired",
        _when(lambda known: known.login_fact("root_account", "expired") is True), _expired,
    ),
    Rule(
        "not_verified", "superseded",
        lambda known: _failed(known) and (known.superseded is True or known.changed_after),
        lambda known: "Another reset or change of the password came after this one"
        + (f" (on {known.changed_on()})" if known.changed_after else "")
        + ". See who else resets this server, and reset again with a new generation.",
    ),
    Rule(
        "not_verified", "changed_since",
        _when(lambda known: known.word("reset") == "unchanged"),
        lambda known: f"Generation {known.word('reset', 'generation')} was reset before, and the password is not its, "
        "or was changed since. Reset again with a new generation.",
    ),
    Rule(
        "unknown", "reset_unanswered",
        lambda known: known.word("reset") == "unknown" and _failed(known),
        lambda known: "The cloud did not answer the request, and the new password is not accepted. "
        f"{known.said('reset')} Run it again.",
    ),
    Rule(
        "not_verified", "password_spoilt",
        _when(lambda known: bool(known.doubts)),
        lambda known: "The agent took the password, and does not seem to have set it as it is, since "
        f"{known.doubts}. {_log(known)} Reset again with a new generation and another password: "
        f"{_SAFE}.",
    ),
    Rule(
        "not_verified", "agent_failed",
        _when(lambda known: known.changed_before or bool(known.log_complaint)),
        lambda known: "The agent took the password and did not set it"
        + (f": {words(known).user}'s last changed on {known.changed_on()}. " if known.changed_before else ". ")
        + _log(known),
    ),
    Rule(
        "not_verified", "cloud_init_may_rewrite",
        _when(lambda known: known.login_fact("cloud_init", "rewrites_password") is True),
        lambda known: f"The agent took the password, but {words(known).cloud_init}'s settings set one, too. "
        f"{words(known).untangle}, and reset again with a new generation.",
    ),
    Rule(
        "not_verified", "sshd_refuses_passwords",
        lambda known: known.word("login", "reason") in _NO_PASSWORDS,
        lambda known: f"The server takes no password for a login. {known.said('login')}",
    ),
    Rule(
        "not_verified", "guest_not_asked",
        lambda known: _failed(known) and not known.asked,
        lambda known: "The new password is not accepted, and the guest could not be asked why. "
        f"{known.said('guest')} Log in another way and run reset_agent_info with login: true.",
    ),
    Rule(
        "not_verified", "unexplained", _failed,
        lambda known: "The new password is not accepted, and nothing that the guest tells explains it. "
        f"{_log(known)} Somebody else may have reset it at the same time; look at the guest's own log of logins.",
    ),
    Rule(
        "unknown", "login_unknown", lambda _known: True,
        lambda known: f"Whether the new password works could not be found out. {known.said('login')}",
    ),
)  # fmt: skip
