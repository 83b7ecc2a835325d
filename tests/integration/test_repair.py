# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of damage is seen as what it is, repaired by one run with the steps that it takes, and then left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from controller import Controller
from story import AGENT, FRESH, REINSTALL, SERVICE, TRACES, Damage, agent, audit, package, script, steps, tell
from waiting import accepts, wait_for

from lab.client import Host
from lab.faults import Hang
from lab.metadata_client import MetadataControl

PASSWORD = "Fresh-Pass-123"
BIN = f"{AGENT}/bin"
INIT = f"/etc/init.d/{SERVICE}"
UNIT = f"/etc/systemd/system/{SERVICE}.service"
# Where something could be left. The numbers of rc links are insserv's to change.
EVERYTHING = "ls -A /; find /etc /lib/systemd | sed -E '/machine-id/d; s:(rc.\\.d/.)[0-9]+:\\1:' | sort"
# An update agent as the old packages installed it.
UPDATER = (
    "mkdir -p /CloudResetPwdUpdateAgent/bin"
    " && ln -s /CloudResetPwdUpdateAgent/bin/x /etc/init.d/cloudResetPwdUpdateAgent"
    " && ln -s ../init.d/cloudResetPwdUpdateAgent /etc/rc3.d/S20cloudResetPwdUpdateAgent"
)
# Without a conf there is no backend mode to keep.
NO_CONF = [step for step in REINSTALL if step != "backend"]
REGISTER = ["register", "enable"]


DAMAGES = {
    "wrapper missing": Damage(f"rm {BIN}/wrapper", "damaged", REINSTALL, ("bin/wrapper is missing or empty",)),
    "wrapper empty": Damage(f": >{BIN}/wrapper", "damaged", REINSTALL, ("bin/wrapper is missing or empty",)),
    "wrapper changed": Damage(f"echo x >>{BIN}/wrapper", "damaged", REINSTALL, ("bin/wrapper was changed",)),
    "jar missing": Damage(f"rm {AGENT}/lib/wrapper.jar", "damaged", REINSTALL, ("lib/wrapper.jar is missing",)),
    "jar changed": Damage(f"echo x >{AGENT}/lib/wrapper.jar", "damaged", REINSTALL, ("lib/wrapper.jar was changed",)),
    "lib empty": Damage(f"rm {AGENT}/lib/*", "damaged", REINSTALL, ("lib is empty",)),
    "script missing": Damage(
        f"rm {BIN}/{SERVICE}.script", "damaged", REINSTALL, (f"bin/{SERVICE}.script is missing or empty",)
    ),
    "conf missing": Damage(
        f"rm {AGENT}/conf/wrapper.conf", "damaged", NO_CONF, ("conf/wrapper.conf is missing or empty",)
    ),
    "conf empty": Damage(
        f": >{AGENT}/conf/wrapper.conf", "damaged", NO_CONF, ("conf/wrapper.conf is missing or empty",)
    ),
    "record corrupt": Damage(
        f"head -c 300 /dev/urandom >{AGENT}/.cloudreset",
        "damaged",
        REINSTALL,
        ("the record of what was installed is corrupt",),
    ),
    "bin alone": Damage(
        f"cd {AGENT} && rm -r conf depend lib logs .cloudreset",
        "damaged",
        NO_CONF,
        ("conf/wrapper.conf is missing or empty", "lib is empty"),
    ),
    "merely unzipped": Damage(
        f"mkdir /CloudResetPwdAgent && mv {AGENT} /CloudResetPwdAgent/ && rm {INIT} /etc/rc?.d/*{SERVICE}",
        "unzipped",
        FRESH,
    ),
    "modes": Damage(f"chmod 755 {BIN}/wrapper && chmod 644 {AGENT}/lib/*", "installed", ["modes"]),
    "owner": Damage(f"chown daemon {BIN}/{SERVICE}.script {AGENT}/lib/wrapper.jar", "installed", ["modes"]),
    "not executable": Damage(f"chmod 600 {BIN}/*", "unregistered", ["modes", *REGISTER]),
    "unregistered": Damage(f"rm {INIT}", "unregistered", REGISTER),
    "link dangling": Damage(f"ln -sfn /nowhere {INIT}", "unregistered", REGISTER),
    "no rc links": Damage(f"rm /etc/rc?.d/*{SERVICE}", "disabled", ["enable"]),
    "update-rc.d disable": Damage(f"update-rc.d {SERVICE} disable", "disabled", ["enable"]),
    "systemctl disable": Damage(f"systemctl disable {SERVICE}", "disabled", ["enable"]),
    "masked": Damage(f"systemctl mask {SERVICE}", "disabled", ["enable"]),
    "disabled and modes": Damage(
        f"chmod 755 {BIN}/wrapper && rm /etc/rc?.d/S??{SERVICE}", "disabled", ["modes", "enable"]
    ),
}

