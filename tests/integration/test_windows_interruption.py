# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run on Windows that is killed, a guest rebooted under it, two runs at once: the next run makes the agent whole."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from controller import Controller
from story import agent, audit, steps, tell
from test_interruption import link
from waiting import kill_all, wait_for
from windows import AGENT, REINSTALL, WORK, changed_package, windows_package

from lab.client import WindowsHost

GATE, AT_GATE = "C:\\gate", "C:\\at-gate"
# setup.bat has copied everything, and then waits for somebody to take the gate away.
WAITING = rf"""echo here >{AT_GATE}
:gate
if not exist {GATE} goto install
"%target%\bin\wrapper.exe" --sleep 1
goto gate

:half
"""
SLOW = "tc qdisc add dev {} root tbf rate 1mbit burst 32kbit latency 400ms"
FAST = "tc qdisc del dev {} root"


def gated(controller: Controller, **options: Any) -> dict[str, str]:
    """A package whose setup.bat waits at the gate."""
    return changed_package(controller, "gated", ("goto install\n\n:half\n", WAITING), {}, version="2.0.0", **options)


def start(controller: Controller, host: WindowsHost, **options: Any) -> subprocess.Popen[str]:
    """Start a run."""
    task = agent("run", **{"cache_dir": str(controller.cache), **options})
    return controller.start([{"hosts": host.name, "gather_facts": False, "tasks": [task]}])


def result(controller: Controller, process: subprocess.Popen[str], host: WindowsHost) -> dict[str, Any]:
    """Wait for a run and return its result."""
    output, _nothing = process.communicate(timeout=120)
    return controller.finished(process, output).of(host)


def until(host: WindowsHost, process: subprocess.Popen[str], path: str) -> None:
    """Wait for a file of a run's; when it does not come, say what came of the run."""
    try:
        wait_for(lambda: host.exists(path))
    except AssertionError:
        process.kill()
        raise AssertionError(process.communicate()[0]) from None


@contextmanager
def slow(host: WindowsHost) -> Iterator[None]:
    """A link on which a package takes its time."""
    link(host, SLOW)
    try:
        yield
    finally:
        link(host, FAST)


def test_setup_that_hangs_is_given_up_without_a_controller_too(
    winhost: WindowsHost, controller: Controller, second: Controller
) -> None:
    old = windows_package(controller, "old", version="1.0.0")
    tell(controller, winhost, agent("install", **old))
    hanging = windows_package(controller, "hanging", version="2.0.0", setup="hangs")
    process = start(controller, winhost, upgrade=True, setup_timeout=4, **hanging)
    until(winhost, process, f"{WORK}\\interrupted")
    until(winhost, process, f"{AGENT}\\conf\\wrapper.conf")
    kill_all(process, controller.folder)
    # It ends what hangs, puts the old agent back and registers it.
    wait_for(lambda: not winhost.exists(WORK), 90)
    new = windows_package(second, "new", version="2.0.0")
    told = tell(second, winhost, audit(), agent("rerun", upgrade=True, **new), agent("again", upgrade=True, **new))
    found = told["audit"]["agent"]
    assert (found["state"], found["damage"], found["package_sha256"]) == ("installed", [], old["checksum"])
    assert told["rerun"]["agent"]["package_sha256"] == new["checksum"], told["rerun"]
    assert not told["again"]["changed"]
    assert not winhost.exists(WORK)


def test_a_package_whose_controller_is_gone_is_not_waited_for(
    winhost: WindowsHost, controller: Controller, second: Controller
) -> None:
    big = windows_package(controller, "big", padding=2_000_000)
    with slow(winhost):
        process = start(controller, winhost, download_timeout=2, **big)
        until(winhost, process, f"{WORK}\\scratch\\stage")
        kill_all(process, controller.folder)
    # WinRM tells nobody that its client is gone.
    wait_for(lambda: not winhost.exists(f"{WORK}\\lock"), 60)
    told = tell(
        second,
        winhost,
        audit(),
        agent("rerun", lock_timeout=0, **windows_package(second, "new")),
    )
    assert told["audit"]["agent"]["state"] == "absent"
    assert (told["rerun"]["changed"], told["rerun"]["agent"]["state"]) == (True, "installed"), told["rerun"]
    assert not winhost.exists(WORK)


def test_two_runs_at_once_come_one_after_the_other(
    winhost: WindowsHost, controller: Controller, second: Controller
) -> None:
    package = gated(controller)
    winhost.write(GATE, "")
    process = start(controller, winhost, **package)
    until(winhost, process, AT_GATE)
    waiting = start(second, winhost, upgrade=True, **package)
    third = Controller(second.lab, second.folder / "third", second.base_url)
    third.folder.mkdir()
    impatient = tell(third, winhost, agent("impatient", lock_timeout=1, **package))["impatient"]
    holder = winhost.read(f"{WORK}\\holder").decode()
    assert (impatient["kind"], impatient["changed"]) == ("failed", False)
    assert impatient["msg"].startswith(f"Another run (process {holder}) has been at work on this guest for 1 s; wait")
    assert (process.poll(), waiting.poll()) == (None, None)
    winhost.local(GATE).unlink()
    one, two = result(controller, process, winhost), result(second, waiting, winhost)
    assert (one["kind"], one["changed"], one["agent"]["package_sha256"]) == ("ok", True, package["checksum"]), one
    assert (two["kind"], two["changed"], two["agent"]["state"]) == ("ok", False, "installed"), two
    assert not winhost.exists(WORK)


def test_a_guest_that_was_rebooted_hard_is_repaired_by_one_run(
    winhost: WindowsHost, controller: Controller, second: Controller
) -> None:
    tell(controller, winhost, agent("install", **windows_package(controller, "old", version="1.0.0")))
    winhost.write(GATE, "")
    process = start(controller, winhost, upgrade=True, **gated(controller))
    until(winhost, process, AT_GATE)
    winhost.reboot(hard=True)
    kill_all(process, controller.folder)
    new = windows_package(second, "new", version="3.0.0")
    told = tell(second, winhost, audit(), agent("rerun", upgrade=True, **new), agent("again", upgrade=True, **new))
    found = told["audit"]["agent"]
    assert (found["state"], found["damage"][-1]) == ("damaged", "an earlier run was interrupted")
    assert (found["backup"], found["package_sha256"]) == (f"{WORK}\\backup", None), found
    assert steps(told["rerun"]) == REINSTALL
    assert told["rerun"]["agent"]["package_sha256"] == new["checksum"], told["rerun"]
    assert not told["again"]["changed"]
    assert not winhost.exists(WORK)
