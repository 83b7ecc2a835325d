# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed, a guest that is rebooted under it, and two runs at once: the agent is whole, or the next run
makes it so.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from controller import Controller
from story import AGENT, REINSTALL, agent, audit, package, script, steps, tell
from waiting import accepts, kill_all, wait_for

from lab.client import Host
from lab.faults import Hang
from lab.metadata_client import MetadataControl
from lab.network import CLOUD
from lab.process import LabError

WORK = "/.cloudreset"
# Called between backup and setup; the registration of the stand-in does not need it.
GATE = "#!/bin/sh\ntouch /run/at-gate\nwhile [ -e /run/gate ]; do sleep 0.05; done\n"
NOBODY_ANSWERS = Hang(path="*/reset_password", method="GET")
PASSWORD = "Fresh-Pass-123"


@dataclass(frozen=True)
class Stage:
    """A point at which a run is held: how to know it, what the new package has to be, and what a controller's death
    there leaves, when the guest's script is let go on: the new agent, or what was there before.
    """

    reached: str
    package: dict[str, Any] = field(default_factory=dict)
    ends_new: bool = True


STAGES = {
    "receive": Stage(f"test -d {WORK}/scratch/stage", {"padding": 2_000_000}, ends_new=False),
    "backup": Stage("test -e /run/at-gate"),
    "copied": Stage("pgrep -f '^sleep 86400'", {"setup": "hangs"}, ends_new=False),
    "starting": Stage("pgrep -x wrapper"),
}
# There is nothing to put aside on a fresh host.
POINTS = [(stage, old) for stage in STAGES for old in (True, False) if old or stage != "backup"]


@dataclass(frozen=True)
class Held:
    """A run that is held at a stage."""

    controller: Controller
    host: Host
    process: subprocess.Popen[str]
    release: Callable[[], None]
    new: dict[str, str]

    def kill_controller(self) -> None:
        """Kill the whole of it: ansible-playbook, its workers, ssh and ssh's master, with no time to say goodbye."""
        kill_all(self.process, self.controller.folder)


def link(host: Host, command: str) -> None:
    """Do something to the host's link at the bridge. A hard reboot gives it a new one."""
    port = "clab-" + "-".join(host.address.split(".")[2:])
    argv = ["ip", "netns", "exec", CLOUD, *command.format(port).split()]
    subprocess.run(argv, check=" del " not in command, capture_output=True)


def hold(controller: Controller, host: Host, metadata: MetadataControl, stage: str, **options: Any) -> Held:
    """Start an upgrade to a new package and return when it has come to the stage."""
    new = package(controller, "new", version="2.0.0", **STAGES[stage].package)
    if stage == "receive":
        link(host, "tc qdisc add dev {} root tbf rate 1mbit burst 32kbit latency 400ms")
    elif stage == "starting":
        metadata.set_faults(host.name, NOBODY_ANSWERS)
    elif stage == "backup":
        host.sh("touch /run/gate")
        host.write("/usr/bin/chkconfig", GATE, mode=0o755)

    def release() -> None:
        if stage == "receive":
            link(host, "tc qdisc del dev {} root")
        metadata.clear(host.name)
        with contextlib.suppress(LabError):
            host.sh("rm -f /run/gate /run/at-gate /usr/bin/chkconfig")

    process = start(controller, host, **{**new, "upgrade": True, **options})
    try:
        wait_for(lambda: host.sh(STAGES[stage].reached, check=False).returncode == 0, 60)
    except AssertionError:
        release()
        process.kill()
        raise AssertionError(process.communicate()[0]) from None
    return Held(controller, host, process, release, new)


def start(controller: Controller, host: Host, **options: Any) -> subprocess.Popen[str]:
    """Start a run."""
    task = agent("run", **{"cache_dir": str(controller.cache), **options})
    # A guest that lost its power says no goodbye; asked for a sign of life, the one that is up again says that it knows
    # of no connection. Without it the client waits for ever.
    alive = {"ansible_ssh_extra_args": "-o ServerAliveInterval=10"}
    return controller.start([{"hosts": host.name, "gather_facts": False, "vars": alive, "tasks": [task]}])


