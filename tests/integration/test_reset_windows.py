# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reset by the real playbook where Windows hosts are among the others: proof, failures that are told, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from controller import Controller
from resets import NEW, OLD, PLAYBOOK, Reset, install, names, play, reset, stored
from test_login_check_windows import WINRM, ssh, trusting
from waiting import accepts
from windows import accepts as has_password
from windows import windows_package

from lab import accounts
from lab.client import AnyHost, Host, WindowsHost
from lab.cloud.client import CloudControl

Take = Callable[[str], Any]
PROVED = "VERIFIED: The new password lets you in, and the old one is refused."
OLD_WINDOWS = "Lab-Admin-1"
OPERATOR = {"ansible_user": "operator", "ansible_password": "Lab-Operator-1"}
# What keeps a guest from setting a password, where readiness does not see it: the cloud's word that nothing arrives.
SILENT = {"reset": "silent"}


def install_windows(hosts: list[WindowsHost], controller: Controller, **options: Any) -> dict[str, Any]:
    """A play that installs the stand-in agent on Windows hosts."""
    package = windows_package(controller, "windows", **{"tries": 10, **options})
    return play(hosts, {"cloudreset.huaweicloud.reset_agent": {**package, "cache_dir": str(controller.cache)}})


def passwords(words: Mapping[AnyHost, str], **more: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Variables that give each host a password of its own."""
    return {host.name: {"password_reset_password": word, **more.get(host.name, {})} for host, word in words.items()}


def pending(cloud: CloudControl, host: AnyHost) -> bool:
    return next(view.pending for view in cloud.views() if view.id == host.uuid)


def test_a_mixed_batch_gets_generated_passwords_and_a_rerun_changes_nothing(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str, winhost_name: str
) -> None:
    linux: Host = take(host_name)
    windows: WindowsHost = take(winhost_name)
    hosts = [linux, windows]
    before = [host.boot_id() for host in hosts]
    file = controller.folder / "passwords.vault"
    plays = [install([linux], controller), install_windows([windows], controller)]
    first = reset(controller, hosts, *plays, file=str(file), generation="1", inventory=old_passwords(linux, windows))
    assert first.run.status == 0, first.run.output
    assert {first.line(host) for host in hosts} == {PROVED}
    after = [host.boot_id() for host in hosts]
    assert not set(before) & set(after)
    words = {name: entry["current"]["password"] for name, entry in stored(controller, file).items()}
    assert len({*words.values()}) == 2
    assert accepts(linux, "root", words[linux.name])
    assert has_password(windows, words[windows.name])
    assert not has_password(windows, OLD_WINDOWS)
    assert [pending(cloud, host) for host in hosts] == [False, False]

    # By the playbook itself, and the inventory knows only the old password of Windows.
    flags = ["--limit", names(hosts)]
    again = reset(controller, hosts, playbook=PLAYBOOK, flags=flags, file=str(file), generation="1")
    assert again.run.status == 0, again.run.output
    assert (again.line(linux), again.line(windows)) == ("VERIFIED: The new password lets you in.", PROVED)
    assert [again.recap(host)["changed"] for host in hosts] == [0, 0]
    assert [host.boot_id() for host in hosts] == after
    assert not [word for word in words.values() if word in first.run.output + again.run.output]


def old_passwords(linux: Host, windows: WindowsHost) -> dict[str, dict[str, Any]]:
    """Variables that tell each host's present password; the inventory of Windows hosts has it already."""
    return {linux.name: {"password_reset_old_password": OLD}, windows.name: {}}


def test_one_of_each_fails_and_is_told_why_and_the_others_go_on(
    cloud: CloudControl, controller: Controller, take: Take
) -> None:
    good, shut = take("plain1"), take("plain2")
    fine, slashed = take("win1"), take("win2")
    hosts = [good, shut, fine, slashed]
    shut.sh("echo PasswordAuthentication no >/etc/ssh/sshd_config.d/00-moods.conf; pkill -HUP -o sshd")
    plays = [install([good, shut], controller), install_windows([fine, slashed], controller)]
    # `net user` takes it for a switch, and the agent does not look.
    words = {good: NEW, shut: NEW, fine: NEW, slashed: "/New-Word-8"}
    inventory = passwords(words, **{slashed.name: OPERATOR})
    ran = reset(controller, hosts, *plays, generation="1", inventory=inventory)
    assert ran.run.status == 2
    assert {host.name: ran.outcome(host) for host in hosts} == {
        good.name: ("verified", "password_accepted"),
        shut.name: ("not_verified", "sshd_refuses_passwords"),
        fine.name: ("verified", "password_accepted"),
        slashed.name: ("not_verified", "password_spoilt"),
    }, ran.run.output
    assert "sshd takes no passwords. Set PasswordAuthentication yes" in ran.line(shut)
    assert "since it begins with /, which net user takes as a switch." in ran.line(slashed)
    assert has_password(fine, NEW)
    assert has_password(slashed, OLD_WINDOWS)
    assert "/New-Word-8" not in ran.run.output


@dataclass(frozen=True)
class Case:
    """One way for a reset to fail on a Windows host, and what is said.

    before: what happens to the host. server, package: switches of the cloud's server and of the agent.
    """

    reason: str
    said: str
    password: str = NEW
    before: Callable[[WindowsHost], object] = lambda _host: None
    server: Mapping[str, Any] = field(default_factory=dict)
    package: Mapping[str, Any] = field(default_factory=dict)


def switch_off(host: WindowsHost) -> None:
    accounts.set_flags(host.accounts, "Administrator", "UD")


CASES = {
    "net user asks": Case(
        "password_spoilt",
        "net user may wait for an answer that nobody gives, since it has more than 14 characters",
        password="Long-New-Word-8.x",
        package={"asks_long": True},
    ),
    "the account is disabled": Case("unexplained", "The new password is not accepted", before=switch_off),
    "the cloud only says so": Case("unexplained", "nothing that the guest tells explains it", server=SILENT),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_the_matter_on_windows_is_told(
    name: str, cloud: CloudControl, controller: Controller, winhost: WindowsHost
) -> None:
    case = CASES[name]
    assert controller.play([install_windows([winhost], controller, **case.package)]).status == 0
    case.before(winhost)
    cloud.change(winhost.uuid, **case.server)
    ran = reset(controller, [winhost], password=case.password, generation="1", inventory={winhost.name: OPERATOR})
    assert ran.outcome(winhost) == ("not_verified", case.reason), ran.run.output
    assert case.said in ran.line(winhost)
    assert not [word for word in ("sshd", "root", "cloud-init", "chage") if word in ran.line(winhost)]


@pytest.mark.parametrize(
    ("password", "refused", "allowed"), [("Sturdy-Madm1n", "Windows", "Linux"), ("My-Root-1word", "Linux", "Windows")]
)
def test_one_password_for_both_is_refused_only_where_the_rules_differ(
    password: str,
    refused: str,
    allowed: str,
    cloud: CloudControl,
    controller: Controller,
    take: Take,
    host_name: str,
    winhost_name: str,
) -> None:
    hosts = [take(host_name), take(winhost_name)]
    plays = [install(hosts[:1], controller), install_windows(hosts[1:], controller)]
    ran = reset(controller, hosts, *plays, password=password, generation="1")
    assert {ran.outcome(host) for host in hosts} == {("refused", "cloud_refused")}, ran.run.output
    for host in hosts:
        assert f"get one password, which the rules of {refused} do not allow and those of {allowed} do" in ran.line(
            host
        )
    assert [pending(cloud, host) for host in hosts] == [False, False]
    # The one that both rules allow goes to both.
    both = reset(controller, hosts, password=NEW, generation="1")
    assert {both.outcome(host)[0] for host in hosts} == {"verified"}, both.run.output


def over(controller: Controller, way: str) -> dict[str, Any]:
    """Variables of a way in other than the lab's own."""
    if way.startswith("ssh-"):
        return {**ssh(controller, way.removeprefix("ssh-")), "ansible_ssh_private_key_file": ""}
    return {**WINRM[way], **trusting(controller)}


# The other ways are login_check's to prove; each reset here takes a minute of CI.
@pytest.mark.parametrize("way", ["psrp-https-ntlm"])
def test_by_other_ways_in_the_old_password_gives_way_to_the_new(
    way: str, cloud: CloudControl, controller: Controller, winhost: WindowsHost
) -> None:
    assert controller.play([install_windows([winhost], controller)]).status == 0
    before = winhost.boot_id()
    inventory = {winhost.name: over(controller, way)}
    ran = reset(controller, [winhost], password=NEW, generation="1", inventory=inventory)
    assert ran.line(winhost) == PROVED, ran.run.output
    assert winhost.boot_id() != before
    # What the inventory says is out; the agent alone is restarted, and applies the next one at once.
    inventory[winhost.name]["ansible_password"] = NEW
    more = {"restart": "agent", "allow_restart": False}
    ran = reset(controller, [winhost], password=f"{NEW}2", generation="2", inventory=inventory, **more)
    assert ran.outcome(winhost) == ("verified", "password_accepted"), ran.run.output
    assert has_password(winhost, f"{NEW}2")


def test_check_mode_says_what_would_be_done_and_does_nothing(
    cloud: CloudControl, controller: Controller, take: Take, host_name: str, winhost_name: str, tmp_path: Path
) -> None:
    hosts = [take(host_name), take(winhost_name)]
    plays = [install(hosts[:1], controller), install_windows(hosts[1:], controller)]
    assert controller.play(plays).status == 0
    before = [host.boot_id() for host in hosts]
    ran: Reset = reset(controller, hosts, flags=["--check"], file=str(tmp_path / "vault"), generation="1")
    assert {ran.line(host) for host in hosts} == {"PLANNED: The password would be reset; run without check mode."}
    assert ([host.boot_id() for host in hosts], [pending(cloud, host) for host in hosts]) == (before, [False, False])
