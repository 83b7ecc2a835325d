# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to a guest and to root on it: connections, become methods, login shells, noise, the guest's own sh."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from controller import Controller

from lab.client import Host

ROOT_PASSWORD, OPERATOR_PASSWORD = "Lab-Root-1", "Lab-Operator-1"
NO_KEY = {"ansible_ssh_private_key_file": "", "ansible_ssh_extra_args": "-o PubkeyAuthentication=no"}
PARAMIKO = {"ansible_connection": "ansible.builtin.paramiko_ssh"}
SUDO = {"ansible_become": True}
OPERATOR = {"ansible_user": "operator", **SUDO, "ansible_become_password": OPERATOR_PASSWORD}
SU = {**SUDO, "ansible_become_method": "ansible.builtin.su", "ansible_become_password": ROOT_PASSWORD}

# Starts of ssh and sftp in the life of an agent: audit, install, unchanged, remove, unchanged.
PIPED = 1 + 2 + 1 + 2 + 1
# Upload and run are two.
UPLOADED = 2 * PIPED
# Each task tries to pipe first.
REFUSED_THEN_UPLOADED = UPLOADED + 5

# What a run must not leave; an upload leaves Ansible's own folder, empty.
LEFT = "ls -d /.cloudreset; find /root /home /tmp /var/tmp -path '*ansible*' ! -name .ansible ! -name tmp; true"


@dataclass(frozen=True)
class Way:
    """A way in by Ansible's variables, and its round trips in an agent's life; 0 where not ssh connects."""

    trips: int
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class Guest:
    """A guest and the ways to it."""

    ways: Mapping[str, Way]
    prepare: str = ":"
    flavour: str | None = None


GUESTS = {
    "as it comes": Guest(
        {
            "root by key": Way(PIPED, {}),
            "root by key, pipelining on": Way(PIPED, {"ansible_pipelining": True}),
            "root by password": Way(PIPED, {**NO_KEY, "ansible_password": ROOT_PASSWORD}),
            "sudo": Way(PIPED, {"ansible_user": "deployer", **SUDO}),
            "sudo with password": Way(PIPED, OPERATOR),
            "sudo with password, pipelining on": Way(PIPED, {**OPERATOR, "ansible_pipelining": True}),
            "sudo that asks for a terminal": Way(REFUSED_THEN_UPLOADED, {"ansible_user": "ttyuser", **SUDO}),
            "su": Way(UPLOADED, {"ansible_user": "plain", **SU}),
        }
    ),
    "by paramiko": Guest(
        {
            "root by key": Way(0, PARAMIKO),
            "root by password": Way(0, {**PARAMIKO, **NO_KEY, "ansible_password": ROOT_PASSWORD}),
            "sudo": Way(0, {**PARAMIKO, "ansible_user": "deployer", **SUDO}),
            "sudo with password": Way(0, {**PARAMIKO, **OPERATOR}),
        }
    ),
    "with login shells and noise": Guest(
        {
            "csh": Way(PIPED, {"ansible_user": "cshuser", **SUDO}),
            "csh, su": Way(UPLOADED, {"ansible_user": "cshuser", **SU}),
            "fish": Way(PIPED, {"ansible_user": "fishuser", **SUDO}),
            "fish, su": Way(UPLOADED, {"ansible_user": "fishuser", **SU}),
            "noise": Way(PIPED, {"ansible_user": "noisy", **SUDO}),
            "noise, su": Way(UPLOADED, {"ansible_user": "noisy", **SU}),
        }
    ),
    "whose sh is bash, with /tmp noexec": Guest(
        {
            "sudo": Way(PIPED, {"ansible_user": "deployer", **SUDO}),
            "su, an odd place": Way(
                UPLOADED, {"ansible_user": "plain", **SU, "ansible_remote_tmp": "/tmp/.odd  $USER/a.b"}
            ),
        },
        "ln -sf bash /bin/sh; mount -t tmpfs -o noexec,mode=1777 tmpfs /tmp",
    ),
    "whose sh is busybox": Guest(
        {
            "root by key": Way(PIPED, {}),
            "sudo": Way(PIPED, {"ansible_user": "noisy", **SUDO}),
            # Its sh prefers its own su, which does not know Debian's password hashes.
            "su": Way(UPLOADED, {"ansible_user": "plain", **SU, "ansible_become_exe": "/usr/bin/su"}),
        },
        flavour="busybox",
    ),
}


def life(controller: Controller, name: str, **options: str) -> list[dict[str, Any]]:
    """Return the tasks: audit, install, unchanged, remove, unchanged."""
    source = {
        "base_url": controller.base_url,
        "ca_path": str(controller.lab.ca),
        "cache_dir": str(controller.cache),
        **options,
    }
    agent = "cloudreset.huaweicloud.reset_agent"
    calls = [{f"{agent}_info": {}}, *[{agent: source}] * 2, *[{agent: {**source, "state": "absent"}}] * 2]
    return [{"name": name, **call} for call in calls]


def lived(results: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether these are the results of an agent's life."""
    agents = [result.get("agent", {}).get("state") for result in results]
    changed = [result["changed"] for result in results]
    return agents == ["absent", "installed", "installed", "absent", "absent"] and changed == [0, 1, 0, 1, 0]


def paramiko_home(controller: Controller) -> dict[str, str]:
    """Return an environment in whose home paramiko finds the guests' keys."""
    home = controller.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    shutil.copy(controller.lab.known_hosts, home / ".ssh/known_hosts")
    return {"HOME": str(home)}


@pytest.mark.parametrize("name", GUESTS)
def test_an_agent_is_seen_installed_kept_and_removed_on_a_guest(
    name: str, controller: Controller, take: Callable[[str], Host], host_name: str
) -> None:
    guest = GUESTS[name]
    host = take(guest.flavour or host_name)
    host.sh(guest.prepare)
    plays = [
        {
            "hosts": host.name,
            "gather_facts": False,
            "ignore_errors": True,
            "vars": dict(way.variables),
            "tasks": life(controller, way_name),
        }
        for way_name, way in guest.ways.items()
    ]
    run = controller.play(plays, environment=paramiko_home(controller))
    told = {way: [line["result"] for line in run.results if line["task"] == way] for way in guest.ways}
    assert {way: results for way, results in told.items() if not lived(results)} == {}, run.output
    assert run.ssh_starts == sum(way.trips for way in guest.ways.values())
    assert host.sh(LEFT).stdout == ""


def test_a_run_that_pipes_leaves_not_even_a_folder(controller: Controller, host: Host) -> None:
    assert controller.agent(host, _vars={"ansible_user": "deployer", **SUDO}).of(host)["changed"]
    assert host.sh("ls -d /root/.ansible /home/*/.ansible", check=False).stdout == ""
