# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection local: ansible-playbook runs inside the guest, as its users; on the controller it only looks."""

from __future__ import annotations

import importlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from controller import CALLBACKS, ROOT, Controller
from test_ways_in import LEFT, OPERATOR_PASSWORD, SU, SUDO, life, lived

from lab.client import Host

PLACE = "/opt/ansible"
# What ansible-playbook needs to run; each works without its compiled parts.
PACKAGES = ("ansible", "jinja2", "markupsafe", "yaml", "packaging", "resolvelib")
BY_PASSWORD = {**SUDO, "ansible_become_password": OPERATOR_PASSWORD}
# Way; user; variables.
WAYS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "root": ("root", {}),
    "sudo": ("deployer", SUDO),
    # Ansible gives it a terminal: it has to be uploaded.
    "sudo with password": ("operator", BY_PASSWORD),
    "sudo with password, pipelining on": ("operator", {**BY_PASSWORD, "ansible_pipelining": True}),
    "su": ("plain", SU),
}


def put_ansible(host: Host, ca: Path) -> None:
    """Put Ansible, as it runs here, and the collection on a guest that has Python."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in PACKAGES:
            package = Path(str(importlib.import_module(name).__file__)).parent
            # With what tells the version.
            for folder in [package, *package.parent.glob(f"{name}*-*.dist-info")]:
                tar.add(folder, f"site/{folder.name}")
        for name in ("plugins", "meta", "galaxy.yml"):
            tar.add(ROOT / name, f"ansible_collections/cloudreset/huaweicloud/{name}")
        tar.add(CALLBACKS, "callbacks")
        tar.add(ca, "ca.pem")
    host.write(f"{PLACE}/all.tar", archive.getvalue())
    host.sh(f"cd {PLACE} && tar -xf all.tar --no-same-owner && rm all.tar && chmod -R go+rX . && chmod 755 .")


def run_inside(host: Host, user: str, play: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Run a play by ansible-playbook in the guest; return results and output."""
    environment = {
        "PYTHONPATH": f"{PLACE}/site",
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANSIBLE_COLLECTIONS_PATH": PLACE,
        "ANSIBLE_CALLBACK_PLUGINS": f"{PLACE}/callbacks",
        "ANSIBLE_CALLBACKS_ENABLED": "results",
        "LC_ALL": "C.UTF-8",
    }
    words = " ".join(f"{name}={value}" for name, value in environment.items())
    host.write(f"{PLACE}/play.yml", yaml.safe_dump([dict(play)]))
    # Bounded there: what waits for ever is not to outlive the test.
    done = host.sh(
        f"cd {PLACE} && runuser -u {user} -- sh -c '"
        f"export HOME=~{user} {words} RESULTS_FILE=$(mktemp); "
        "timeout -k 1 120 python3 -m ansible.cli.playbook -i localhost, play.yml >&2; "
        "cat $RESULTS_FILE; rm $RESULTS_FILE'",
        timeout=180,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_an_agent_is_seen_installed_kept_and_removed_by_a_run_on_the_guest_itself(
    controller: Controller, take: Callable[[str], Host]
) -> None:
    host = take("python")
    put_ansible(host, controller.lab.ca)
    options = {"ca_path": f"{PLACE}/ca.pem", "cache_dir": "~/.cache/cloudreset"}
    for way, (user, variables) in WAYS.items():
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "connection": "local",
            "vars": dict(variables),
            "tasks": life(controller, way, **options),
        }
        results, output = run_inside(host, user, play)
        assert lived([line["result"] for line in results]), (way, output)
        assert host.sh(LEFT).stdout == "", way


def test_the_controller_itself_is_looked_at_and_left_as_it_is(controller: Controller) -> None:
    before = set(Path("/").iterdir())
    task = {"name": "audit", "cloudreset.huaweicloud.reset_agent_info": {"metadata_timeout": 1}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    run = controller.play([play], environment={"HOME": str(controller.folder)})
    audit = run.of("localhost")
    found = {item["name"]: item for item in audit["prerequisites"]}
    assert audit["changed"] is False, run.output
    assert found["root"]["status"] == "pass"
    assert found["architecture"]["status"] == "pass"
    assert run.ssh_starts == 0
    assert set(Path("/").iterdir()) == before
