# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reset by the real playbook: request, restart, proof; what a rerun does; and what it refuses to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from controller import Controller
from resets import NEW, OLD, PLAYBOOK, given, install, names, reset, role, stored
from test_ways_in import NO_KEY
from waiting import accepts, kill_all, wait_for

from lab.client import Host
from lab.cloud.client import ApiRecord, CloudControl

Take = Callable[[str], Host]
PROVED = "VERIFIED: The new password lets you in, and the old one is refused."
GUESS = "Wrong-Word-9"


def boots(hosts: Sequence[Host]) -> list[str]:
    return [host.boot_id() for host in hosts]


def about(cloud: CloudControl, host: Host) -> list[ApiRecord]:
    """What was asked about a host, in the tests that had it before, too."""
    return [record for record in cloud.requests() if host.uuid in record.path + record.query]


def pending(cloud: CloudControl, host: Host) -> bool:
    return next(view.pending for view in cloud.views() if view.id == host.uuid)


@pytest.fixture
def file(controller: Controller) -> Path:
    return controller.folder / "passwords.vault"


@pytest.mark.mainpath
def test_generated_passwords_are_kept_and_proved_and_a_rerun_changes_nothing(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str, file: Path
) -> None:
    hosts = [take(name) for name in (host_name, "busybox", "sysv")]
    before = boots(hosts)
    first = reset(controller, hosts, install(hosts, controller), file=str(file), generation="1", old_password=OLD)
    assert first.run.status == 0, first.run.output
    assert {first.line(host) for host in hosts} == {PROVED}
    assert [first.recap(host)["changed"] for host in hosts] == [2] * 3, "the agent, and the password"
    after = boots(hosts)
    assert not set(before) & set(after)
    entries = stored(controller, file)
    words = [entries[host.name]["current"]["password"] for host in hosts]
    assert len(set(words)) == 3
    assert all(accepts(host, "root", word) for host, word in zip(hosts, words, strict=True))
    assert not any(accepts(host, "root", OLD) for host in hosts)
    assert not any(pending(cloud, host) for host in hosts)
    assert (file.stat().st_mode & 0o777, file.read_bytes()[:14]) == (0o600, b"$ANSIBLE_VAULT")
    asked = len(about(cloud, hosts[0]))

    flags = ["--limit", names(hosts)]
    again = reset(controller, hosts, playbook=PLAYBOOK, flags=flags, file=str(file), generation="1")
    assert again.run.status == 0, again.run.output
    assert {again.line(host) for host in hosts} == {"VERIFIED: The new password lets you in."}
    assert [again.recap(host)["changed"] for host in hosts] == [0] * 3
    assert boots(hosts) == after
    assert stored(controller, file) == entries
    # Twice a look at it, its port, its flag.
    assert [record.path.rpartition("/")[2] for record in about(cloud, hosts[0])[asked:]] == [
        "detail",
        "ports",
        "os-resetpwd-flag",
        "detail",
    ]

    third = reset(controller, hosts[:1], file=str(file), generation="2")
    assert third.line(hosts[0]) == PROVED
    assert not accepts(hosts[0], "root", words[0])
    assert accepts(hosts[0], "root", stored(controller, file)[hosts[0].name]["current"]["password"])


def test_a_given_password_by_a_restart_of_the_agent_or_left_to_the_next_start(
    cloud: CloudControl, controller: Controller, host: Host
) -> None:
    before = host.boot_id()
    agent = {"restart": "agent", "allow_restart": False}
    first = reset(controller, [host], install([host], controller), password=NEW, generation="1", **agent)
    assert first.line(host) == "VERIFIED: The new password lets you in.", first.run.output
    assert accepts(host, "root", NEW)
    again = reset(controller, [host], password=NEW, generation="1", **agent)
    assert (again.line(host), again.recap(host)["changed"]) == (first.line(host), 0)
    assert host.boot_id() == before

    other = {"password": f"{NEW}2", "generation": "2", "restart": "none", "allow_restart": False}
    left = reset(controller, [host], **other)
    assert left.outcome(host) == ("not_restarted", "restart_not_allowed"), left.run.output
    assert (left.run.status, left.recap(host)["changed"]) == (0, 1)
    assert "The password is to change at the next start." in left.line(host)
    assert reset(controller, [host], **other).recap(host)["changed"] == 0
    assert (pending(cloud, host), host.boot_id(), accepts(host, "root", NEW)) == (True, before, True)
    # The same generation, and now it may restart.
    done = reset(controller, [host], **{**other, "restart": "reboot", "allow_restart": True}, old_password=NEW)
    assert (done.line(host), done.recap(host)["changed"]) == (PROVED, 1)
    assert (pending(cloud, host), host.boot_id() == before) == (False, False)


