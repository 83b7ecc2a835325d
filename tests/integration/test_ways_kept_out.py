# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways that lead nowhere, each with a clear word and nothing changed; and what no way may tell: the passwords."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from controller import Controller, Run
from searching import left_on, own_passwords, watched
from snapshot import snapshot
from test_ways_in import LEFT, NO_KEY, OPERATOR, OPERATOR_PASSWORD, PARAMIKO, ROOT_PASSWORD, SU, paramiko_home

from lab.bucket_client import BucketControl
from lab.client import Host
from lab.package_options import PackageOptions

WRONG = {"ansible_become_password": "Wrong-Word-9"}
PLAIN = {"ansible_user": "plain"}
# Name of the way; variables; what the result says.
KEPT_OUT: dict[str, tuple[Mapping[str, Any], str]] = {
    "no root rights": (PLAIN, "Nothing was changed: root failed. root: found uid"),
    "root of another user": (
        {"ansible_become": True, "ansible_become_user": "operator"},
        "Nothing was changed: root failed. root: found uid",
    ),
    "no root rights, paramiko": ({**PARAMIKO, **PLAIN}, "Nothing was changed: root failed. root: found uid"),
    "sudo, wrong password": ({**OPERATOR, **WRONG}, "ncorrect sudo password"),
    "sudo, no password": ({**OPERATOR, "ansible_become_password": None}, "issing sudo password"),
    "sudo, not allowed": ({**PLAIN, "ansible_become": True, "ansible_become_password": "Lab-Plain-1"}, "plain is not"),
    "su, wrong password": ({**PLAIN, **SU, **WRONG}, "ncorrect su password"),
    "no room to upload": (
        {**PLAIN, **SU, "ansible_remote_tmp": "/small/tmp"},
        "could not be put into /small/tmp on the guest",
    ),
}
UNREACHABLE: dict[str, tuple[Mapping[str, Any], str]] = {
    "closed port": ({"ansible_port": 1}, "refused"),
    "closed port, paramiko": ({**PARAMIKO, "ansible_port": 1}, "Unable to connect"),
    "wrong SSH password": ({**NO_KEY, "ansible_password": "Wrong-Word-9"}, "assword"),
    "no such user": ({"ansible_user": "nobody-here"}, "Permission denied"),
}
# The script fits, the package does not.
SMALL = "mkdir /small && mount -t tmpfs -o size=256k,mode=1777 tmpfs /small"


def at_once(controller: Controller, host: Host, ways: Mapping[str, Mapping[str, Any]]) -> Run:
    """Run reset_agent on one guest under several names, each with variables of its own."""
    names = {name.replace(" ", "-").replace(",", ""): way for name, way in ways.items()}
    inventory = controller.folder / "ways.yml"
    members = {name: {"ansible_host": host.address, **way} for name, way in names.items()}
    inventory.write_text(yaml.safe_dump({"ways": {"hosts": members}}))
    source = {
        "base_url": controller.base_url,
        "ca_path": str(controller.lab.ca),
        "cache_dir": str(controller.cache),
    }
    play = {"hosts": "ways", "gather_facts": False, "tasks": [{"cloudreset.huaweicloud.reset_agent": source}]}
    return controller.play([play], ["-i", str(inventory), "-f", "4"], paramiko_home(controller))


def test_who_cannot_become_root_is_told_so_and_nothing_changes(controller: Controller, host: Host) -> None:
    host.sh(SMALL)
    before = snapshot(host)
    run = at_once(controller, host, {name: way for name, (way, _said) in KEPT_OUT.items()})
    for name, (_way, said) in KEPT_OUT.items():
        result = run.of(name.replace(" ", "-").replace(",", ""))
        assert result["kind"] == "failed", (name, result)
        assert said in result["msg"], name
        assert not result.get("changed"), name
    assert "Wrong-Word-9" not in run.output
    assert {line for line in snapshot(host) ^ before if "/.ansible" not in line} == set()
    assert host.sh(LEFT).stdout == ""


def test_who_cannot_be_reached_is_unreachable(controller: Controller, host: Host) -> None:
    run = at_once(controller, host, {name: way for name, (way, _said) in UNREACHABLE.items()})
    for name, (_way, said) in UNREACHABLE.items():
        result = run.of(name.replace(" ", "-").replace(",", ""))
        assert (result["kind"], said in result["msg"]) == ("unreachable", True), (name, result)


@pytest.mark.parametrize(
    "way",
    [
        {**OPERATOR, "ansible_password": OPERATOR_PASSWORD, **NO_KEY},
        {**PLAIN, **SU, "ansible_password": "Lab-Plain-1", **NO_KEY},
        {**PARAMIKO, **OPERATOR, "ansible_password": OPERATOR_PASSWORD, **NO_KEY},
    ],
    ids=["sudo", "su", "paramiko"],
)
def test_no_password_is_told_or_left_anywhere(
    way: Mapping[str, Any], controller: Controller, host: Host, tmp_path: Path
) -> None:
    own = own_passwords(host, "root", "operator", "plain")
    lab = {ROOT_PASSWORD: own["root"], OPERATOR_PASSWORD: own["operator"], "Lab-Plain-1": own["plain"]}
    # The playbook names files: else it would be itself what holds the words.
    words = {lab[str(value)] for name, value in way.items() if name.endswith("password")}
    variables = dict(way)
    for name in ("ansible_password", "ansible_become_password"):
        (tmp_path / name).write_text(lab[str(way[name])])
        variables[name] = f"{{{{ lookup('ansible.builtin.file', '{tmp_path / name}') }}}}"
    seen: set[str] = set()
    with watched(words, seen):
        run = controller.agent(host, _vars=variables, _flags=["-vvvv"], _environment=paramiko_home(controller))
    assert run.of(host)["changed"], run.output
    assert seen == set()
    texts = {"output": run.output} | {
        str(path): path.read_text(errors="replace") for path in controller.folder.rglob("*") if path.is_file()
    }
    assert [name for name, text in texts.items() if any(word in text for word in words)] == []
    assert len(texts) > 5
    assert left_on(host, words) == ""


def test_a_package_too_large_for_a_pipe_is_uploaded(controller: Controller, host: Host, bucket: BucketControl) -> None:
    bucket.serve(PackageOptions(padding=65 * 1024 * 1024))
    run = controller.agent(host)
    assert run.of(host)["agent"]["state"] == "installed", run.output
    # Probe; expand ~, make a folder, send the script, send the package, run.
    assert run.ssh_starts == 1 + 5
    assert host.sh(LEFT).stdout == ""
    again = controller.agent(host)
    assert not again.of(host)["changed"]
    assert again.ssh_starts == 1
