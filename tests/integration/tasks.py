# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several tasks on the same hosts in one run of ansible-playbook: what happens between them costs no run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controller import Controller

from lab.client import Host

Task = Mapping[str, Any]
Results = Mapping[str, Mapping[str, Any]]


def audit(name: str, **options: Any) -> Task:
    """A task of reset_agent_info."""
    return {"name": name, "cloudreset.huaweicloud.reset_agent_info": options}


def agent(name: str, **options: Any) -> Task:
    """A task of reset_agent; its failure does not end the run."""
    return {"name": name, "cloudreset.huaweicloud.reset_agent": options, "ignore_errors": True}


def script(text: str, name: str = "script") -> Task:
    """What somebody does on the guest; one that is to be looked at has a name."""
    return {"name": name, "ansible.builtin.raw": text}


def tell_all(
    controller: Controller, hosts: Sequence[Host], *tasks: Task, flags: Sequence[str] = ()
) -> Mapping[str, Results]:
    """Run the tasks; return each host's results by the task's name, without scripts that have none."""
    source = {
        "base_url": controller.lab.base_url,
        "ca_path": str(controller.lab.ca),
        "cache_dir": str(controller.cache),
    }
    play = {
        "hosts": ",".join(host.name for host in hosts),
        "gather_facts": False,
        "module_defaults": {"cloudreset.huaweicloud.reset_agent": source},
        "tasks": list(tasks),
    }
    run = controller.play([play], flags)
    assert len(run.results) == len(tasks) * len(hosts), run.output
    return {
        host.name: {
            line["task"]: {**line["result"], "kind": line["kind"]}
            for line in run.results
            if line["host"] == host.name and line["task"] != "script"
        }
        for host in hosts
    }


def tell(controller: Controller, host: Host, *tasks: Task, flags: Sequence[str] = ()) -> Results:
    """Run the tasks on one host and return the results by the task's name."""
    return tell_all(controller, [host], *tasks, flags=flags)[host.name]