def test_a_stopped_server_is_started(cloud: CloudControl, controller: Controller, host: Host) -> None:
    assert controller.play([install([host], controller)]).status == 0
    host.stop()
    ran = reset(controller, [host], password=NEW, old_password=OLD)
    assert ran.line(host) == PROVED, ran.run.output
    assert ran.run.status == 0
    assert host.state() == "running"


def test_check_mode_says_what_would_be_done_and_does_nothing(
    cloud: CloudControl, controller: Controller, host: Host, file: Path
) -> None:
    before, earlier = host.boot_id(), len(about(cloud, host))
    assert controller.play([install([host], controller)]).status == 0
    for given_password in ({"file": str(file)}, {"file": str(file), "password": NEW}, {"password": NEW}):
        ran = reset(controller, [host], flags=["--check"], generation="1", **given_password)
        assert ran.line(host) == "PLANNED: The password would be reset; run without check mode.", ran.run.output
        assert (ran.run.status, ran.recap(host)["changed"]) == (0, 1)
    agent = reset(controller, [host], flags=["--check"], password=NEW, restart="agent")
    assert agent.outcome(host) == ("planned", "check_mode"), agent.run.output
    assert (file.exists(), pending(cloud, host), host.boot_id()) == (False, False, before)
    asked = about(cloud, host)[earlier:]
    assert {record.path.rpartition("/")[2] for record in asked if record.method != "GET"} == set()
    assert cloud.server(host.uuid).metadata == {}
    # What is done already: nothing would be changed.
    assert reset(controller, [host], file=str(file), generation="1").run.status == 0
    done = reset(controller, [host], flags=["--check"], file=str(file), generation="1")
    assert (done.outcome(host), done.recap(host)["changed"]) == (("verified", "password_accepted"), 0), done.run.output
    # What was asked for and has not taken effect: the restart would follow.
    reset(controller, [host], file=str(file), generation="2", restart="none")
    due = reset(controller, [host], flags=["--check"], file=str(file), generation="2")
    assert "asked for before, and the restart would follow" in due.line(host)
    assert due.recap(host)["changed"] == 1


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"password": NEW, "allow_restart": False}, "servers are restarted only with password_reset_allow_restart set"),
        ({}, "Neither password_reset_password nor password_reset_file is set; give the new password, or an"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_asked(
    variables: dict[str, object], said: str, cloud: CloudControl, controller: Controller, host: Host
) -> None:
    asked = about(cloud, host)
    ran = reset(controller, [host], **variables)
    assert said in ran.run.of(host)["msg"]
    assert (ran.run.status, ran.run.ssh_starts, ran.report, about(cloud, host)) == (2, 0, {}, asked)


def test_a_wave_in_which_too_many_fail_is_the_last_one(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str
) -> None:
    bad, later, good = hosts = [take(name) for name in (host_name, "debian11", "debian13")]
    assert controller.play([install(hosts, controller)]).status == 0
    cloud.change(bad.uuid, reset="no_agent")
    before, asked = boots([bad, later]), about(cloud, later)
    flags = ["--limit", names(hosts), "-e", "cloudreset_serial=2"]
    ran = reset(controller, hosts, playbook=PLAYBOOK, flags=flags, password=NEW, generation="1")
    assert ran.run.status == 2
    assert {name: told["outcome"] for name, told in ran.report.items()} == {
        bad.name: "refused",
        good.name: "verified",
    }
    assert ran.outcome(bad) == ("refused", "agent_missing")
    assert "Ecs.0613" in ran.line(bad)
    assert [ran.recap(host)["changed"] for host in (bad, good)] == [0, 1]
    assert (about(cloud, later), boots([bad, later]), pending(cloud, later)) == (asked, before, False)
    # With half of them free to fail, the next wave follows.
    flags += ["-e", "cloudreset_max_fail_percentage=50"]
    more = reset(controller, hosts, playbook=PLAYBOOK, flags=flags, password=NEW, generation="1")
    assert [more.outcome(host)[0] for host in hosts] == ["refused", "verified", "verified"], more.run.output


def test_who_is_not_ready_is_told_why_and_the_others_go_on(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str
) -> None:
    ready, unlike, nobody, unset, bad = hosts = [
        take(name) for name in (host_name, "debian11", "debian13", "nometadata", "python")
    ]
    assert controller.play([install([ready, unlike, nobody], controller)]).status == 0
    before = boots(hosts[1:])
    ids = {unlike: bad.uuid, nobody: "0b4e21a4-0000-4000-8000-000000000000", unset: ""}
    inventory = {host.name: {"cloudreset_server_id": server_id} for host, server_id in ids.items()}
    ran = reset(controller, hosts, password=NEW, old_password=OLD, inventory=inventory)
    assert ran.line(ready) == PROVED, ran.run.output
    assert {ran.outcome(host) for host in hosts[1:]} == {("not_ready", "prerequisites")}
    assert f"server_id: the guest says that it is {unlike.uuid}, the inventory {bad.uuid}" in ran.line(unlike)
    assert "server_id: the guest says" in ran.line(nobody)
    assert "server_id: neither the inventory nor the guest tells it" in ran.line(unset)
    assert "agent: absent. Install it" in ran.line(bad)
    assert [ran.recap(host)["changed"] for host in hosts] == [1, 0, 0, 0, 0]
    assert (boots(hosts[1:]), [pending(cloud, host) for host in hosts]) == (before, [False] * 5)


@pytest.mark.mainpath
def test_a_run_that_was_killed_before_the_restart_is_finished_with_the_same_password(
    cloud: CloudControl, controller: Controller, host: Host, file: Path
) -> None:
    assert controller.play([install([host], controller)]).status == 0
    before = host.boot_id()
    process = controller.start([role([host])], given(controller, file=str(file), generation="1"))
    wait_for(lambda: pending(cloud, host), 60)
    kill_all(process, controller.folder)
    assert (host.boot_id(), accepts(host, "root", OLD)) == (before, True)
    word = stored(controller, file)[host.name]["pending"]["password"]
    again = reset(controller, [host], file=str(file), generation="1", old_password=OLD)
    assert again.line(host) == PROVED, again.run.output
    assert again.recap(host)["changed"] == 1
    assert stored(controller, file)[host.name]["current"]["password"] == word
    assert accepts(host, "root", word)


def test_who_is_let_in_by_the_old_password_only_or_not_at_all_has_his_reset_all_the_same(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str
) -> None:
    old, lost = hosts = [take(name) for name in (host_name, "debian13")]
    assert controller.play([install(hosts, controller)]).status == 0
    inventory = {
        old.name: {**NO_KEY, "ansible_password": OLD},
        lost.name: {**NO_KEY, "ansible_user": "operator", "ansible_password": GUESS},
    }
    ran = reset(controller, hosts, password=NEW, generation="1", inventory=inventory)
    assert ran.run.status == 0, ran.run.output
    # That the blob is gone could be asked of both.
    assert (ran.line(old), ran.line(lost)) == (PROVED, "VERIFIED: The new password lets you in.")
    assert [ran.recap(host)["unreachable"] for host in hosts] == [0, 0]


def test_no_password_is_lost_or_left_over_when_the_cloud_does_not_take_it(
    cloud: CloudControl, controller: Controller, host: Host, file: Path
) -> None:
    assert controller.play([install([host], controller)]).status == 0
    weak = reset(controller, [host], file=str(file), generation="1", password="weak")
    assert weak.outcome(host) == ("refused", "cloud_refused"), weak.run.output
    assert "the password for" in weak.line(host)
    assert stored(controller, file)[host.name]["pending"] is None
    reset(controller, [host], file=str(file), generation="1", restart="none")
    kept = stored(controller, file)[host.name]["pending"]
    # The record is lost and the server is locked: it may have been asked for, and it was.
    cloud.change(host.uuid, metadata={}, reset="no_agent")
    refused = reset(controller, [host], file=str(file), generation="1")
    assert refused.outcome(host) == ("refused", "agent_missing"), refused.run.output
    assert stored(controller, file)[host.name]["pending"] == kept


def test_a_file_that_was_lost_is_said_so_before_anything_is_restarted(
    cloud: CloudControl, controller: Controller, host: Host, file: Path
) -> None:
    first = reset(controller, [host], install([host], controller), file=str(file), generation="1")
    assert first.run.status == 0, first.run.output
    file.rename(file.with_name("away"))
    before = host.boot_id()
    again = reset(controller, [host], file=str(file), generation="1")
    assert again.outcome(host) == ("refused", "cloud_refused")
    assert f"Generation 1 was reset before, and its password is not in {file}." in again.line(host)
    assert (host.boot_id(), stored(controller, file)[host.name]["pending"]) == (before, None)
    # Nor is it for a password that is not the generation's.
    other = reset(controller, [host], password=NEW, generation="1")
    assert other.outcome(host) == ("not_verified", "changed_since"), other.run.output
    assert (host.boot_id(), other.recap(host)["changed"]) == (before, 0)
