# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pending reset's password, and its blob, are in no output at -vvvv, whatever the agent or its setup prints."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from controller import Controller
from story import AGENT, SERVICE, agent, audit, package, script

from lab.client import Host
from lab.faults import Hang
from lab.metadata_client import MetadataControl

PASSWORD = "Pending-Secret-42"
BLOB = "0Rqv2zwGpvA=brvpQE1/AAkxrniFf9LgkOanJuSq3uPClZ5eCM6JDpRX"
LINES = "\n".join(
    (f'exec /bin/sh -c "echo root:{PASSWORD}|chpasswd"', f"root:{PASSWORD}", f'answer {{"reset_password":"{BLOB}"}}')
)
SAY = f"cat <<'END'\n{LINES}\nEND"


def talkative(controller: Controller, **options: str) -> dict[str, str]:
    """A package whose setup.sh prints the secrets and has them in the agent's log."""
    plain = Path(package(controller, "plain", **options)["package"])
    path = plain.with_name("talkative.zip")
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("CloudResetPwdAgent.Linux/setup.sh"):
                log = f"{SAY[:3]} >>/CloudrResetPwdAgent/logs/resetPwdAgent.log{SAY[3:]}\n"
                data = data.replace(b"\nchmod 755 $target", f"\n{SAY}\n{log}chmod 755 $target".encode(), 1)
            target.writestr(info, data)
    return {"package": str(path), "checksum": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_no_secret_in_any_output_at_vvvv(host: Host, controller: Controller, metadata: MetadataControl) -> None:
    metadata.set_password(host.name, PASSWORD)
    metadata.set_faults(host.name, Hang(path="*/reset_password", method="GET"))
    pending = metadata.show(host.name).blob
    quick = {"tries": 1, "delay_ms": 1}
    fails = talkative(controller, version="3.0.0", start="fails", **quick)
    works = package(controller, "works", **quick)
    play = {
        "hosts": host.name,
        "gather_facts": False,
        "tasks": [
            {**task, "diff": True}
            for task in (
                agent("install", **works, cache_dir=str(controller.cache)),
                script("test -d /CloudrResetPwdAgent/logs"),
                audit(),
                agent("rolled back", **fails, cache_dir=str(controller.cache), upgrade=True),
                agent("restarted", state="restarted"),
                agent("stopped", state="stopped"),
            )
        ],
    }
    run = controller.play([play], ["-vvvv"])
    results = {line["task"]: line["result"] for line in run.results}
    assert any("********" in line for line in results["rolled back"]["setup_output"])
    assert any("********" in line for line in results["rolled back"]["failed_log"])
    # Not over the connection, so that the secrets are in no command that Ansible shows.
    host.sh(f"cat >>{AGENT}/logs/resetPwdAgent.log <<'END'\n{LINES}\nEND")
    host.sh(f"sed -i '2i cat {AGENT}/logs/resetPwdAgent.log' {AGENT}/bin/{SERVICE}.script")
    more = {**play, "tasks": [audit(), agent("restarted", state="restarted"), agent("absent", state="absent")]}
    second = controller.play([more], ["-vvvv", "--diff"])
    results = {line["task"]: line["result"] for line in second.results}
    assert sum("********" in line for line in results["audit"]["agent"]["log"]) == 3
    assert any("********" in line for line in results["restarted"]["setup_output"])
    for told in (run, second):
        for secret in (PASSWORD, BLOB, BLOB[:16], pending):
            assert secret not in told.output
            assert secret not in str(told.results)
