# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of damage on Windows is seen as what it is, repaired with the steps that it takes, and then left alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from controller import Controller
from story import Damage, agent, audit, script, steps, tell
from waiting import wait_for
from windows import (
    AGENT,
    FRESH,
    IDLE,
    KEY,
    NO_CONF,
    REINSTALL,
    SC,
    SERVICE,
    UPDATER,
    WORK,
    accepts,
    meanwhile,
    runs_at_boot,
    traces,
    windows_package,
)

from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

PASSWORD = "Fresh-Pass-123"
REGISTER = ["register", "enable"]


DAMAGES = {
    "wrapper missing": Damage(
        f"Remove-Item {AGENT}\\bin\\wrapper.exe", "damaged", REINSTALL, ("bin/wrapper.exe is missing or empty",)
    ),
    "wrapper empty": Damage(
        f"[IO.File]::WriteAllText('{AGENT}\\bin\\wrapper.exe', '')",
        "damaged",
        REINSTALL,
        ("bin/wrapper.exe is missing or empty",),
    ),
    "wrapper changed": Damage(
        f"[IO.File]::AppendAllText('{AGENT}\\bin\\wrapper.exe', 'x')",
        "damaged",
        REINSTALL,
        ("bin/wrapper.exe was changed",),
    ),
    "jar missing": Damage(
        f"Remove-Item {AGENT}\\lib\\wrapper.jar", "damaged", REINSTALL, ("lib/wrapper.jar is missing",)
    ),
    "lib empty": Damage(f"Remove-Item {AGENT}\\lib\\*", "damaged", REINSTALL, ("lib is empty",)),
    "installer missing": Damage(
        f"Remove-Item {AGENT}\\bin\\InstallApp-NT.bat", "damaged", REINSTALL, ("bin/InstallApp-NT.bat is missing",)
    ),
    "conf missing": Damage(
        f"Remove-Item {AGENT}\\conf\\wrapper.conf", "damaged", NO_CONF, ("conf/wrapper.conf is missing or empty",)
    ),
    "record corrupt": Damage(
        f"[IO.File]::WriteAllText('{AGENT}\\.cloudreset', 'nonsense')",
        "damaged",
        REINSTALL,
        ("the record of what was installed is corrupt",),
    ),
    "merely unzipped": Damage(
        f"{SC} delete {SERVICE} | Out-Null; Remove-Item -Recurse -Force {AGENT}; "
        f"New-Item -ItemType Directory {AGENT}\\CloudResetPwdAgent.Windows | Out-Null; "
        f"[IO.File]::WriteAllText('{AGENT}\\CloudResetPwdAgent.Windows\\setup.bat', 'rem')",
        "unzipped",
        ["receive", "backup", *FRESH[1:]],
    ),
    "unregistered": Damage(f"{SC} delete {SERVICE} | Out-Null", "unregistered", REGISTER),
    "registered elsewhere": Damage(
        f"Set-ItemProperty {KEY} ImagePath C:\\windows\\system32\\notepad.exe", "unregistered", REGISTER
    ),
    "started by hand": Damage(f"Set-ItemProperty {KEY} Start 3", "disabled", ["enable"]),
    "disabled": Damage(f"Set-ItemProperty {KEY} Start 4", "disabled", ["enable"]),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_repaired(name: str, winhost: WindowsHost, controller: Controller) -> None:
    damage = DAMAGES[name]
    package = windows_package(controller)
    told = tell(
        controller,
        winhost,
        agent("install", **package),
        script(f"{IDLE}; {damage.script}"),
        audit(),
        agent("repair", **package),
        agent("again", **package),
    )
    found = told["audit"]["agent"]
    assert told["install"]["agent"]["state"] == "installed", told["install"]
    assert found["state"] == damage.state, found
    assert found["damage"][: len(damage.damage)] == list(damage.damage)
    assert bool(found["damage"]) == bool(damage.damage)
    assert told["repair"]["changed"], told["repair"]
    assert steps(told["repair"]) == damage.steps
    assert {step["status"] for step in told["repair"]["steps"]} == {"ok"}
    assert told["repair"]["agent"]["state"] == "installed"
    assert told["repair"]["agent"]["unzipped"] is None
    assert not told["again"]["changed"], told["again"]["steps"]
    assert not winhost.exists(WORK)


@pytest.mark.parametrize("name", ["unregistered", "disabled"])
def test_what_was_repaired_runs_at_boot(
    name: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    package = windows_package(controller)
    tell(controller, winhost, agent("install", **package), script(DAMAGES[name].script), agent("repair", **package))
    assert runs_at_boot(winhost, metadata, PASSWORD)


def test_an_operators_conf_is_no_damage_and_the_backend_mode_is_kept(
    winhost: WindowsHost, controller: Controller
) -> None:
    package = windows_package(controller)
    conf = f"{AGENT}\\conf\\wrapper.conf"
    told = tell(
        controller,
        winhost,
        agent("install", backend="auto", **package),
        script(f"[IO.File]::AppendAllText('{conf}', \"wrapper.ping.timeout=42`r`n\")"),
        agent("edited", **package),
        agent("pipe", backend="pipe", **package),
        agent("pipe again", backend="pipe", **package),
        script(f"Remove-Item {AGENT}\\lib\\wrapper.jar"),
        agent("repair", **package),
    )
    assert (told["install"]["agent"]["backend"], told["edited"]["changed"]) == ("AUTO", False)
    assert (steps(told["pipe"]), told["pipe"]["agent"]["backend"]) == (["backend"], "PIPE")
    assert not told["pipe again"]["changed"]
    assert told["repair"]["agent"]["backend"] == "PIPE"
    lines = winhost.read(conf)
    assert lines.count(b"wrapper.backend.type=") == 1
    assert b"\r\nwrapper.backend.type=PIPE\r\n" in lines


def test_absent_removes_whatever_is_there(winhost: WindowsHost, controller: Controller) -> None:
    old = windows_package(controller, "old", update_agent=True, version="0.9.0")
    new = windows_package(controller, "new")
    updater = (
        f"New-Item -ItemType Directory {UPDATER}\\bin | Out-Null; "
        f"{SC} create cloudResetPwdUpdateAgent binPath= {UPDATER}\\bin\\x.exe | Out-Null"
    )
    told = tell(
        controller,
        winhost,
        agent("nothing there", state="absent"),
        agent("old", **old),
        agent("new", upgrade=True, keep_backup=True, **new),
        script(updater),
        agent("all", state="absent"),
        agent("all, again", state="absent"),
        agent("install", **new),
        script(f"{IDLE}; Remove-Item -Recurse -Force {AGENT}"),
        agent("registration without files", state="absent"),
        agent("install once more", **new),
        script(f"{IDLE}; {SC} delete {SERVICE} | Out-Null"),
        agent("files without registration", state="absent"),
        agent("again", state="absent"),
    )
    removed = {
        "all": f"there is the agent, {UPDATER}, {WORK}\\backup",
        "registration without files": "there is its registration",
        "files without registration": "there is the agent",
    }
    for name, why in removed.items():
        assert told[name]["changed"], (name, told[name])
        assert [(step["name"], step["why"]) for step in told[name]["steps"]] == [("remove", why)]
        assert told[name]["agent"]["state"] == "absent"
    for name in ("nothing there", "all, again", "again"):
        assert not told[name]["changed"], (name, told[name]["steps"])
    assert traces(winhost) == []


def test_files_in_use_are_named_and_nothing_of_their_folder_is_removed(
    winhost: WindowsHost, controller: Controller
) -> None:
    package = windows_package(controller)
    first = tell(controller, winhost, agent("install", **package))
    assert first["install"]["agent"]["state"] == "installed"
    hold = f"$f = New-Object IO.FileStream -ArgumentList '{AGENT}\\lib\\wrapper.jar', 'Open', 'Read', 'None'"
    with meanwhile(winhost, hold, "C:\\held"):
        told = tell(controller, winhost, agent("absent", state="absent"), audit())
    assert told["absent"]["kind"] == "failed"
    assert f"{AGENT}\\lib\\wrapper.jar in use" in told["absent"]["msg"]
    assert winhost.exists(f"{AGENT}\\bin\\wrapper.exe")
    again = tell(controller, winhost, agent("absent", state="absent"))["absent"]
    assert (again["changed"], again["agent"]["state"]) == (True, "absent"), again
    assert traces(winhost) == []


def test_restarted_runs_the_agent_which_applies_a_pending_reset(
    winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    package = windows_package(controller)
    told: Mapping[str, Any] = tell(
        controller, winhost, agent("not installed", state="restarted"), agent("install", **package)
    )
    assert told["not installed"]["msg"].startswith("The agent is not installed, so it cannot be restarted; install it")
    metadata.set_password(winhost.name, PASSWORD)
    done = tell(controller, winhost, agent("restart", state="restarted"))["restart"]
    assert (done["changed"], steps(done)) == (True, ["restart"]), done
    wait_for(lambda: metadata.show(winhost.name).blob == "")
    assert accepts(winhost, PASSWORD)


def test_stopped_ends_a_running_agent_and_leaves_one_that_does_not_run(
    winhost: WindowsHost, controller: Controller
) -> None:
    told = tell(
        controller,
        winhost,
        agent("not there", state="stopped"),
        agent("install", **windows_package(controller, resident=True)),
        audit(),
        agent("stop", state="stopped"),
        agent("again", state="stopped"),
    )
    assert [told[name]["changed"] for name in ("not there", "stop", "again")] == [False, True, False], told
    assert told["audit"]["agent"]["running"]
    assert (steps(told["stop"]), told["stop"]["agent"]["running"]) == (["stop"], False)
    assert winhost.ps(f"(Get-ItemProperty {KEY}).Start").stdout.strip() == "2"
