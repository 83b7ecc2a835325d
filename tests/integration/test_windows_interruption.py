# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run on Windows that is killed, and a guest that is rebooted under it: the next run makes the agent whole."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture
def second(controller: Controller) -> Iterator[Controller]:
    """Another controller."""
    with tempfile.TemporaryDirectory(prefix="ct-", dir="/tmp") as folder:
        yield Controller(controller.lab, Path(folder))


def gated(controller: Controller, **options: Any) -> dict[str, str]:
    """A package whose setup.bat waits at the gate."""
    return changed_package(controller, "gated", ("goto install\n\n:half\n", WAITING), {}, version="2.0.0", **options)


def start(controller: Controller, host: WindowsHost, **options: Any) -> subprocess.Popen[str]:
    """Start a run."""
    task = agent("run", **{"cache_dir": str(controller.cache), **options})
    return controller.start([{"hosts": host.name, "gather_facts": False, "tasks": [task]}])


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
    wait_for(lambda: not winhost.exists(WORK))
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
    wait_for(lambda: not winhost.exists(f"{WORK}\\lock"))
    told = tell(
        second,
        winhost,
        audit(),
        agent("rerun", lock_timeout=0, **windows_package(second, "new")),
    )
    assert told["audit"]["agent"]["state"] == "absent"
    assert (told["rerun"]["changed"], told["rerun"]["agent"]["state"]) == (True, "installed"), told["rerun"]
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
