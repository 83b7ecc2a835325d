# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On Windows, too, the installer's word is not believed; and from one agent to another nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from controller import Controller
from story import agent, audit, script, steps, tell
from windows import AGENT, FRESH, REINSTALL, UPDATER, WORK, install_by_hand, runs_at_boot, traces, windows_package

from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

PASSWORD = "Boot-Pass-456"
SUCCESS = "SUCCESS: Congratulations! CloudResetPwdAgent installed successfully."
NO_SUCCESS_LINE = f'setup.bat did not print "{SUCCESS}"'
FAILED_LINE = 'setup.bat printed "FAILED: Sorry! CloudResetPwdAgent install failed, check for detail"'
OLD: dict[str, Any] = {"version": "0.9.0", "log4j": "2.8.2", "backend": "AUTO"}

# What the package does, and what is said of it.
LIES: dict[str, tuple[dict[str, Any], str]] = {
    "the documented failure": ({"setup": "fails"}, FAILED_LINE),
    "success line and half of the files": ({"setup": "half"}, f"setup.bat said success, but {AGENT}\\"),
    "a child that never ends": ({"setup": "hangs"}, "setup.bat was ended after 5 s (setup_timeout)"),
    "not a word": ({"setup": "silent"}, NO_SUCCESS_LINE),
}


def lying(controller: Controller, lie: str, **options: Any) -> dict[str, Any]:
    """The options of a run with a package that lies."""
    return {"setup_timeout": 5 if "never ends" in lie else 60, **windows_package(controller, lie, **options)}


def test_an_installation_that_only_says_success_fails_and_leaves_nothing(
    winhost: WindowsHost, controller: Controller
) -> None:
    told = tell(
        controller,
        winhost,
        *(agent(lie, **lying(controller, lie, **options)) for lie, (options, _text) in LIES.items()),
    )
    for lie, (_options, text) in LIES.items():
        result = told[lie]
        assert result["kind"] == "failed", (lie, result)
        assert not result["changed"], (lie, result)
        assert text in result["msg"], (lie, result["msg"])
        assert "the guest is as it was" in result["msg"], lie
        assert (result["rolled_back"], result["agent"]["state"]) == ("nothing", "absent"), lie
        statuses = {step["name"]: step["status"] for step in result["steps"]}
        assert statuses == {**dict.fromkeys(FRESH, "not reached"), "receive": "ok", "setup": "failed"}, lie
    assert SUCCESS in told["success line and half of the files"]["setup_output"]
    assert traces(winhost) == []
    # What hung is gone with all that it started.
    assert winhost.ps("Get-Process | Where-Object { $_.Path -like 'C:\\CloudReset*' }").stdout.strip() == ""


@pytest.mark.parametrize(
    ("case", "options"),
    [
        # It pauses, and its exit status means nothing; over WinRM nobody presses a key.
        ("usual", {}),
        ("reads its standard input", {"setup": "reads_stdin"}),
        ("says that the start failed, and it is registered", {"start": "fails"}),
        ("registered and not started at boot", {"registration": "disabled"}),
        ("to be started by hand", {"registration": "manual"}),
        ("says that it registered, and did not", {"registration": "unregistered"}),
        ("nested", {"layout": "nested"}),
        ("at the top", {"layout": "root"}),
        ("blanks and letters that are not ASCII in paths", {"odd_names": True}),
        ("with the update agent", {"update_agent": True}),
    ],
)
def test_what_is_true_in_the_end_counts(
    case: str, options: Mapping[str, Any], winhost: WindowsHost, controller: Controller
) -> None:
    package = windows_package(controller, case, **options)
    told = tell(controller, winhost, agent("install", **package), agent("again", **package))
    found = told["install"]["agent"]
    assert (found["state"], found["registered_as"], found["enabled"]) == ("installed", "service", True), told["install"]
    assert found["package_sha256"] == package["checksum"]
    assert found["updaters"] == [], "nothing of the update agent comes from the package"
    assert not told["again"]["changed"], told["again"]["steps"]
    assert not winhost.exists(WORK)


