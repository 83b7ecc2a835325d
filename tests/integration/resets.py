# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resets by the role, as operators run it: the plays, and what came of each host."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from controller import ROOT, Controller, Run
from story import package

from lab.client import Host

PLAYBOOK = "cloudreset.huaweicloud.reset"
OLD = "Lab-Root-1"
NEW = "New-Word-8.x"
# So that a test takes seconds: nobody waits long for what does not come. The agent's tries are as many as the vendor's,
# since a guest may start it before its network is up.
QUICK_AGENT = {"tries": 10, "delay_ms": 200}
QUICK = {
    "password_reset_wait": 60,
    "password_reset_settle": 5,
    "password_reset_guest_timeout": 20,
    "password_reset_allow_restart": True,
}
POLL = {"cloudreset.huaweicloud.ecs_power": {"poll_interval": 1}}
VAULT_PASSWORD = "Vault-Word-77"


@dataclass(frozen=True)
class Reset:
    """One run: what each host ended as, in the report and on the terminal."""

    run: Run
    report: Mapping[str, Mapping[str, Any]]

    def outcome(self, host: Host | str) -> tuple[str, str]:
        """Outcome and reason of a host."""
        told = self.report[host if isinstance(host, str) else host.name]
        return told["outcome"], told["reason"]

    def line(self, host: Host) -> str:
        """The line of a host; an assertion fails when the terminal and the report have another one."""
        line = str(self.report[host.name]["line"])
        last = self.run.of(host)
        assert (last["msg"], last["kind"] == "ok") == (line, self.report[host.name]["good"]), self.run.output
        return line

    def recap(self, host: Host) -> dict[str, int]:
        """The host's line of PLAY RECAP."""
        (line,) = [line for line in self.run.output.splitlines() if line.split(" ")[0] == host.name and "ok=" in line]
        return {name: int(number) for name, number in (word.split("=") for word in line.split() if "=" in word)}


def install(hosts: Sequence[Host], controller: Controller, name: str = "agent", **options: Any) -> dict[str, Any]:
    """A play that installs the stand-in agent on hosts; see PackageOptions for the options."""
    built = package(controller, name, **{**QUICK_AGENT, **options})
    task = {"cloudreset.huaweicloud.reset_agent": {**built, "cache_dir": str(controller.cache)}}
    return play(hosts, task)


def play(hosts: Sequence[Host], *tasks: Mapping[str, Any]) -> dict[str, Any]:
    """A play of tasks on hosts."""
    return {"hosts": names(hosts), "gather_facts": False, "tasks": list(tasks)}


def names(hosts: Sequence[Host]) -> str:
    """The hosts as a play names them."""
    return ",".join(host.name for host in hosts)


def role(hosts: Sequence[Host], **keywords: Any) -> dict[str, Any]:
    """A play of the role, as the playbook has it, that looks often at a job. Keywords are the play's own."""
    (written,) = yaml.safe_load((ROOT / "playbooks" / "reset.yml").read_text())
    return {**written, "hosts": names(hosts), "module_defaults": {**written["module_defaults"], **POLL}, **keywords}


def reset(
    controller: Controller,
    hosts: Sequence[Host],
    *before: Mapping[str, Any],
    flags: Sequence[str] = (),
    playbook: str = "",
    keywords: Mapping[str, Any] | None = None,
    inventory: Mapping[str, Mapping[str, Any]] | None = None,
    **variables: Any,
) -> Reset:
    """Run the role on hosts after other plays, or a playbook, with `password_reset_` before the variables' names.

    Keywords are the play's own; `inventory` has more variables of hosts, by their whole names.
    """
    report = controller.folder / "report.json"
    report.unlink(missing_ok=True)
    if inventory:
        file = controller.folder / "more.json"
        file.write_text(json.dumps({"all": {"hosts": inventory}}))
        flags = ["-i", str(file), *flags]
    flags = [*flags, *given(controller, report=str(report), **variables)]
    plays = playbook or [*before, role(hosts, **(keywords or {}))]
    run = controller.play(plays, flags, timeout=300)
    told = json.loads(report.read_text()) if report.exists() else []
    return Reset(run, {one["host"]: one for one in told})


def given(controller: Controller, **variables: Any) -> list[str]:
    """Flags of ansible-playbook with the role's variables, and the vault's password."""
    values = {**QUICK, **{f"password_reset_{name}": value for name, value in variables.items()}}
    file, vault = controller.folder / "variables.json", controller.folder / "vault-password"
    file.write_text(json.dumps(values))
    vault.write_text(VAULT_PASSWORD)
    return ["-e", f"@{file}", "--vault-password-file", str(vault)]


def stored(controller: Controller, file: Path) -> dict[str, Any]:
    """The entries of a vault file, as ansible-vault shows them."""
    given(controller)
    program = ROOT / ".venv/bin/ansible-vault"
    shown = subprocess.run(
        [program, "view", "--vault-password-file", controller.folder / "vault-password", file],
        env={**os.environ, "PAGER": "cat"},
        capture_output=True,
        text=True,
        check=True,
    )
    entries: dict[str, Any] = yaml.safe_load(shown.stdout)["entries"]
    return entries
