# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux enforcing: what each value of the option `selinux` does, and that it enforces again afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller import Controller
from story import Task, agent, audit, script, tell
from waiting import wait_for

from lab.client import Host
from lab.package import build
from lab.package_options import PackageOptions

ENFORCE = "/sys/fs/selinux/enforce"
# Setup registers the agent through update-rc.d: it tells what was in force then.
WITNESS = f'#!/bin/sh\necho "$(cat {ENFORCE})" >>/root/seen\nexec /root/update-rc.d "$@"\n'
PERMISSIVE = {"selinux": "permissive_during_install"}


def watched(host: Host) -> None:
    """Have the host write down what was in force while setup ran."""
    host.sh("mv /usr/sbin/update-rc.d /root/")
    host.write("/usr/sbin/update-rc.d", WITNESS, mode=0o755)


def look(name: str) -> Task:
    """What setup saw since the last look, and what is in force now."""
    return script(f"touch /root/seen; sort -u /root/seen; echo; cat {ENFORCE}; rm -f /root/seen", name)


def seen(result: Mapping[str, Any]) -> tuple[str, str]:
    """Return the two things that look tells."""
    *before, now = result["stdout"].split()
    return "".join(before), now


def selinux(result: Mapping[str, Any]) -> tuple[str, str]:
    (item,) = [item for item in result["prerequisites"] if item["name"] == "selinux"]
    return item["status"], item["found"]


def package(controller: Controller, **options: Any) -> dict[str, str]:
    """Build a package on the controller and return the options that name it."""
    built = build(PackageOptions(**options), controller.folder / f"{'-'.join(options)}.zip")
    return {"package": str(built.path), "checksum": built.sha256}


def test_it_is_permissive_while_setup_runs_and_enforces_again_whatever_came_of_it(
    take: Callable[[str], Host], controller: Controller
) -> None:
    host = take("selinux")
    watched(host)
    failing = package(controller, start="fails")
    hanging = package(controller, setup="hangs")
    tasks = [
        *(agent("refused"), look("after the refusal")),
        *({**agent("predicted", **PERMISSIVE), "check_mode": True}, look("after the prediction")),
        *(agent("failed", **PERMISSIVE, **failing), look("after the failure")),
        *(agent("ended", **PERMISSIVE, **hanging, setup_timeout=1), look("after the end")),
        *(agent("installed", **PERMISSIVE), look("after the installation")),
        *(agent("unchanged", **PERMISSIVE), look("after nothing")),
        *(agent("removed", state="absent"), look("after the removal")),
        *(agent("ignored", selinux="ignore"), look("after ignoring it")),
        audit("enforcing"),
        script(f"echo 0 >{ENFORCE}; rm -f /CloudrResetPwdAgent/bin/wrapper"),
        *(agent("repaired", **PERMISSIVE), look("after the repair")),
        script(f"echo 1 >{ENFORCE}"),
        audit("warned", **PERMISSIVE),
    ]
    results = tell(controller, host, *tasks)

    assert results["refused"]["msg"].startswith("Nothing was changed: selinux failed. selinux: found enforcing, ")
    names = [step["name"] for step in results["predicted"]["steps"]]
    assert names.index("selinux_permissive") < names.index("setup") < names.index("selinux_enforcing")
    assert "Failed to start service" in results["failed"]["msg"]
    assert "setup_timeout" in results["ended"]["msg"]
    changes = {"installed": True, "unchanged": False, "ignored": True, "repaired": True}
    assert {name: results[name]["changed"] for name in changes} == changes
    assert {step["status"] for step in results["installed"]["steps"]} == {"ok"}

    looks = {name.removeprefix("after "): seen(result) for name, result in results.items() if name.startswith("after ")}
    assert looks.pop("the removal")[1] == "1"
    assert looks == {
        "the refusal": ("", "1"),
        "the prediction": ("", "1"),
        "the failure": ("0", "1"),
        "the end": ("", "1"),
        "the installation": ("0", "1"),
        "nothing": ("", "1"),
        "ignoring it": ("1", "1"),
        # Where it was permissive before, it stays so.
        "the repair": ("0", "0"),
    }
    found = {name: selinux(results[name]) for name in ("refused", "installed", "ignored", "enforcing", "warned")}
    assert found == {
        **dict.fromkeys(("refused", "enforcing"), ("fail", "enforcing")),
        **dict.fromkeys(("installed", "ignored", "warned"), ("warn", "enforcing")),
    }
    assert selinux(results["repaired"]) == ("pass", "permissive")


def test_a_run_that_is_killed_while_it_is_permissive_is_made_good_by_the_next(
    take: Callable[[str], Host], controller: Controller
) -> None:
    host = take("selinux")
    play = {
        "hosts": host.name,
        "gather_facts": False,
        "tasks": [agent("install", **PERMISSIVE, **_hanging(controller))],
    }
    process = controller.start([play])
    wait_for(lambda: host.sh(f"cat {ENFORCE}; pgrep -x sleep >/dev/null", check=False).stdout.strip() == "0")
    wait_for(lambda: host.sh("pgrep -f [s]etup.sh", check=False).returncode == 0)
    # The guest's script itself, which no controller's death ends.
    host.sh("pkill -KILL -f 'IFS[=] read'; pkill -KILL -f '[s]etup.sh'; pkill -KILL -x sleep; true")
    process.communicate(timeout=60)
    assert host.sh(f"cat {ENFORCE}").stdout.strip() == "0"
    result = controller.agent(host).of(host)
    assert result["agent"]["state"] == "installed"
    assert host.sh(f"cat {ENFORCE}").stdout.strip() == "1"
    assert host.sh("ls -d /.cloudreset", check=False).stdout == ""


def _hanging(controller: Controller) -> dict[str, str]:
    return {**package(controller, setup="hangs"), "cache_dir": str(controller.cache)}
