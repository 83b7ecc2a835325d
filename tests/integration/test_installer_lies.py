# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's word is not believed: the guide's output rule decides, and what is then true on the guest."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from controller import Controller
from snapshot import snapshot
from story import AGENT, FRESH, SERVICE, agent, package, steps, tell
from waiting import accepts, wait_for

from lab.client import Host
from lab.metadata_client import MetadataControl

PASSWORD = "Boot-Pass-456"
FAILURE_LINE = 'setup.sh printed "Failed to start service cloudResetPwdAgent"'
NO_SUCCESS_LINE = 'setup.sh did not print "cloudResetPwdAgent install successfully."'
WARNING = "WARNING: cloudResetPwdAgent may have failed to start."
SUCCESS = "cloudResetPwdAgent install successfully."

# What the package does, and what is said of it.
LIES: dict[str, tuple[dict[str, str], str]] = {
    "failure line, then success line and status 0": ({"start": "fails"}, FAILURE_LINE),
    "status 1 after the copying": ({"setup": "fails"}, NO_SUCCESS_LINE),
    "success line and half of the files": ({"setup": "half"}, "setup.sh said success, but /CloudrResetPwdAgent/"),
    "a child that never ends": ({"setup": "hangs"}, "setup.sh was ended after 2 s (setup_timeout)"),
    "not a word": ({"setup": "silent"}, NO_SUCCESS_LINE),
    "a terminal wanted": ({"setup": "needs_tty"}, NO_SUCCESS_LINE),
}


def ends_with_status_3(packed: dict[str, str]) -> dict[str, str]:
    """Changes the package: its setup.sh says success, and ends with another status."""
    path = packed["package"]
    with zipfile.ZipFile(path) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in entries:
            is_setup = info.filename.endswith("/setup.sh")
            archive.writestr(info, data.replace(b"exit 0", b"exit 3") if is_setup else data)
    return {"package": path}


def disk(host: Host) -> set[str]:
    """What lies on the disk; of insserv's own notes the words: it writes them anew, in another order."""
    notes = host.sh("cat /etc/init.d/.depend.* 2>/dev/null", check=False).stdout.splitlines()
    words = {" ".join(sorted(line.split())) for line in notes}
    return {line for line in snapshot(host) if not line.startswith("/etc/init.d/.depend.")} | words


def assert_boots_and_resets(host: Host, metadata: MetadataControl) -> None:
    """A password that is left for the agent is root's after a real reboot, and not before."""
    wait_for(lambda: host.sh(f"pgrep -f {AGENT}/[b]in/", check=False).returncode != 0)
    metadata.set_password(host.name, PASSWORD)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)


@pytest.mark.parametrize("name", ["plain1", "sysv"])
def test_an_installation_that_only_says_success_fails_and_leaves_nothing(
    name: str, take: Callable[[str], Host], controller: Controller
) -> None:
    host = take(name)
    if name == "sysv":
        host.sh("insserv")  # gives all scripts new numbers, as it does again when one comes or goes
    before = disk(host)
    told = tell(
        controller,
        host,
        *(
            agent(lie, setup_timeout=2 if "hangs" in options.values() else 60, **package(controller, lie, **options))
            for lie, (options, _text) in LIES.items()
        ),
    )
    for lie, (_options, text) in LIES.items():
        result = told[lie]
        assert result["kind"] == "failed", (lie, result)
        assert not result["changed"], lie
        assert text in result["msg"], (lie, result["msg"])
        assert "the guest is as it was" in result["msg"], lie
        assert result["rolled_back"] == "nothing", lie
        assert result["agent"]["state"] == "absent", lie
        statuses = {step["name"]: step["status"] for step in result["steps"]}
        assert statuses == {**dict.fromkeys(FRESH, "not reached"), "receive": "ok", "setup": "failed"}, lie
    assert SUCCESS in told["failure line, then success line and status 0"]["setup_output"]
    assert SUCCESS in told["success line and half of the files"]["setup_output"]
    assert before ^ disk(host) == set()
    assert host.sh("pgrep -f '[s]leep 86400|[s]etup.sh'", check=False).stdout == ""


@pytest.mark.parametrize("name", ["plain2", "sysv"])
def test_an_installation_that_succeeds_is_believed_in_spite_of_its_looks(
    name: str, take: Callable[[str], Host], controller: Controller
) -> None:
    host = take(name)
    odd = {
        "usual": package(controller, "usual"),
        "reads stdin": package(controller, "reads", setup="reads_stdin", version="2.0.0"),
        "status 3": ends_with_status_3(package(controller, "status", version="3.0.0")),
    }
    told = tell(controller, host, *(agent(case, upgrade=True, **options) for case, options in odd.items()))
    for case in odd:
        assert told[case]["changed"], told[case]
        assert told[case]["agent"]["state"] == "installed", case
        # The agent has finished before the wrapper looks for it: that is health, and not the guide's failure line.
        assert WARNING in told[case]["setup_output"], case
        assert SUCCESS in told[case]["setup_output"], case
    assert steps(told["usual"]) == FRESH

    modes = host.sh(f"cd {AGENT}; stat -c '%a %U %n' bin/{SERVICE}.script bin/wrapper lib/* .cloudreset").stdout
    wanted = {f"700 root bin/{SERVICE}.script", "700 root bin/wrapper", "600 root .cloudreset"}
    assert wanted <= {*modes.splitlines()}
    assert {line.split()[0] for line in modes.splitlines() if " lib/" in line} == {"600"}
    # The record is what a later run compares with: each file as it lies there.
    package_line, *recorded = host.sh(f"cat {AGENT}/.cloudreset").stdout.splitlines()
    assert package_line == f"package {told['status 3']['package']['sha256']}"
    digests = host.sh(
        f"cd {AGENT}; find . -type f ! -path './logs/*' ! -name .cloudreset -exec sha256sum {{}} +"
    ).stdout
    assert {*recorded} == {*digests.splitlines()}


@pytest.mark.parametrize(
    ("name", "registration", "registered_as"),
    [
        ("plain1", "disabled", "initd"),
        ("plain2", "systemd", "unit"),
        ("plain3", "systemd_customised", "unit"),
        ("sysv", "disabled", "initd"),
        ("sysv", "systemd_customised", "initd"),
    ],
)
def test_the_agent_starts_at_boot_however_setup_registered_it(
    name: str,
    registration: str,
    registered_as: str,
    take: Callable[[str], Host],
    controller: Controller,
    metadata: MetadataControl,
) -> None:
    host = take(name)
    options: dict[str, Any] = package(controller, registration=registration)
    told = tell(controller, host, agent("install", **options), agent("again", **options))
    found = told["install"]["agent"]
    assert (found["state"], found["registered_as"], found["enabled"]) == ("installed", registered_as, True)
    assert not told["again"]["changed"], told["again"]["steps"]
    assert_boots_and_resets(host, metadata)
