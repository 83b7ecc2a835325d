# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""stored_password and its lookup by the real ansible-playbook: many hosts at once, check mode, and no secret told."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.stores.stores_support import SECRET, password, store

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.entry import Entry
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.task import SPEC

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = os.environ.get("ANSIBLE_PLAYBOOK", str(Path(sys.executable).with_name("ansible-playbook")))
NAME = "cloudreset.huaweicloud.stored_password"
FILE = "passwords.vault"
TOLD = ("type", "elements", "choices", "default", "required")


def play(
    folder: Path, tasks: list[dict[str, Any]], *flags: str, hosts: int = 1, vault: bool = True, fails: bool = False
) -> str:
    """Run tasks on hosts of which none is there; return the output and the log."""
    (folder / "inventory").write_text("".join(f"h{number}\n" for number in range(hosts)))
    (folder / "secret").write_text(SECRET)
    (folder / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    (folder / "log").unlink(missing_ok=True)
    done = subprocess.run(
        [PLAYBOOK, "-i", "inventory", *(("--vault-password-file", "secret") if vault else ()), "play.yml", *flags],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
            "ANSIBLE_LOG_PATH": str(folder / "log"),
        },
    )  # fmt: skip
    output = done.stdout + done.stderr + (folder / "log").read_text()
    assert (done.returncode != 0) is fails, output
    assert "Traceback" not in output
    return " ".join(output.split())


def keep(**options: Any) -> dict[str, Any]:
    return {NAME: {"file": FILE, "generation": "1", **options}}


def looked_up(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": [expression], "quiet": True}}


def lookup(host: str = "inventory_hostname", **options: str) -> str:
    return f"lookup('{NAME}', {host}, file='{FILE}'{''.join(f', {name}={value!r}' for name, value in options.items())})"


def test_fifty_hosts_at_once_lose_nothing_and_a_rerun_changes_nothing(tmp_path: Path) -> None:
    tasks = [keep(), looked_up(f"{lookup(which='pending')} | length == 14"), keep(state="promoted")]
    output = play(tmp_path, tasks, "--forks=20", hosts=50)
    assert output.count("changed=2 ") == 2 * 50  # once on the screen, once in the log
    entries = store(tmp_path / FILE).read()
    assert set(entries) == {f"h{number}" for number in range(50)}
    kept = [entry.current.value for entry in entries.values() if entry.current and not entry.pending]
    assert len(set(kept)) == 50
    before = (tmp_path / FILE).read_bytes()
    assert "changed=1" not in play(tmp_path, [keep(), keep(state="promoted")], "--forks=20", hosts=50)
    assert (tmp_path / FILE).read_bytes() == before


def test_one_task_for_all_hosts_writes_once(tmp_path: Path) -> None:
    wave = {**keep(hosts="{{ ansible_play_batch }}", bound_to={"h1": "id-1"}), "run_once": True}
    each = f"query('{NAME}', *ansible_play_batch, file='{FILE}', which='pending') | unique | length == 5"
    play(tmp_path, [wave, {**looked_up(each), "run_once": True}], hosts=5)
    entries = store(tmp_path / FILE).read()
    assert len(entries) == 5
    assert [entries[name].pending.bound_to for name in ("h0", "h1")] == [None, "id-1"]  # type: ignore[union-attr]


def test_check_mode_foretells_and_writes_nothing(tmp_path: Path) -> None:
    assert "changed=1" in play(tmp_path, [keep()], "--check")
    assert not (tmp_path / FILE).exists()
    play(tmp_path, [keep(password="Given-Pass-1")])
    assert store(tmp_path / FILE).read() == {"h0": Entry(password("Given-Pass-1", at=_at(tmp_path)))}
    before = (tmp_path / FILE).read_bytes()
    assert "changed=1" in play(tmp_path, [keep(state="promoted")], "--check")
    assert "changed=0" in play(tmp_path, [keep()], "--check")
    assert (tmp_path / FILE).read_bytes() == before


def _at(folder: Path) -> str:
    pending = store(folder / FILE).read()["h0"].pending
    assert pending
    return pending.changed_at


def test_no_output_holds_a_password_or_the_vaults_secret(tmp_path: Path) -> None:
    # Not in the play: where a task fails, Ansible shows the lines around it.
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("given: Given-Pass-2\nother: Other-Pass-3\n")
    tasks = [
        {**keep(), "register": "kept"},
        {"ansible.builtin.debug": {"var": "kept"}},
        keep(generation="2", password="{{ given }}"),
        {**keep(generation="2", password="{{ other }}"), "ignore_errors": True},
        keep(generation="2", state="promoted"),
        looked_up(f"{lookup()} == given"),
        looked_up(f"{lookup(which='previous')} | length == 14"),
        keep(generation="3"),
        keep(generation="3", state="dropped"),
    ]
    output = play(tmp_path, tasks, "-vvvvv", "--diff")
    entry = store(tmp_path / FILE).read()["h0"]
    assert entry.current
    assert entry.pending is None
    secrets = [entry.current.value, "Other-Pass-3", SECRET, *(found.value for found in entry.previous)]
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in output] == []
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in ("all.yml", "secret")]
    assert [path for path in written if any(secret.encode() in path.read_bytes() for secret in secrets)] == []


@pytest.mark.parametrize(
    ("task", "vault", "words"),
    [
        (keep(), False, "This run has no vault secret to keep passwords with; give one by --vault-id, "),
        (looked_up(f"{lookup()}"), False, "This run has no vault secret to keep passwords with"),
        (looked_up(f"{lookup()}"), True, f"{FILE} has no current password for h0; see by ansible-vault view"),
        (keep(state="promoted"), True, "Nothing was written: h0 has no pending password for generation '1'; stage it"),
        (keep(state="promoted", password="x", length=3), True, "only; leave it out. length is 3; set it to 8 to 26."),
        (keep(length="many", bound_to="x"), True, "length is 'many'; set it to a whole number."),
        (keep(state="put", password="Given-Pass-1"), True, "state is 'put'; set it to one of: staged, promoted, dr"),
        (keep(pasword="Given-Pass-1"), True, "pasword is no option of this module; use those it has: file, state"),
        ({NAME: {}}, True, "file is not set; set it to the file that keeps the passwords. generation is not set; "),
        (keep(file="none/x"), True, "none is not there; make it, with mode 0700."),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(tmp_path: Path, task: dict[str, Any], vault: bool, words: str) -> None:
    output = play(tmp_path, [task], vault=vault, fails=True)
    assert words in output
    assert "Given-Pass-1" not in output
    assert not (tmp_path / FILE).exists()


def test_the_documentation_tells_the_options_that_the_action_takes() -> None:
    module = importlib.import_module("ansible_collections.cloudreset.huaweicloud.plugins.modules.stored_password")
    documented = yaml.safe_load(module.DOCUMENTATION)["options"]
    pick = {name: {key: option[key] for key in TOLD if key in option} for name, option in documented.items()}
    assert pick == {name: {key: option[key] for key in TOLD if key in option} for name, option in SPEC.items()}