UNIT_DAMAGES = {
    "unit missing": Damage(f"rm {UNIT}", "unregistered", REGISTER),
    "unit missing, reloaded": Damage(f"rm {UNIT} && systemctl daemon-reload", "unregistered", REGISTER),
    "unit empty": Damage(f": >{UNIT}", "unregistered", REGISTER),
    "unit disabled": Damage(f"systemctl disable {SERVICE}", "disabled", ["enable"]),
    "unit masked": Damage(f"ln -sf /dev/null {UNIT} && systemctl daemon-reload", "unregistered", REGISTER),
    "wrapper missing": Damage(f"rm {BIN}/wrapper", "damaged", REINSTALL, ("bin/wrapper is missing or empty",)),
}


def runs_at_boot(host: Host, metadata: MetadataControl) -> bool:
    """Whether the host's own init runs the agent, which sets the password that waits for it."""
    metadata.set_password(host.name, PASSWORD)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "")
    return accepts(host, "root", PASSWORD)


def repair(controller: Controller, host: Host, damage: Damage, **options: str) -> None:
    """Install, damage, and see it told, repaired and left alone."""
    told = tell(
        controller,
        host,
        agent("install", **options),
        script(damage.script),
        audit(),
        agent("repair", **options),
        agent("again", **options),
    )
    found = told["audit"]["agent"]
    assert told["install"]["agent"]["state"] == "installed", told["install"]
    assert found["state"] == damage.state, found
    assert found["damage"][: len(damage.damage)] == list(damage.damage)
    assert bool(found["damage"]) == bool(damage.damage)
    assert bool(found["modes_wrong"]) == ("modes" in damage.steps and damage.steps not in (REINSTALL, NO_CONF, FRESH))
    assert told["repair"]["changed"], told["repair"]
    assert steps(told["repair"]) == damage.steps
    assert {step["status"] for step in told["repair"]["steps"]} == {"ok"}
    assert told["repair"]["agent"]["state"] == "installed"
    assert not told["again"]["changed"], told["again"]["steps"]


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_repaired_and_the_agent_runs_at_boot(
    name: str, host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    repair(controller, host, DAMAGES[name])
    assert runs_at_boot(host, metadata)


@pytest.mark.parametrize("name", UNIT_DAMAGES)
def test_damage_of_an_agent_that_is_a_systemd_unit_is_repaired(
    name: str, host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    repair(controller, host, UNIT_DAMAGES[name], **package(controller, registration="systemd"))
    assert runs_at_boot(host, metadata)


@pytest.mark.parametrize("name", ["lib empty", "modes", "unregistered", "link dangling", "no rc links"])
@pytest.mark.parametrize("flavour", ["sysv", "busybox"])
def test_damage_is_repaired_on_other_systems(
    name: str, flavour: str, take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    host = take(flavour)
    repair(controller, host, DAMAGES[name])
    assert runs_at_boot(host, metadata)


def test_an_operators_conf_is_no_damage_and_an_agent_without_record_counts_as_it_is(
    host: Host, controller: Controller
) -> None:
    told = tell(
        controller,
        host,
        agent("install"),
        script(f"echo wrapper.ping.timeout=42 >>{AGENT}/conf/wrapper.conf"),
        agent("conf edited"),
        script(f"rm /etc/rc?.d/*{SERVICE} && chmod 755 {BIN}/wrapper"),
        agent("mended"),
        script(f"rm {AGENT}/.cloudreset"),
        audit(),
        agent("no record"),
        agent("no record, upgrade", upgrade=True),
        script(f"echo x >>{AGENT}/lib/wrapper.jar"),
        agent("no record, jar changed"),
        agent("no record, jar changed, upgrade", upgrade=True),
    )
    assert not told["conf edited"]["changed"], told["conf edited"]["steps"]
    assert steps(told["mended"]) == ["modes", "enable"]
    assert told["audit"]["agent"]["state"] == "installed"
    assert told["audit"]["agent"]["package_sha256"] is None
    for name in ("no record", "no record, upgrade", "no record, jar changed"):
        assert not told[name]["changed"], told[name]["steps"]
    assert steps(told["no record, jar changed, upgrade"]) == REINSTALL
    assert host.sh(f"grep -c ping.timeout=42 {AGENT}/conf/wrapper.conf", check=False).stdout == "0\n", "replaced"


def test_a_repair_keeps_the_backend_mode_and_tells_it_beforehand(host: Host, controller: Controller) -> None:
    told = tell(
        controller,
        host,
        agent("install", backend="auto"),
        script(f"rm {AGENT}/lib/wrapper.jar"),
        agent("repair"),
    )
    assert told["repair"]["agent"]["backend"] == "AUTO"
    assert "backend: wrapper.backend.type=AUTO" in [
        f"{step['name']}: {step['why']}" for step in told["repair"]["steps"]
    ]


def test_absent_removes_whatever_is_there_and_nothing_else(host: Host, controller: Controller) -> None:
    old = package(controller, "old", update_agent=True, version="0.9.0")
    before = host.sh(EVERYTHING).stdout
    removed = {
        "all": "the agent, /CloudResetPwdUpdateAgent, /CloudResetPwdAgentNew, /CloudResetPwdAgent, /.cloudreset/backup",
        "registration without files": "its registration",
        "files without registration": "the agent",
        "rc links alone": "its registration",
        "updater's registration": "/CloudResetPwdUpdateAgent",
    }
    told = tell(
        controller,
        host,
        agent("nothing there", state="absent"),
        agent("old", **old),
        agent("new", upgrade=True, keep_backup=True),
        script(UPDATER),
        script("mkdir /CloudResetPwdAgent /CloudResetPwdAgentNew && touch /CloudResetPwdAgent/CloudResetPwdAgent.zip"),
        agent("all", state="absent"),
        agent("all, again", state="absent"),
        agent("install"),
        script(f"rm -r {AGENT}"),
        audit(),
        agent("registration without files", state="absent"),
        agent("install once more"),
        script(f"rm {INIT} /etc/rc?.d/*{SERVICE}"),
        agent("files without registration", state="absent"),
        script(f"ln -s ../init.d/{SERVICE} /etc/rc3.d/S20{SERVICE}"),
        agent("rc links alone", state="absent"),
        script("ln -s /nowhere /etc/init.d/cloudResetPwdUpdateAgent"),
        agent("updater's registration", state="absent"),
        agent("again", state="absent"),
    )
    assert told["new"]["agent"]["updaters"] == [], "nothing of the update agent comes from the package"
    assert told["audit"]["agent"]["state"] == "absent"
    for name, what in removed.items():
        assert told[name]["changed"], name
        assert [(step["name"], step["why"]) for step in told[name]["steps"]] == [("remove", f"there is {what}")]
        assert told[name]["agent"]["state"] == "absent"
    for name in ("nothing there", "all, again", "again"):
        assert not told[name]["changed"], (name, told[name]["steps"])
    assert host.sh(TRACES, check=False).stdout == ""
    assert host.sh(EVERYTHING).stdout == before


@pytest.mark.parametrize("flavour", ["sysv", "busybox"])
def test_absent_on_other_systems(flavour: str, take: Callable[[str], Host], controller: Controller) -> None:
    host = take(flavour)
    before = host.sh(EVERYTHING).stdout
    told = tell(
        controller,
        host,
        agent("install"),
        agent("all", state="absent"),
        agent("install once more"),
        script(f"rm -r {AGENT}"),
        agent("registration without files", state="absent"),
        agent("again", state="absent"),
    )
    assert [told[name]["changed"] for name in ("all", "registration without files", "again")] == [True, True, False]
    assert host.sh(EVERYTHING).stdout == before


def test_restarted_runs_the_agent_which_applies_a_pending_reset_at_once(
    host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    told = tell(controller, host, agent("not installed", state="restarted"), agent("install"))
    assert told["not installed"]["kind"] == "failed"
    assert told["not installed"]["msg"].startswith("The agent is not installed, so it cannot be restarted; install it")
    assert host.sh(TRACES, check=False).stdout != "", "installed now"
    metadata.set_password(host.name, PASSWORD)
    told = tell(controller, host, agent("first", state="restarted"), agent("second", state="restarted"))
    for result in told.values():
        assert result["changed"]
        assert steps(result) == ["restart"]
        assert f"Starting {SERVICE}..." in result["setup_output"]
    assert metadata.show(host.name).blob == ""
    assert accepts(host, "root", PASSWORD)


def test_stopped_ends_a_running_agent_and_leaves_one_that_does_not_run(
    host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    told = tell(controller, host, agent("not there", state="stopped"), agent("install"), agent("idle", state="stopped"))
    assert not told["not there"]["changed"]
    assert not told["idle"]["changed"]
    metadata.set_faults(host.name, Hang(path="*/reset_password", method="GET"))
    told = tell(
        controller,
        host,
        script(f"{BIN}/{SERVICE}.script start >/dev/null 2>&1 </dev/null & until pgrep -x wrapper; do sleep .1; done"),
        audit(),
        agent("stop", state="stopped"),
        agent("again", state="stopped"),
    )
    assert told["audit"]["agent"]["running"]
    assert told["audit"]["agent"]["state"] == "installed"
    assert told["stop"]["changed"]
    assert steps(told["stop"]) == ["stop"]
    assert not told["stop"]["agent"]["running"]
    assert host.sh("pgrep -x wrapper", check=False).stdout == ""
    assert not told["again"]["changed"]
