# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reset by the real playbook: request, restart, proof; what a rerun does; and what it refuses to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from controller import Controller
from resets import NEW, OLD, PLAYBOOK, install, names, reset, stored
from waiting import accepts

from lab.client import Host
from lab.cloud.client import CloudControl

Take = Callable[[str], Host]


def boots(hosts: Sequence[Host]) -> list[str]:
    return [host.boot_id() for host in hosts]


def test_generated_passwords_are_kept_and_proved_and_a_rerun_changes_nothing(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str
) -> None:
    hosts = [take(name) for name in (host_name, "busybox", "sysv")]
    file = controller.folder / "passwords.vault"
    before = boots(hosts)
    play = install(hosts, controller)
    first = reset(controller, hosts, play, file=str(file), generation="1", old_password=OLD)
    assert first.run.status == 0, first.run.output
    assert {first.outcome(host) for host in hosts} == {("verified", "password_accepted")}
    assert first.line(hosts[0]) == "VERIFIED: The new password lets you in, and the old one is refused."
    assert [first.recap(host)["changed"] for host in hosts] == [2] * 3, "the agent, and the password"
    after = boots(hosts)
    assert not set(before) & set(after)
    entries = stored(controller, file)
    words = [entries[host.name]["current"]["password"] for host in hosts]
    assert len(set(words)) == 3
    assert all(accepts(host, "root", word) for host, word in zip(hosts, words, strict=True))
    assert not any(accepts(host, "root", OLD) for host in hosts)
    assert not any(view.pending for view in cloud.views() if view.id in {host.uuid for host in hosts})
    assert (file.stat().st_mode & 0o777, file.read_bytes()[:14]) == (0o600, b"$ANSIBLE_VAULT")

    flags = ["--limit", names(hosts)]
    again = reset(controller, hosts, playbook=PLAYBOOK, flags=flags, file=str(file), generation="1")
    assert again.run.status == 0, again.run.output
    assert {again.line(host) for host in hosts} == {"VERIFIED: The new password lets you in."}
    assert [again.recap(host)["changed"] for host in hosts] == [0] * 3
    assert boots(hosts) == after
    assert stored(controller, file) == entries

    third = reset(controller, hosts[:1], file=str(file), generation="2")
    assert third.line(hosts[0]) == "VERIFIED: The new password lets you in, and the old one is refused."
    assert not accepts(hosts[0], "root", words[0])
    assert accepts(hosts[0], "root", stored(controller, file)[hosts[0].name]["current"]["password"])