def result(controller: Controller, process: subprocess.Popen[str], host: Host) -> dict[str, Any]:
    """Wait for a run and return its result."""
    output, _nothing = process.communicate(timeout=120)
    return controller.finished(process, output).of(host)


def is_gone(host: Host, path: str) -> Callable[[], bool]:
    """Whether there is no such file, as a condition to wait for."""
    return lambda: host.sh(f"test -e {path}", check=False).returncode != 0


@pytest.fixture
def old(controller: Controller) -> dict[str, str]:
    """The package of an agent that is there before."""
    return package(controller, "old", version="1.0.0")


@pytest.mark.parametrize(("stage", "upgrade"), POINTS)
def test_a_killed_controller_leaves_a_whole_agent_or_nothing(
    stage: str,
    upgrade: bool,
    host: Host,
    controller: Controller,
    second: Controller,
    metadata: MetadataControl,
    old: dict[str, str],
) -> None:
    if upgrade:
        tell(controller, host, agent("install", **old))
    held = hold(controller, host, metadata, stage, setup_timeout=4 if stage == "copied" else 60)
    held.kill_controller()
    held.release()
    wait_for(is_gone(host, WORK))
    new = package(second, "new", version="2.0.0", **({} if stage == "copied" else STAGES[stage].package))
    told = tell(second, host, audit(), agent("rerun", **new, upgrade=True), agent("again", **new, upgrade=True))
    found = told["audit"]["agent"]
    here = new["checksum"] if STAGES[stage].ends_new else old["checksum"] if upgrade else None
    assert found["package_sha256"] == here
    assert found["state"] == ("installed" if here else "absent")
    assert found["damage"] == found["modes_wrong"] == []
    assert told["rerun"]["changed"] == (not STAGES[stage].ends_new)
    assert told["rerun"]["agent"]["package_sha256"] == new["checksum"]
    assert not told["again"]["changed"]
    assert is_gone(host, WORK)()


@pytest.mark.parametrize("package_is_good", [True, False])
@pytest.mark.parametrize(("stage", "upgrade"), POINTS)
def test_a_guest_that_was_rebooted_hard_is_told_as_it_is_and_repaired_by_one_run(
    stage: str,
    upgrade: bool,
    package_is_good: bool,
    host: Host,
    controller: Controller,
    metadata: MetadataControl,
    old: dict[str, str],
) -> None:
    if upgrade:
        tell(controller, host, agent("install", **old))
    held = hold(controller, host, metadata, stage)
    host.reboot(hard=True)
    assert result(controller, held.process, host)["kind"] in ("failed", "unreachable")
    held.release()
    rerun = package(controller, "rerun", version="3.0.0", start="works" if package_is_good else "fails")
    told = tell(
        controller,
        host,
        audit(),
        agent("rerun", **rerun, upgrade=True),
        agent("again", **(rerun if package_is_good else old), upgrade=package_is_good or upgrade),
    )
    found = told["audit"]["agent"]
    if stage == "receive":
        assert found["state"] == ("installed" if upgrade else "absent")
    elif stage == "backup":
        assert (found["state"], found["backup"]) == ("absent", f"{WORK}/backup")
    else:
        assert found["state"] == "damaged"
        assert found["damage"][-1] == "an earlier run was interrupted"
    after = told["rerun"]["agent"]
    if package_is_good:
        assert after["package_sha256"] == rerun["checksum"], told["rerun"]
        assert not told["again"]["changed"]
    else:
        assert told["rerun"]["kind"] == "failed"
        assert after["state"] == ("installed" if upgrade else "absent")
        assert after["package_sha256"] == (old["checksum"] if upgrade else None)
        assert told["rerun"]["rolled_back"] == (AGENT if upgrade else "nothing")
        assert told["again"]["changed"] != upgrade
    assert is_gone(host, WORK)()
    metadata.set_password(host.name, PASSWORD)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)


