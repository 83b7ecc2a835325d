# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the OpenSSH client's words mean, on what a client of 9.2 said; the lab's tests have it say them."""

from __future__ import annotations

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.login import REASONS
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.openssh_words import (
    BEHIND_PROXY,
    DECISIVE,
    FINAL,
    Transcript,
    asks_password,
    classify,
    decided,
)

PROXY = "debug1: Executing proxy command: exec ssh -W h:22 jump\n"
MET = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1\n"
KEY = "debug1: Server host key: ssh-ed25519 SHA256:xyz\n"
PASSWORD = "debug1: Next authentication method: password\n"
INTERACTIVE = "debug1: Next authentication method: keyboard-interactive\n"
IN = 'Authenticated to h ([10.0.0.1]:22) using "password".\n'
AGAIN = "debug1: Authentications that can continue: publickey,password\n"
CLOSED = "Connection closed by 10.0.0.1 port 22\n"
RENEW = "You are required to change your password immediately (administrator enforced).\n"


def given(log: str = "", asked: str = "", said: str = "", banner: str = "") -> Transcript:
    """What came after the password."""
    before = MET + KEY + PASSWORD
    return Transcript(before + log, asked, banner + said, (len(before), len(banner)))


@pytest.mark.parametrize(
    ("reason", "transcript"),
    [
        ("password_accepted", given(IN)),
        ("password_accepted", given(IN, banner=RENEW)),
        ("password_expired", given(IN, said=RENEW)),
        ("password_expired", given(asked="Current password: ")),
        ("password_rejected", given(AGAIN)),
        ("password_rejected", given("Permission denied, please try again.\n")),
        ("too_many_tries", given("Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures\n")),
        ("second_factor", given('Authenticated using "password" with partial success.\n' + AGAIN)),
        ("account_expired", given(CLOSED, said="Your account has expired; please contact your administrator.\n")),
        ("account_expired", given("Your account has expired; please contact your administrator.\n" + AGAIN)),
        ("account_refused", given(CLOSED, banner="Your account has expired. Not. This is a banner.\n")),
        ("logins_closed", given(CLOSED, said="System is booting up. Unprivileged users are not permitted\n")),
        ("timed_out", given()),
        ("no_password_asked", Transcript(MET + KEY + 'Authenticated to h ([10.0.0.1]:22) using "none".\n')),
        ("password_login_disabled", Transcript(MET + KEY + "debug1: No more authentication methods to try.\n")),
        ("other_prompt", Transcript(MET + KEY + INTERACTIVE, "(root@h) Verification code: ")),
        ("host_key_changed", Transcript(MET + KEY + "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n")),
        ("host_key_unknown", Transcript(MET + KEY + "Host key verification failed.\n")),
        ("host_key_unknown", Transcript(MET + KEY, "Are you sure you want to continue connecting (yes/no)? ")),
        ("connection_refused", Transcript("ssh: connect to host h port 22: Connection refused\n")),
        ("unreachable", Transcript("ssh: connect to host h port 22: No route to host\n")),
        ("name_unknown", Transcript("ssh: Could not resolve hostname h: Name or service not known\n")),
        ("timed_out", Transcript("ssh: connect to host h port 22: Connection timed out\n")),
        ("connection_closed", Transcript("kex_exchange_identification: Connection closed by remote host\n")),
        ("connection_closed", Transcript("kex_exchange_identification: read: Connection reset by peer\n" + CLOSED)),
        ("jump_host_failed", Transcript(PROXY, "root@jump's password: ")),
        ("jump_host_failed", Transcript(PROXY, "Are you sure you want to continue connecting (yes/no)? ")),
        ("jump_host_failed", Transcript(PROXY + CLOSED, "", "ssh: connect to host jump port 22: Connection refused\n")),
        (
            "connection_refused",
            Transcript(PROXY + CLOSED, "", "channel 0: open failed: connect failed: Connection refused\n"),
        ),
        ("timed_out", Transcript(PROXY)),
        ("timed_out", Transcript(PROXY + "Connection timed out during banner exchange\n" + CLOSED)),
        ("timed_out", Transcript("debug1: Connecting to h [10.0.0.1] port 22.\n")),
    ],
)
def test_what_was_said_has_its_reason(reason: str, transcript: Transcript) -> None:
    assert classify(transcript, ended=transcript.log.endswith(CLOSED))[0] == reason


@pytest.mark.parametrize(
    ("asks", "transcript"),
    [
        (True, Transcript(PASSWORD, "root@h's password: ")),
        (True, Transcript(INTERACTIVE, "(root@h) Password: ")),
        (True, Transcript(INTERACTIVE, "Password:")),
        (True, Transcript(PROXY + MET + PASSWORD, "root@h's password: ")),
        (False, Transcript(PROXY, "root@h's password: ")),  # the jump host, which has the target's own name
        (False, Transcript(PROXY + MET + KEY, "root@h's password: ")),
        (False, Transcript(PASSWORD, "", "root@h's password: ")),  # a banner
        (False, Transcript(PASSWORD, "root@h's pass")),
        (False, Transcript(PASSWORD, "Password: ")),
        (False, Transcript(INTERACTIVE, "(root@h) Verification code: ")),
        (False, Transcript(INTERACTIVE, "(root@h) New password: ")),
        (False, Transcript("debug1: Next authentication method: publickey\n", "root@h's password: ")),
        (False, given(asked="root@h's password: ")),  # once is enough
    ],
)
def test_only_the_targets_own_question_is_answered(asks: bool, transcript: Transcript) -> None:
    assert asks_password(transcript) is asks


def test_a_banner_or_a_jump_host_cannot_say_what_the_client_says() -> None:
    lies = IN + "Permission denied\n" + PASSWORD + "REMOTE HOST IDENTIFICATION HAS CHANGED"
    assert decided(Transcript(MET + KEY + PASSWORD, "", lies)) is None
    assert decided(given(banner=lies, said=lies)) is None


def test_what_is_quoted_helps() -> None:
    changed = (
        "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nOffending ED25519 key in /k:1\r\nHost key bad.\r\n"
    )
    assert classify(Transcript(MET + changed), ended=True)[1] == "Offending ED25519 key in /k:1"
    assert classify(Transcript(PROXY, "root@jump's password: "), ended=False)[1] == "root@jump's password:"
    assert classify(Transcript("", "", "command-line: bad\n"), ended=True) == ("ssh_failed", "command-line: bad")
    assert classify(given(AGAIN + "anything\n"), ended=True)[1] == ""
    hostile = "ssh: \x1b[2Jred: Connection refused\n"
    assert classify(Transcript(hostile), ended=True)[1] == "ssh: [2Jred: Connection refused"


def test_every_reason_of_the_rules_is_one_of_the_table() -> None:
    assert {rule.reason for rule in (*DECISIVE, *FINAL, *BEHIND_PROXY)} <= REASONS.keys()
