# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to a guest and to root on it: connections, become methods, login shells, noise, the guest's own sh."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from controller import Controller, Run

from lab.client import Host

ROOT_PASSWORD, OPERATOR_PASSWORD = "Lab-Root-1", "Lab-Operator-1"
NO_KEY = {"ansible_ssh_private_key_file": "", "ansible_ssh_extra_args": "-o PubkeyAuthentication=no"}
PARAMIKO = {"ansible_connection": "ansible.builtin.paramiko_ssh"}
SUDO = {"ansible_become": True}
OPERATOR = {"ansible_user": "operator", **SUDO, "ansible_become_password": OPERATOR_PASSWORD}
SU = {**SUDO, "ansible_become_method": "ansible.builtin.su", "ansible_become_password": ROOT_PASSWORD}
NOEXEC = "mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp"

# Starts of ssh and sftp in the life of an agent: audit, install, unchanged, remove, unchanged.
PIPED = 1 + 2 + 1 + 2 + 1
# Expand ~, make a folder, send the script (the package), run it.
UPLOADED = 4 + (4 + 5) + 4 + (4 + 4) + 4
# First it is tried to pipe.
REFUSED_THEN_UPLOADED = UPLOADED + 5

# What a run must not leave; an upload leaves Ansible's own folder, empty.
LEFT = "ls -Ad /.cloudreset; find /root /home /tmp /var/tmp -path '*ansible*' ! -name .ansible ! -name tmp; true"


@dataclass(frozen=True)
class Way:
    """A way in by Ansible's variables, and its round trips in an agent's life; None where not ssh connects."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    trips: int | None = PIPED
    prepare: str = ":"
    flavour: str | None = None


WAYS = {
    "root by key": Way(),
    "root by key, pipelining on": Way({"ansible_pipelining": True}),
    "root by password": Way({**NO_KEY, "ansible_password": ROOT_PASSWORD}),
    "sudo": Way({"ansible_user": "deployer", **SUDO}),
    "sudo with password": Way(OPERATOR),
    "sudo with password, pipelining on": Way({**OPERATOR, "ansible_pipelining": True}),
    "sudo that asks for a terminal": Way({"ansible_user": "ttyuser", **SUDO}, REFUSED_THEN_UPLOADED),
    "su": Way({"ansible_user": "plain", **SU}, UPLOADED),
    "su, no sftp": Way({"ansible_user": "plain", **SU, "ansible_ssh_transfer_method": "piped"}, UPLOADED),
    "paramiko": Way(PARAMIKO, None),
    "paramiko by password": Way({**PARAMIKO, **NO_KEY, "ansible_password": ROOT_PASSWORD}, None),
    "paramiko, sudo": Way({**PARAMIKO, "ansible_user": "deployer", **SUDO}, None),
    "paramiko, sudo with password": Way({**PARAMIKO, **OPERATOR}, None),
    "csh": Way({"ansible_user": "cshuser", **SUDO}),
    "csh, su": Way({"ansible_user": "cshuser", **SU}, UPLOADED),
    "fish": Way({"ansible_user": "fishuser", **SUDO}),
    "fish, su": Way({"ansible_user": "fishuser", **SU}, UPLOADED),
    "noise": Way({"ansible_user": "noisy", **SUDO}),
    "noise, su": Way({"ansible_user": "noisy", **SU}, UPLOADED),
    "noexec": Way({"ansible_user": "deployer", **SUDO}, prepare=NOEXEC),
    "noexec, upload to an odd place": Way(
        {"ansible_user": "plain", **SU, "ansible_remote_tmp": "/tmp/.odd-$USER/a.b"},  # noqa: S108
        UPLOADED - 9,  # nothing to expand before
        NOEXEC,
    ),
    "sh is bash": Way({"ansible_user": "deployer", **SUDO}, prepare="ln -sf bash /bin/sh"),
    "sh is bash, su": Way({"ansible_user": "plain", **SU}, UPLOADED, "ln -sf bash /bin/sh"),
    "sh is busybox": Way({"ansible_user": "noisy", **SUDO}, flavour="busybox"),
    "sh is busybox, su": Way({"ansible_user": "plain", **SU}, UPLOADED, flavour="busybox"),
}


def life(controller: Controller) -> list[dict[str, Any]]:
    """Return the tasks: audit, install, unchanged, remove, unchanged."""
    source = {
        "base_url": controller.lab.base_url,
        "ca_path": str(controller.lab.ca),
        "cache_dir": str(controller.cache),
    }
    agent = "cloudreset.huaweicloud.reset_agent"
    return [
        {"name": "audit", f"{agent}_info": {}},
        {"name": "install", agent: source},
        {"name": "unchanged", agent: source},
        {"name": "remove", agent: {**source, "state": "absent"}},
        {"name": "nothing to remove", agent: {**source, "state": "absent"}},
    ]


def live(controller: Controller, host: Host, variables: Mapping[str, Any]) -> Run:
    """Run an agent's life and return what came of it."""
    home = controller.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    shutil.copy(controller.lab.known_hosts, home / ".ssh/known_hosts")  # for paramiko
    play = {"hosts": host.name, "gather_facts": False, "vars": dict(variables), "tasks": life(controller)}
    return controller.play([play], environment={"HOME": str(home)})


@pytest.mark.parametrize("name", WAYS)
def test_an_agent_is_seen_installed_kept_and_removed(
    name: str, controller: Controller, take: Callable[[str], Host], host_name: str
) -> None:
    way = WAYS[name]
    host = take(way.flavour or host_name)
    host.sh(way.prepare)
    run = live(controller, host, way.variables)
    told = {line["task"]: line["result"] for line in run.results}
    assert run.status == 0, run.output
    assert told["audit"]["ready"], told["audit"]["prerequisites"]
    assert [told[task]["changed"] for task in told] == [False, True, False, True, False]
    assert [told[task]["agent"]["state"] for task in told] == ["absent", "installed", "installed", "absent", "absent"]
    assert way.trips is None or run.ssh_starts == way.trips
    assert host.sh(LEFT).stdout == ""
    # Where it pipes there is not even Ansible's own folder.
    if way.trips == PIPED:
        assert host.sh("ls -d /root/.ansible /home/*/.ansible", check=False).stdout == ""
