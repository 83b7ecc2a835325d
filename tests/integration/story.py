# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play of several tasks on the same hosts: what happens between two of ours costs no run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller import Controller

from lab.client import AnyHost
from lab.package import build
from lab.package_options import PackageOptions

AGENT = "/CloudrResetPwdAgent"
SERVICE = "cloudResetPwdAgent"
TRACES = "ls -d /Cloud* /.cloudreset /etc/init.d/cloudReset* /etc/rc?.d/*cloudReset* 2>/dev/null"
# Each set up by itself; what lies between setup and finish differs with what is to be repaired.
FRESH = ["receive", "setup", "modes", "enable", "record", "finish"]
REINSTALL = ["receive", "backup", "setup", "modes", "backend", "enable", "record", "finish"]
SCRIPT = "script"

Task = Mapping[str, Any]
Results = Mapping[str, dict[str, Any]]


@dataclass(frozen=True)
class Damage:
    """What is done to the guest, how it is told and what repairs it."""

    script: str
    state: str
    steps: list[str]
    damage: tuple[str, ...] = ()


def audit(name: str = "audit", **options: Any) -> Task:
    """A task of reset_agent_info."""
    return {"name": name, "cloudreset.huaweicloud.reset_agent_info": options}


def agent(name: str, **options: Any) -> Task:
    """A task of reset_agent; a failure of it does not end the story."""
    return {"name": name, "cloudreset.huaweicloud.reset_agent": options, "ignore_errors": True}


def script(text: str, name: str = SCRIPT) -> Task:
    """What an operator or an accident does on the guest; one that is to be looked at has a name of its own."""
    return {"name": name, "ansible.builtin.raw": text}


def tell(
    controller: Controller,
    host: AnyHost,
    *tasks: Task,
    flags: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
) -> Results:
    """Run the tasks on one host and return each one's result by its name, with its kind; a script has to have one."""
    return tell_all(controller, [host], *tasks, flags=flags, variables=variables)[host.name]


def tell_all(
    controller: Controller,
    hosts: Sequence[AnyHost],
    *tasks: Task,
    flags: Sequence[str] = (),
    variables: Mapping[str, Any] | None = None,
) -> Mapping[str, Results]:
    """Run the tasks on several hosts, and return the same for each by its name."""
    source = {
        "base_url": controller.base_url,
        "ca_path": str(controller.lab.ca),
        "cache_dir": str(controller.cache),
    }
    play = {
        "hosts": ",".join(host.name for host in hosts),
        "gather_facts": False,
        "vars": dict(variables or {}),
        "module_defaults": {"cloudreset.huaweicloud.reset_agent": source},
        "tasks": list(tasks),
    }
    run = controller.play([play], flags)
    assert len(run.results) == len(tasks) * len(hosts), run.output
    return {
        host.name: {
            line["task"]: {**line["result"], "kind": line["kind"]}
            for line in run.results
            if line["host"] == host.name and line["task"] != SCRIPT
        }
        for host in hosts
    }


def package(controller: Controller, name: str = "package", **options: Any) -> dict[str, str]:
    """Build a package on the controller and return the options that name it."""
    built = build(PackageOptions(**options), controller.folder / f"{name}.zip")
    return {"package": str(built.path), "checksum": built.sha256}


def steps(result: Mapping[str, Any]) -> list[str]:
    """Return the names of a result's steps."""
    return [step["name"] for step in result["steps"]]
