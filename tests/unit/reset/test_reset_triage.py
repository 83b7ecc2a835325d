# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every branch of the triage, by the shapes in which the modules tell; each rule has a case, and the order matters."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.cloudreset.huaweicloud.plugins.filter.reset_outcome import RETURN, FilterModule
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._reset.known import NAMES, known
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._reset.triage import RULES, triage

ERROR = "2026-11-23 22:50:13 [7] ERROR chpasswd failed with status 1"
PASS = {"name": "dhcp", "status": "pass", "found": "x", "hint": "y"}
UNMET = {"name": "metadata", "status": "fail", "found": "no answer within 5 s", "hint": "Allow TCP port 80."}
ACCEPTED = {"outcome": "accepted", "generation": "2", "code": None, "message": None}
DONE = {"outcome": "done", "code": None, "message": None}
NEW = {"outcome": "verified", "reason": "password_accepted", "msg": "web1: verified."}
REFUSED = {"outcome": "refused", "reason": "password_rejected", "msg": "web1: refused."}
DISABLED = {"outcome": "unknown", "reason": "password_login_disabled", "msg": "web1: Set PasswordAuthentication yes."}
EXPIRED = {"outcome": "unknown", "reason": "account_expired", "msg": "It is."}
UNREACHED = {"failed": True, "unreachable": True, "msg": "Connection refused"}


def guest(agent: dict[str, Any] | None = None, unmet: Any = (), boot_id: str = "b2", **login: Any) -> dict[str, Any]:
    """What reset_agent_info tells of a guest where all is as it should be, but for what is said."""
    sshd = {"password_authentication": True, "keyboard_interactive": False, "permit_root_login": "yes"}
    account = {"locked": False, "expired": False, "password_changed": "2026-11-23"}
    cloud_init = {"present": False, "rewrites_password": False, "ssh_pwauth": None}
    return {
        "agent": {"state": "installed", "damage": [], "running": False, "log": ["all went well"], **(agent or {})},
        "prerequisites": [PASS, *unmet],
        "boot_id": boot_id,
        "login": {
            "sshd": sshd | login.get("sshd", {}),
            "root_account": account | login.get("root_account", {}),
            "cloud_init": cloud_init | login.get("cloud_init", {}),
            "pending_reset": login.get("pending_reset", False),
        },
    }


# A reset that was done by the book, whose password is refused.
BASE: dict[str, Any] = {
    "readiness": {"ready": True, "prerequisites": [PASS]},
    "reset": ACCEPTED,
    "restart": DONE,
    "login": REFUSED,
    "old_login": None,
    "boot_id_before": "b1",
    "reset_at": "2026-11-23T22:50:13Z",
    "restarted_at": "2026-11-23T22:51:00Z",
    "superseded": False,
}
PENDING = {"pending_reset": True}
LOCKED = {"root_account": {"locked": True}}
REWRITES = {"cloud_init": {"present": True, "rewrites_password": True}}
WINDOWS: dict[str, Any] = {"reset": {**ACCEPTED, "os_type": "windows"}}
SPOILT = {"password_warnings": ["it begins with /, which net user takes as a switch", "it has more than 14 characters"]}
NOTHING = dict.fromkeys(("reset", "restart", "login"))