def test_a_guest_whose_controller_vanished_from_the_network_gives_the_package_up(
    host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    held = hold(controller, host, metadata, "receive", download_timeout=1)
    link(host, "ip link set {} down")
    held.kill_controller()
    wait_for(is_gone(host, WORK), 40)
    link(host, "ip link set {} up")
    held.release()
    host.wait_up()


def test_what_a_reboot_left_of_a_run_that_had_done_nothing_yet_is_tidied_up(
    host: Host, controller: Controller, metadata: MetadataControl, old: dict[str, str]
) -> None:
    tell(controller, host, agent("install", **old))
    held = hold(controller, host, metadata, "receive")
    host.reboot(hard=True)
    held.kill_controller()
    held.release()
    told = tell(controller, host, audit(), agent("rerun"), agent("again"))
    assert told["audit"]["agent"]["state"] == "installed"
    assert steps(told["rerun"]) == ["tidy"]
    assert not told["again"]["changed"]
    assert is_gone(host, WORK)()


def test_a_script_that_was_killed_on_the_guest_holds_nobody_up(
    host: Host, controller: Controller, metadata: MetadataControl, old: dict[str, str]
) -> None:
    tell(controller, host, agent("install", **old))
    held = hold(controller, host, metadata, "starting")
    host.sh(f"read -r pid _ <{WORK}/lock/holder && kill -9 $pid")
    held.kill_controller()
    held.release()
    told = tell(controller, host, audit(), agent("rerun", **held.new, upgrade=True, lock_timeout=0), agent("again"))
    assert told["audit"]["agent"]["damage"][-1] == "an earlier run was interrupted"
    assert steps(told["rerun"]) == REINSTALL
    assert told["rerun"]["agent"]["package_sha256"] == held.new["checksum"]
    assert not told["again"]["changed"]
    assert is_gone(host, WORK)()


@pytest.mark.parametrize("newer", [False, True])
def test_two_runs_at_once_come_one_after_the_other(
    newer: bool, host: Host, controller: Controller, second: Controller, metadata: MetadataControl
) -> None:
    held = hold(controller, host, metadata, "starting")
    theirs = package(second, "theirs", version="3.0.0") if newer else held.new
    process = start(second, host, **theirs, upgrade=True)
    wait_for(lambda: host.sh("pgrep -fx 'sleep 1'", check=False).returncode == 0)
    third = Controller(second.lab, second.folder / "third", second.base_url)
    third.folder.mkdir()
    told = tell(third, host, agent("impatient", **theirs, lock_timeout=1))
    assert told["impatient"]["kind"] == "failed"
    assert not told["impatient"]["changed"]
    assert "at work on this guest for 1 s; wait for it, or raise lock_timeout." in told["impatient"]["msg"]
    metadata.clear(host.name)
    one, two = result(controller, held.process, host), result(second, process, host)
    assert (one["kind"], one["changed"]) == ("ok", True), one
    assert (two["kind"], two["changed"]) == ("ok", newer), two
    assert one["agent"]["package_sha256"] == held.new["checksum"]
    assert two["agent"]["package_sha256"] == theirs["checksum"]
    assert two["agent"]["state"] == "installed"
    assert steps(two) == (REINSTALL if newer else [])
    assert is_gone(host, WORK)()


@pytest.mark.parametrize(
    "holder",
    [
        "4000000 1 $(cat /proc/sys/kernel/random/boot_id)",  # a process that has ended
        "1 1 $(cat /proc/sys/kernel/random/boot_id)",  # its number is another's by now
        "1 1 00000000-0000-0000-0000-000000000000",  # of an earlier boot
    ],
)
def test_a_stale_lock_is_ignored(holder: str, host: Host, controller: Controller) -> None:
    told = tell(
        controller,
        host,
        agent("install"),
        script(f"chmod 755 {AGENT}/bin/wrapper && mkdir -p {WORK}/lock && echo {holder} >{WORK}/lock/holder"),
        agent("run", lock_timeout=0),
    )
    assert told["run"]["kind"] == "ok", told["run"]
    assert steps(told["run"]) == ["modes"]
    assert is_gone(host, WORK)()