@pytest.mark.parametrize("registration", ["disabled", "unregistered"])
def test_it_starts_at_boot_however_setup_registered_it(
    registration: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    told = tell(controller, winhost, agent("install", **windows_package(controller, registration=registration)))
    assert told["install"]["changed"], told["install"]
    assert runs_at_boot(winhost, metadata, PASSWORD)


def test_an_upgrade_replaces_all_of_the_old_content_and_only_when_asked(
    winhost: WindowsHost, controller: Controller
) -> None:
    old, new = windows_package(controller, "old", **OLD), windows_package(controller, "new", version="2.0.0")
    told = tell(
        controller,
        winhost,
        agent("install", **old),
        agent("without upgrade", **new),
        agent("upgrade", upgrade=True, keep_backup=True, **new),
        agent("again", upgrade=True, **new),
    )
    assert told["install"]["agent"]["log4j_vulnerable"]
    assert {jar["version"] for jar in told["install"]["agent"]["log4j"]} == {"2.8.2"}
    assert not told["without upgrade"]["changed"]
    upgraded = told["upgrade"]
    assert upgraded["changed"], upgraded
    assert steps(upgraded) == REINSTALL
    assert upgraded["agent"]["package_sha256"] == new["checksum"]
    assert {jar["version"] for jar in upgraded["agent"]["log4j"]} == {"2.17.0"}
    assert not upgraded["agent"]["log4j_vulnerable"]
    assert upgraded["agent"]["backup"] == f"{WORK}\\backup"
    assert winhost.read(f"{WORK}\\backup\\.cloudreset").startswith(f"package {old['checksum']}\n".encode())
    assert not told["again"]["changed"]


def test_an_upgrade_that_fails_puts_the_old_agent_back(
    winhost: WindowsHost, controller: Controller, metadata: MetadataControl
) -> None:
    old = windows_package(controller, "old", **OLD)
    before = tell(controller, winhost, agent("install", **old))["install"]["agent"]
    told = tell(
        controller,
        winhost,
        *(
            agent(lie, upgrade=True, **lying(controller, lie, version="2.0.0", **options))
            for lie, (options, _text) in LIES.items()
        ),
        audit(),
    )
    for lie in LIES:
        result = told[lie]
        assert result["kind"] == "failed", (lie, result)
        assert not result["changed"], (lie, result)
        assert "The agent that was there before was put back." in result["msg"], lie
        assert result["rolled_back"] == AGENT, lie
    settled = {key: value for key, value in before.items() if key not in ("log", "running")}
    assert {key: told["audit"]["agent"][key] for key in settled} == settled
    assert not winhost.exists(WORK)
    assert runs_at_boot(winhost, metadata, PASSWORD)


def test_an_agent_of_the_image_counts_as_present_and_upgrades_when_asked(
    winhost: WindowsHost, controller: Controller
) -> None:
    old, new = windows_package(controller, "old", **OLD), windows_package(controller, "new", version="2.0.0")
    told = tell(
        controller,
        winhost,
        agent("install", **old),
        # Without the record it is as one that came with the image.
        script(f"Remove-Item -Force {AGENT}\\.cloudreset"),
        agent("present", **new),
        agent("upgrade", upgrade=True, **new),
    )
    assert (told["present"]["changed"], told["present"]["agent"]["package_sha256"]) == (False, None)
    assert told["upgrade"]["agent"]["package_sha256"] == new["checksum"], told["upgrade"]


@pytest.mark.parametrize("uninstaller", ["bin", "top"])
def test_the_old_update_agent_goes_by_its_own_uninstaller(
    uninstaller: str, winhost: WindowsHost, controller: Controller
) -> None:
    package = windows_package(controller, update_agent=True, version="0.9.0", uninstaller=uninstaller)
    install_by_hand(winhost, package["package"], "CloudResetPwdUpdateAgent.Windows")
    told = tell(controller, winhost, audit(), agent("absent", state="absent"), agent("again", state="absent"))
    assert told["audit"]["agent"]["updaters"] == [UPDATER]
    assert (told["absent"]["changed"], told["absent"]["agent"]["updaters"]) == (True, []), told["absent"]
    assert traces(winhost) == []
    assert not told["again"]["changed"]