# Name, what differs from BASE, outcome, reason, and words of the line.
CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"login": NEW}, "verified", "password_accepted", "VERIFIED: The new password lets you in."),
    ({"login": NEW, "old_login": REFUSED}, "verified", "password_accepted", "in, and the old one is refused."),
    ({"login": NEW, "old_login": {"outcome": "unknown"}, "guest": guest()}, "verified", "password_accepted", "in."),
    ({"login": NEW, "reset": {"outcome": "unknown"}, "restart": None}, "verified", "password_accepted", "lets you in"),
    ({"login": NEW, "old_login": NEW}, "not_verified", "old_password_works", "and so does the old one"),
    ({"login": NEW, "guest": guest(**PENDING)}, "verified", "blob_left", "the metadata service still offers it"),
    (
        {**NOTHING, "readiness": {"ready": False, "prerequisites": [PASS, UNMET]}},
        "not_ready", "prerequisites", "NOT_READY: Nothing was requested. metadata: no answer within 5 s. Allow TCP",
    ),
    (
        {**NOTHING, "readiness": {"prerequisites": [UNMET]}, "guest": guest(unmet=[UNMET])},
        "not_ready", "prerequisites", "metadata: no answer",
    ),
    ({**NOTHING, "guest": guest(unmet=[UNMET])}, "not_ready", "prerequisites", "metadata: no answer"),
    ({**NOTHING}, "unknown", "not_requested", "Nothing was requested and nothing was looked at"),
    ({**NOTHING, "reset": {"outcome": "planned"}}, "planned", "check_mode", "run without check mode"),
    (
        {**NOTHING, "reset": {"outcome": "unchanged"}, "restart": {"outcome": "planned"}},
        "planned", "check_mode", "asked for before, and the restart would follow",
    ),
    (
        {**NOTHING, "reset": {"outcome": "refused", "code": "Ecs.0613", "message": "No agent.", "remedy": "Do it"}},
        "refused", "agent_missing", "The reset was refused. Ecs.0613: No agent. Do it. Install the agent",
    ),
    (
        {**NOTHING, "reset": {"outcome": "refused", "code": "Ecs.0021", "message": "Quota"}},
        "refused", "cloud_refused", "REFUSED: The reset was refused. Ecs.0021: Quota.",
    ),
    (
        {"restart": {"outcome": "failed", "code": "Ecs.0201", "message": "stuck"}, "login": None},
        "not_restarted", "restart_failed", "the restart is failed. Ecs.0201: stuck.",
    ),
    ({"restart": {"outcome": "refused", "message": "Locked"}}, "not_restarted", "restart_failed", "Locked."),
    (
        {"restart": {"outcome": "failed", "message": "It is stuck"}, "guest": guest(boot_id="b1")},
        "not_restarted", "not_rebooted", "It is stuck. Restart it",
    ),
    ({"restart": {"outcome": "unknown"}, "login": {"outcome": "unknown"}}, "not_restarted", "restart_failed", "is un"),
    ({"guest": guest(boot_id="b1")}, "not_restarted", "not_rebooted", "still in the boot of before"),
    ({"login": {"outcome": "unknown", "reason": "not_restarted"}}, "not_restarted", "not_rebooted", "boot of before"),
    ({"restart": {"outcome": "not_allowed"}}, "not_restarted", "restart_not_allowed", "allow_restart: true"),
    ({"restart": {"outcome": "not_allowed"}, "login": None}, "not_restarted", "restart_not_allowed", "next start"),
    (
        {"reset": {"outcome": "unchanged", "generation": "7"}, "restart": None, "login": None},
        "unchanged", "done_before", "Generation 7 was reset before",
    ),
    ({"login": None}, "unknown", "login_not_tried", "no login was tried"),
    ({"guest": guest({"state": "absent"}, **PENDING)}, "not_verified", "agent_missing", "The agent is absent"),
    ({"guest": guest({"state": "unzipped"})}, "not_verified", "agent_missing", "The agent is unzipped"),
    (
        {"guest": guest({"state": "damaged", "damage": ["lib is empty", "x"]})},
        "not_verified", "agent_damaged", "The agent is damaged: lib is empty; x.",
    ),
    ({"guest": guest({"state": "disabled"}, [UNMET])}, "not_verified", "agent_not_enabled", "does not run at boot"),
    ({"guest": guest({"state": "unregistered"})}, "not_verified", "agent_not_enabled", "is unregistered, so"),
    (
        {"guest": guest({"log": [ERROR]}, [UNMET])},
        "not_verified", "metadata_unreachable", "cannot fetch the password. metadata: no answer",
    ),
    ({"guest": guest({"running": True}, **PENDING)}, "not_verified", "agent_running", "Wait a minute"),
    ({"guest": guest({"log": ["a", ERROR, "b"]}, **PENDING)}, "not_verified", "agent_failed", f"Its log says: {ERROR}"),
    ({"guest": guest(**PENDING, **LOCKED)}, "not_verified", "blob_unread", "which has not fetched it. Its log tells"),
    (
        {"guest": guest(sshd={"password_authentication": False})},
        "not_verified", "sshd_refuses_passwords", "sshd takes no passwords. Set PasswordAuthentication yes in",
    ),
    (
        {"guest": guest(sshd={"password_authentication": False}, cloud_init={"ssh_pwauth": False}), "login": DISABLED},
        "not_verified", "sshd_refuses_passwords", "(and ssh_pwauth: true for cloud-init).",
    ),
    ({"login": DISABLED}, "not_verified", "sshd_refuses_passwords", "no password for a login. web1: Set Password"),
    (
        {"guest": guest(sshd={"permit_root_login": "prohibit-password"}, **LOCKED)},
        "not_verified", "sshd_refuses_root", "sshd has PermitRootLogin prohibit-password.",
    ),
    ({"guest": guest(**REWRITES, **LOCKED)}, "not_verified", "cloud_init_rewrote", "set lock_passwd: false"),
    (
        {"guest": guest(**REWRITES, root_account={"password_changed": "2026-11-24"})},
        "not_verified", "cloud_init_rewrote", "cloud-init sets or locks",
    ),
    ({"guest": guest(**LOCKED), "superseded": True}, "not_verified", "account_locked", "root is locked"),
    ({"guest": guest(root_account={"expired": True})}, "not_verified", "account_expired", "has expired. See chage -l"),
    (
        {"login": EXPIRED, "guest": guest({"state": "absent"})},
        "not_verified", "account_expired", "has expired. It is. See",
    ),
    ({"superseded": True}, "not_verified", "superseded", "came after this one."),
    (
        {"reset": {"outcome": "unchanged", "generation": "7"}, "restart": None, "guest": guest({"log": [ERROR]})},
        "not_verified", "changed_since", "Generation 7 was reset before, and the password is not its",
    ),
    (
        {"guest": guest({"log": [ERROR]}, root_account={"password_changed": "2026-11-24"})},
        "not_verified", "superseded", "came after this one (on 2026-11-24)",
    ),
    (
        {"guest": guest(root_account={"password_changed": "2026-11-22"})},
        "not_verified", "agent_failed", "did not set it: root's last changed on 2026-11-22. Its log tells of",
    ),
    ({"guest": guest({"log": [ERROR]})}, "not_verified", "agent_failed", f"did not set it. Its log says: {ERROR}"),
    ({"guest": guest(**REWRITES)}, "not_verified", "cloud_init_may_rewrite", "set one, too"),
    # The same matters where the system is Windows.
    (
        {**WINDOWS, "guest": guest(root_account={"named": False})},
        "not_verified", "account_renamed", "No account is called Administrator, and the agent sets no other's",
    ),
    (
        {**WINDOWS, "guest": guest(**LOCKED)},
        "not_verified", "account_locked", "Administrator is disabled or locked out. Enable it (net user",
    ),
    (
        {"guest": guest(boot_id="windows-2", **LOCKED), "boot_id_before": "windows-1"},
        "not_verified", "account_locked", "Administrator is disabled",
    ),
    (
        {**WINDOWS, "guest": guest(root_account={"expired": True})},
        "not_verified", "account_expired", "Administrator's account or password has expired. See net user Admin",
    ),
    (
        {**WINDOWS, "guest": guest(**REWRITES, **LOCKED)},
        "not_verified", "cloud_init_rewrote", "Cloudbase-Init sets or locks Administrator's password. Take SetUser",
    ),
    ({**WINDOWS, "guest": guest(**REWRITES)}, "not_verified", "cloud_init_may_rewrite", "but Cloudbase-Init's"),
    (
        {**WINDOWS, "guest": guest(root_account={"password_changed": "2026-11-22"})},
        "not_verified", "agent_failed", "did not set it: Administrator's last changed on 2026-11-22.",
    ),
    ({**WINDOWS, "login": NEW, "old_login": NEW}, "not_verified", "old_password_works", "such as a domain's."),
    ({**WINDOWS, "guest": guest({"state": "disabled"})}, "not_verified", "agent_not_enabled", "does not run at boot"),
    (
        {"reset": {**WINDOWS["reset"], **SPOILT}, "guest": guest({"log": [ERROR]})},
        "not_verified", "password_spoilt",
        f"which net user takes as a switch; it has more than 14 characters. Its log says: {ERROR} Reset again",
    ),
    (
        {"reset": {**WINDOWS["reset"], **SPOILT}, "guest": guest({"running": True}, **PENDING)},
        "not_verified", "password_spoilt", "still runs and has not set the password; net user may wait for an answer",
    ),
    (
        {"reset": {**ACCEPTED, **SPOILT}, "guest": guest({"running": True}, **PENDING)},
        "not_verified", "agent_running", "Wait a minute",
    ),
    ({"reset": {**ACCEPTED, **SPOILT}, "guest": guest()}, "not_verified", "password_spoilt", "at most 14 letters"),
    ({"reset": {**ACCEPTED, **SPOILT}, "guest": guest(**PENDING)}, "not_verified", "blob_unread", "not fetched it."),
    ({"reset": {"outcome": "unknown"}, "guest": guest()}, "unknown", "reset_unanswered", "cloud did not answer"),
    ({"guest": UNREACHED}, "not_verified", "guest_not_asked", "could not be asked why. Connection refused. Log in"),
    ({"guest": guest()}, "not_verified", "unexplained", "nothing that the guest tells explains it"),
    ({"guest": {**guest(), "login": None}}, "not_verified", "unexplained", "nothing that the guest tells"),
    (
        {"login": {"outcome": "unknown", "reason": "host_key_changed", "msg": "Its key is another."}, "guest": guest()},
        "unknown", "login_unknown", "could not be found out. Its key is another.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "outcome", "reason", "words"), CASES)
def test_each_branch(changes: dict[str, Any], outcome: str, reason: str, words: str) -> None:
    verdict = triage(known({**BASE, **changes}))
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert words in verdict.line
    assert verdict.line.startswith(f"{outcome.upper()}: ")
    assert "\n" not in verdict.line
    assert "  " not in verdict.line
    assert "None" not in verdict.line
    assert ".." not in verdict.line


def test_every_rule_has_a_case_that_no_earlier_rule_takes() -> None:
    firsts = {next(rule for rule in RULES if rule.holds(known({**BASE, **changes}))) for changes, *_rest in CASES}
    assert [(rule.outcome, rule.reason) for rule in RULES if rule not in firsts] == []


def test_the_documentation_tells_every_outcome_and_reason() -> None:
    for rule in RULES:
        assert f"V({rule.outcome})" in RETURN
        assert f"V({rule.reason})" in RETURN


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "reset_outcome takes a map with any of: readiness, reset, "),
        ({"rset": {}, "login": "x"}, "rset is nothing that reset_outcome knows; use: "),
        ({"rset": {}, "login": "x"}, "login is no map; give the module's result, or its entry for this server."),
    ],
)
def test_what_cannot_be_is_told_all_at_once(data: Any, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        FilterModule().filters()["reset_outcome"](data)
    assert words in str(caught.value)


@pytest.mark.parametrize("nothing", [None, ""])
def test_the_filter_returns_plain_data_and_takes_nothing_as_old_ansibles_write_it(nothing: str | None) -> None:
    found = FilterModule().filters()["reset_outcome"]({**dict.fromkeys(NAMES, nothing), "login": NEW})
    assert found == {
        "outcome": "verified",
        "reason": "password_accepted",
        "line": "VERIFIED: The new password lets you in. Whether the metadata service still offers it could not be "
        "asked.",
    }
