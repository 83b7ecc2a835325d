# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode predicts what the real run then does, and changes nothing on the guest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from controller import Controller, Run
from story import AGENT, FRESH, REINSTALL, SERVICE, Task, agent, package, script, steps, tell

from lab.client import Host
from lab.faults import Hang
from lab.metadata_client import MetadataControl

# What a host or a login writes by itself. The time is that of the last change of anything, which no program can set.
NOT_OURS = "/proc /sys /dev /run /tmp /var/tmp /var/log /var/lib/systemd /var/lib/private"
SKIP = " -o ".join(f"-path {path}" for path in NOT_OURS.split())
LISTING = f"find / \\( {SKIP} \\) -prune -o -printf '%p %y %m %U %s %C@ %l\\n' | sort"
# While the agent runs it writes here.
LOGS = f"{AGENT}/logs"
INTERRUPTED = f"mkdir /.cloudreset && echo nothing >/.cloudreset/interrupted && rm {AGENT}/lib/wrapper.jar"
KILLED = "mkdir -p /.cloudreset/lock && echo 1 1 0-0 >/.cloudreset/lock/holder"
RUN = f"{AGENT}/bin/{SERVICE}.script start >/dev/null 2>&1 </dev/null & until pgrep -x wrapper; do sleep .1; done"


@dataclass(frozen=True)
class Situation:
    """What is done to a host with the agent, the options, and the steps; a failure's message begins so."""

    script: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    failure: str = ""
    installed: bool = True


def other(state: str) -> dict[str, str]:
    """The option state."""
    return {"state": state}


SITUATIONS = {
    "fresh": Situation(steps=FRESH, installed=False),
    "fresh, backend": Situation(
        options={"backend": "auto"}, steps=[*FRESH[:3], "backend", *FRESH[3:]], installed=False
    ),
    "not ready": Situation(
        options={"minimum_free_mb": 10**6}, failure="Nothing was changed: free_space failed.", installed=False
    ),
    "installed": Situation(),
    "damaged": Situation(f"rm {AGENT}/lib/*", steps=REINSTALL),
    "damaged, not ready": Situation(
        f"rm {AGENT}/lib/*", {"minimum_free_mb": 10**6}, failure="Nothing was changed: free_space failed."
    ),
    "modes": Situation(f"chmod 644 {AGENT}/lib/*", steps=["modes"]),
    "unregistered": Situation(f"rm /etc/init.d/{SERVICE}", steps=["register", "enable"]),
    "disabled": Situation(f"systemctl disable {SERVICE}", steps=["enable"]),
    "masked": Situation(f"systemctl mask {SERVICE}", steps=["enable"]),
    "backend": Situation(options={"backend": "auto"}, steps=["backend"]),
    "all at once": Situation(
        f"chmod 644 {AGENT}/lib/* && rm /etc/init.d/{SERVICE}",
        {"backend": "auto"},
        ["backend", "modes", "register", "enable"],
    ),
    "merely unzipped": Situation(f"mv {AGENT} /CloudResetPwdAgent && rm /etc/init.d/{SERVICE}", steps=FRESH),
    "interrupted": Situation(INTERRUPTED, steps=REINSTALL),
    "left by a killed run": Situation(KILLED, steps=["tidy"]),
    "upgrade to the same": Situation(options={"upgrade": True}),
    "absent": Situation(options=other("absent"), steps=["remove"]),
    "absent, registration alone": Situation(f"rm -r {AGENT}", other("absent"), ["remove"]),
    "absent, nothing there": Situation(options=other("absent"), installed=False),
    "restarted": Situation(options=other("restarted"), steps=["restart"]),
    "restarted, not installed": Situation(
        options=other("restarted"), failure="The agent is not installed, so it cannot be restarted", installed=False
    ),
    "stopped": Situation(RUN, other("stopped"), ["stop"]),
    "stopped, idle": Situation(options=other("stopped")),
}


def real(task: Task) -> Task:
    """The task, done under --check, too."""
    return {**task, "check_mode": False}


def listing(name: str) -> Task:
    """What lies on the guest's disk."""
    return real({**script(LISTING), "name": name})


def predicted(controller: Controller, host: Host, options: Mapping[str, Any], *before: Task) -> dict[str, Any]:
    """Run --check --diff after what comes before, then for real, then again, and compare. Returns the real result."""
    told = tell(
        controller,
        host,
        *map(real, before),
        listing("before"),
        agent("check", **options),
        listing("after"),
        real(agent("real", **options)),
        real(agent("again", **options)),
        flags=["--check", "--diff"],
    )
    assert lines(told["before"]) == lines(told["after"])
    check, done, again = (told[name] for name in ("check", "real", "again"))
    for key in ("kind", "changed", "package", "prerequisites", "ready", "diff"):
        assert check.get(key) == done.get(key), key
    assert [(step["name"], step["why"]) for step in check["steps"]] == [
        (step["name"], step["why"]) for step in done["steps"]
    ]
    assert {step["status"] for step in check["steps"]} <= {"planned"}
    assert {step["status"] for step in done["steps"]} <= {"ok"}
    assert again["changed"] == (options.get("state") == "restarted" and done["kind"] == "ok")
    assert check["changed"] == bool(check["steps"])
    return {**done, "check": check}


