# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On Windows, too, no secret comes out, however talkative setup.bat and the agent's log are: not in output, not in an
answer's base64, not in the text of what runs, not in processes, and not in files.
"""

from __future__ import annotations

import base64
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from controller import Controller
from searching import watched
from story import agent, audit
from windows import AGENT, WAYS, changed_package

from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

PASSWORD = "Pending-Secret-42"
BLOB = "0Rqv2zwGpvA=brvpQE1/AAkxrniFf9LgkOanJuSq3uPClZ5eCM6JDpRX"
LINES = "\n".join(
    (
        f"run: net user Administrator {PASSWORD}",
        f'answer {{"reset_password":"{BLOB}"}}',
    )
)
# What is printed, and what the agent's log then has.
SAY = """:install
type "%here%\\said.txt"
type "%here%\\said.txt" >>%target%\\logs\\resetPwdAgent.log
"""
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
# Writes down what goes to the guest over SSH.
RECORDING = '#!/bin/sh\n[ "$*" = "-o ControlPersist" ] || tee -a "{sent}" | exec ssh "$@"\n'


def plain(text: str) -> str:
    """A text with all that its base64 says, as UTF-8 and as what PowerShell encodes its commands in."""
    found = [text]
    for word in BASE64.findall(text):
        data = base64.b64decode(word[: len(word) // 4 * 4] + "==")
        found += [data.decode(errors="replace"), data.decode("utf-16-le", errors="replace")]
    return "\n".join(found)


def holding(root: Path, words: Iterable[str], since: float) -> list[str]:
    """The files below a folder that were written since a time and hold one of the words."""
    needles = [form for word in words for form in (word.encode(), word.encode("utf-16-le"))]
    written = (
        Path(folder) / name
        for folder, _folders, names in os.walk(root)
        for name in names
        if not (Path(folder) / name).is_symlink()
    )
    recent = [path for path in written if path.stat().st_mtime >= since]
    return [str(path) for path in recent if any(needle in path.read_bytes() for needle in needles)]


@pytest.mark.parametrize("way", ["winrm", "psrp", "ssh cmd"])
def test_no_secret_comes_out(way: str, winhost: WindowsHost, controller: Controller, metadata: MetadataControl) -> None:
    sent = controller.folder / "sent"
    ssh = controller.folder / "ssh"
    ssh.write_text(RECORDING.format(sent=sent))
    ssh.chmod(0o755)
    # An agent that stays and resets nothing: the reset is still pending in the end.
    said = {"said.txt": f"{LINES}\n"}
    works = changed_package(controller, "works", (":install\n", SAY), said, version="2.0.0", resident=True)
    fails = changed_package(controller, "fails", (":install\n", f"{SAY}goto failed\n"), said, version="3.0.0")
    metadata.set_password(winhost.name, PASSWORD)
    pending = metadata.show(winhost.name).blob
    words = {PASSWORD, BLOB, BLOB[:16], pending}
    tasks = [agent("install", **works), audit(login=True), agent("rolled back", upgrade=True, **fails)]
    play = {
        "hosts": winhost.name,
        "gather_facts": False,
        "vars": dict(WAYS.get(way, {})),
        "tasks": [{**task, "diff": True} for task in tasks],
    }
    seen: set[str] = set()
    began = time.time()
    with watched(words, seen):
        run = controller.play([play], ["-vvvvvv"])
    results = {line["task"]: line["result"] for line in run.results}
    assert len(results) == len(tasks), run.output
    # Each was there to come out.
    for lines in (
        results["install"]["setup_output"],
        results["audit"]["agent"]["log"],
        results["rolled back"]["setup_output"],
        results["rolled back"]["failed_log"],
    ):
        assert sum("********" in line for line in lines) == 2, results
    assert results["audit"]["login"]["pending_reset"] is True
    output = plain(run.output)
    assert "setup run: net user Administrator ********" in output or way == "ssh cmd"
    for word in words:
        assert word not in output
        assert word not in str(run.results)
    assert not seen
    assert metadata.show(winhost.name).blob == pending
    # The agent's own log is where an agent puts it.
    assert holding(winhost.local("C:\\"), words, began) == [str(winhost.local(f"{AGENT}\\logs\\resetPwdAgent.log"))]
    if way == "ssh cmd":
        scripts = [text for line in sent.read_text().splitlines() if "Write-Answer" in (text := decoded(line))]
        assert len(scripts) >= len(tasks)
        assert not [word for word in words for text in scripts if word in text]


def decoded(line: str) -> str:
    """What a line of base64 says."""
    return base64.b64decode(line).decode(errors="replace")
