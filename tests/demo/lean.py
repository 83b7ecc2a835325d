# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's output for the demo: one line a host, with what was done and why."""

from __future__ import annotations

import textwrap
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: lean
type: stdout
short_description: One line a host
description: For tests/demo only.
"""

NAME, WIDTH = 12, 100
VERDICTS = ("ansible.builtin.debug", "ansible.builtin.assert")
STEPPED = ("cloudreset.huaweicloud.password_reset",)


class CallbackModule(CallbackBase):
    """Prints a line for each host and task, and a count at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "lean"

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""

    def _step(self, task: Any) -> None:
        """Show a step of a role once, when it turns out not to be skipped."""
        stepped = task._role and task._role.get_name() in STEPPED and task.action.startswith("cloudreset.")
        if stepped and self._shown != task._uuid:
            self._shown = task._uuid
            self._display.display(f"    … {task.get_name().rpartition(' : ')[2]}")

    def v2_runner_on_ok(self, result: Any) -> None:
        """Show what the task did on one host."""
        self._step(result._task)
        name, found = result._host.get_name(), result._result
        if "msg" in found and "changed" in found and result._task.action in VERDICTS:
            self._lines(name, [found["msg"]])
        elif "steps" in found:
            word = "CHANGED" if found["changed"] else "unchanged"
            self._lines(name, [word, *(f"  {step['name']}: {step['why']}" for step in found["steps"])])

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Show why one host failed."""
        self._lines(result._host.get_name(), [f"FAILED: {result._result.get('msg', '')}"])

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Show which host cannot be reached."""
        self._lines(result._host.get_name(), [f"UNREACHABLE: {result._result.get('msg', '')}"])

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Count the hosts by how they came out."""
        counts = dict.fromkeys(("changed", "unchanged", "failed"), 0)
        for host in stats.processed:
            summary = stats.summarize(host)
            bad = summary["failures"] or summary["unreachable"]
            counts["failed" if bad else "changed" if summary["changed"] else "unchanged"] += 1
        self._display.display("  = " + ", ".join(f"{number} {word}" for word, number in counts.items() if number))

    def _lines(self, host: str, texts: list[str]) -> None:
        indent = " " * (NAME + 4)
        folded = [
            textwrap.fill(text.rstrip(), WIDTH, initial_indent=indent, subsequent_indent=indent) for text in texts
        ]
        self._display.display(f"  {host:<{NAME}}  " + "\n".join(folded).lstrip())