def lines(result: Mapping[str, Any]) -> list[str]:
    """The lines of a listing but for what a running agent writes."""
    return [line for line in result["stdout_lines"] if LOGS not in line]


@pytest.mark.parametrize("name", SITUATIONS)
def test_check_mode_predicts(name: str, host: Host, controller: Controller, metadata: MetadataControl) -> None:
    situation = SITUATIONS[name]
    before = [agent("install")] if situation.installed else []
    if situation.script == RUN:
        # The agent runs for as long as nobody answers it, once it is started again.
        before.append(agent("idle", **other("stopped")))
        metadata.set_faults(host.name, Hang(path="*/reset_password", method="GET", skip=1))
    if situation.script:
        before.append(script(situation.script))
    done = predicted(controller, host, situation.options, *before)
    assert steps(done) == situation.steps
    assert done["kind"] == ("failed" if situation.failure else "ok")
    assert done.get("msg", "").startswith(situation.failure)
    if situation.failure:
        assert done["msg"] == done["check"]["msg"]
    if situation.steps:
        diff = done["check"]["diff"]
        plan = yaml.safe_load(diff["after"])
        assert plan.pop("steps") == [f"{step['name']}: {step['why']}" for step in done["steps"]]
        assert plan == yaml.safe_load(diff["before"])
        assert done["check"]["agent"]["state"] == plan["state"], "as it is, not as it will be"
    else:
        assert "diff" not in done


def test_check_mode_predicts_an_upgrade_and_one_that_nobody_asked_for(host: Host, controller: Controller) -> None:
    old = agent("install", **package(controller, "old", version="0.9.0"))
    new = package(controller, "new", version="2.0.0")
    done = predicted(controller, host, {**new, "upgrade": True}, old)
    assert steps(done) == REINSTALL
    assert done["agent"]["package_sha256"] == new["checksum"]
    assert steps(predicted(controller, host, package(controller, "newer", version="3.0.0"))) == []


def test_a_package_that_is_not_good_fails_in_check_mode_too(host: Host, controller: Controller) -> None:
    wrong = {**package(controller), "checksum": "0" * 64}
    told = tell(controller, host, agent("check", **wrong), real(agent("real", **wrong)), flags=["--check"])
    assert told["check"]["kind"] == told["real"]["kind"] == "failed"
    assert told["check"]["msg"] == told["real"]["msg"]
    assert not told["real"]["changed"]


# --- the playbooks and the role, by their full names ---

PLAYBOOK = "cloudreset.huaweicloud."


def extra(controller: Controller, host: Host) -> list[str]:
    """Extra variables that the playbooks and the role know."""
    values = {
        "cloudreset_hosts": host.name,
        "reset_agent_base_url": controller.base_url,
        "reset_agent_ca_path": str(controller.lab.ca),
        "reset_agent_cache_dir": str(controller.cache),
    }
    return ["-e", yaml.safe_dump(values, default_flow_style=True)]


def playbooks(controller: Controller, host: Host, *names: str, check: bool = False) -> list[dict[str, Any]]:
    """Run the playbooks one after the other; return the results of our two modules in order."""
    *first, last = (PLAYBOOK + name for name in names)
    flags = [*(["--check", "--diff"] if check else []), *extra(controller, host), *first]
    run = controller.play(last, flags)
    assert run.status == 0, run.output
    return ours(run)


def ours(run: Run) -> list[dict[str, Any]]:
    """The results of our modules."""
    return [line["result"] for line in run.results if "agent" in line["result"]]


def test_the_playbooks_in_check_mode_and_for_real(host: Host, controller: Controller) -> None:
    before = host.sh(LISTING).stdout
    audit, install, uninstall = playbooks(controller, host, "audit", "install", "uninstall", check=True)
    assert host.sh(LISTING).stdout == before
    assert audit["agent"]["state"] == install["agent"]["state"] == "absent"
    assert [audit["changed"], install["changed"], uninstall["changed"]] == [False, True, False]
    done = playbooks(controller, host, "audit", "install", "install", "audit")
    assert [result["changed"] for result in done] == [False, True, False, False]
    assert steps(done[1]) == steps(install)
    assert done[3]["agent"]["state"] == "installed"

    before = host.sh(LISTING).stdout
    audit, install, uninstall = playbooks(controller, host, "audit", "install", "uninstall", check=True)
    assert host.sh(LISTING).stdout == before
    assert [audit["changed"], install["changed"], uninstall["changed"]] == [False, False, True]
    done = playbooks(controller, host, "uninstall", "uninstall", "audit")
    assert [result["changed"] for result in done] == [True, False, False]
    assert steps(done[0]) == steps(uninstall)
    assert done[2]["agent"]["state"] == "absent"


def test_the_role_in_check_mode_and_for_real(host: Host, controller: Controller) -> None:
    role = {"role": f"{PLAYBOOK}reset_agent"}
    play = {"hosts": host.name, "gather_facts": False, "roles": [role]}
    before = host.sh(LISTING).stdout
    flags = extra(controller, host)
    (check,) = ours(controller.play([play], ["--check", "--diff", *flags]))
    assert host.sh(LISTING).stdout == before
    first, second = ours(controller.play([play, play], flags))
    assert [check["changed"], first["changed"], second["changed"]] == [True, True, False]
    assert steps(check) == steps(first) == FRESH
