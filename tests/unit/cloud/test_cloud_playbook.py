# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' own examples, run by ansible-playbook as they stand, and what it tells of secrets at -vvvv."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.cloud.cloud_support import ACCOUNT, MODULES, SECRET, CloudUnderTest, environment

from lab.cloud.servers import Server

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
GROUP = "group/cloudreset.huaweicloud.cloud"
REGION = "ap-southeast-1"  # what the examples say


def play(cloud: CloudUnderTest, folder: Path, tasks: list[dict[str, Any]], *words: str) -> str:
    """Runs tasks on one host, with the lab's addresses as defaults of the action group."""
    (folder / "inventory.yml").write_text(
        yaml.safe_dump({"all": {"hosts": {"web": {"ansible_connection": "local", "server_id": "a"}}}})
    )
    playbook = {
        "hosts": "web",
        "gather_facts": False,
        "module_defaults": {GROUP: {name: value for name, value in cloud.params().items() if name != "region"}},
        "vars": {
            "huaweicloud_access_key": ACCOUNT.access_key,
            "huaweicloud_secret_key": SECRET,
            "server_ids": ["a", "b"],
            "ansible_python_interpreter": sys.executable,
        },
        "tasks": tasks,
    }
    (folder / "play.yml").write_text(yaml.safe_dump([playbook]))
    done = subprocess.run(
        [PLAYBOOK, "-i", "inventory.yml", "play.yml", *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        check=False,
        env={
            **environment(),
            "ANSIBLE_COLLECTIONS_PATH": environment()["PYTHONPATH"].partition(":")[0],
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
            "ANSIBLE_LOG_PATH": str(folder / "log"),
        },
    )
    output = done.stdout + done.stderr + (folder / "log").read_text()
    assert done.returncode == 0, output
    return output


def examples(name: str) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES."""
    tasks: list[dict[str, Any]] = yaml.safe_load(importlib.import_module(f"{MODULES}.{name}").EXAMPLES)
    return tasks


@pytest.mark.parametrize("name", ["ecs_server_info", "ecs_power"])
def test_every_example_runs_and_no_secret_is_told(cloud: CloudUnderTest, tmp_path: Path, name: str) -> None:
    cloud.control.accounts(ACCOUNT)
    cloud.control.servers(Server("a", tags={"env": "prod"}, addresses=["192.168.0.10"]), Server("b", status="SHUTOFF"))
    tasks = examples(name)
    for task in tasks:
        if "module_defaults" in task:  # which stand in place of the play's, and would lead to the real cloud
            given = {key: value for key, value in cloud.params().items() if key not in ("access_key", "secret_key")}
            task["module_defaults"] = {GROUP: {**given, **task["module_defaults"][GROUP]}}
    output = play(cloud, tmp_path, tasks, "-vvvv", "--diff")
    assert SECRET not in output
    assert "failed=0" in output
    assert all(record.status == 200 for record in cloud.control.requests())
    assert not [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and "play.yml" not in path.name and SECRET in path.read_text(errors="replace")
    ]


def test_an_error_is_told_without_secrets(cloud: CloudUnderTest, tmp_path: Path) -> None:
    cloud.control.accounts()
    tasks = [
        {
            "name": "Nobody is let in",
            "cloudreset.huaweicloud.ecs_server_info": {"region": REGION},
            "register": "refused",
            "failed_when": "not refused.failed or refused.error.status != 401",
        }
    ]
    output = play(cloud, tmp_path, tasks, "-vvvv")
    assert "see whether access_key exists" in output
    assert SECRET not in output
