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

from lab.cloud.faults import ApiError
from lab.cloud.servers import Server

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
GROUP = "group/cloudreset.huaweicloud.cloud"
REGION = "ap-southeast-1"  # what the examples say
PASSWORDS = ["Fresh-2026-Horse", "Other.2026+Zebra", "Third=2026=Heron"]
SECRETS = [SECRET, *PASSWORDS]
GUEST = {"agent": {"state": "installed"}, "prerequisites": [], "server_id": "a"}


def play(
    cloud: CloudUnderTest,
    folder: Path,
    tasks: list[dict[str, Any]],
    *words: str,
    defaults: dict[str, Any] | None = None,
    pipelining: bool = False,
) -> str:
    """Runs tasks on one host, with the lab's addresses as defaults of the action group, beside these defaults."""
    host = {"ansible_connection": "local", "server_id": "a", "guest": GUEST}
    (folder / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": {"web": host}}}))
    # In a file of their own: Ansible shows the lines of a task that failed, and those around it.
    secrets = {"huaweicloud_secret_key": SECRET, "vault_password": PASSWORDS[0]}
    passwords = {"vault_passwords": {"a": PASSWORDS[1], "b": PASSWORDS[2]}}
    (folder / "secrets.yml").write_text(yaml.safe_dump({**secrets, **passwords}))
    playbook = {
        "hosts": "web",
        "gather_facts": False,
        "module_defaults": {
            GROUP: reached(cloud),
            **(defaults or {}),
        },
        "vars": {
            "huaweicloud_access_key": ACCOUNT.access_key,
            "server_ids": ["a", "b"],
            "ansible_python_interpreter": sys.executable,
        },
        "vars_files": ["secrets.yml"],
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
            "ANSIBLE_PIPELINING": str(pipelining),
        },
    )
    output = done.stdout + done.stderr + (folder / "log").read_text()
    assert done.returncode == 0, output
    return output


def reached(cloud: CloudUnderTest) -> dict[str, Any]:
    """Options that lead to the lab's cloud, but for the region, which the examples say."""
    given = {**cloud.params(), "secret_key": "{{ huaweicloud_secret_key }}"}
    return {name: given[name] for name in given if name != "region"}


def examples(name: str) -> list[dict[str, Any]]:
    """The tasks of a module's EXAMPLES."""
    tasks: list[dict[str, Any]] = yaml.safe_load(importlib.import_module(f"{MODULES}.{name}").EXAMPLES)
    return tasks


@pytest.mark.parametrize("name", ["ecs_server_info", "ecs_power", "ecs_password_reset", "ecs_readiness_info"])
def test_every_example_runs_and_no_secret_is_told(cloud: CloudUnderTest, tmp_path: Path, name: str) -> None:
    cloud.control.accounts(ACCOUNT)
    cloud.control.servers(Server("a", tags={"env": "prod"}, addresses=["192.168.0.10"]), Server("b", status="SHUTOFF"))
    tasks = examples(name)
    for task in tasks:
        if "module_defaults" in task:  # which stand in place of the play's, and would lead to the real cloud
            given = {key: value for key, value in cloud.params().items() if key not in ("access_key", "secret_key")}
            task["module_defaults"] = {GROUP: {**given, **task["module_defaults"][GROUP]}}
    output = play(cloud, tmp_path, tasks, "-vvvv", "--diff")
    assert "failed=0" in output
    assert all(record.status in (200, 204) for record in cloud.control.requests())
    assert_discreet(output, tmp_path)


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("check", [False, True])
def test_no_password_is_told_whatever_comes_of_it(
    cloud: CloudUnderTest, tmp_path: Path, pipelining: bool, check: bool
) -> None:
    """One that is taken on, refused by the rules, and refused by an API that repeats it; from options and defaults."""
    cloud.control.servers(Server("a"), Server("b"), Server("c", reset="no_agent"))
    said = {"code": "Ecs.0030", "message": f"{PASSWORDS[1]} is bad", "status": 400}
    internal = [{"id": "a", "error_code": "Ecs.0030", "error_message": f"{PASSWORDS[1]} is bad"}]
    cloud.control.set_faults(
        ApiError(path="*/os-reset-passwords", skip=2, internal=internal, **said), ApiError(path="*/a/*", skip=1, **said)
    )
    name = "cloudreset.huaweicloud.ecs_password_reset"
    asked: list[dict[str, Any]] = [
        {"server_ids": ["a", "c"]},  # with a password from the defaults
        {"server_ids": ["a"], "new_password": "{{ vault_passwords.a }}"},
        {"passwords": {"a": "{{ vault_password }}", "b": "{{ vault_passwords.a }}", "c": "{{ vault_passwords.b }}"}},
        {"passwords": {"a": "{{ vault_password }};{{ vault_passwords.a }}"}},
        {"passwords": "{{ vault_password }}"},
        {"server_ids": ["a"], "new_password": "{{ vault_password }}", "passwords": "{{ vault_passwords }}"},
    ]
    tasks = [
        {"name": "Reset", name: {"region": REGION, **options}, "register": "one", "ignore_errors": True}
        for options in asked
    ]
    for task, options in zip(tasks, asked, strict=True):
        if "new_password" not in options and "passwords" in options:
            # Defaults cannot be taken away by a task.
            task["module_defaults"] = {name: {}, GROUP: reached(cloud)}
    words = ["-vvvv", "--diff", *(["--check"] if check else [])]
    defaults = {name: {"new_password": "{{ vault_password }}"}}
    output = play(cloud, tmp_path, tasks, *words, defaults=defaults, pipelining=pipelining)
    assert_discreet(output, tmp_path)
    # The dry run of the second task is not struck by the fault.
    assert f"ignored={5 if check else 6}" in output
    assert "Ecs.0613" in output
    assert "********" in output


def assert_discreet(output: str, folder: Path) -> None:
    """No secret is in what was said, nor in a file that was left."""
    assert not [secret for secret in SECRETS if secret in output]
    left = [path for path in folder.rglob("*") if path.is_file() and path.name != "secrets.yml"]
    assert not [path for path in left if any(secret in path.read_text(errors="replace") for secret in SECRETS)]


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
