# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: an outcome as a module's result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from ...module_utils._prerequisite import Prerequisite, failed, report
from . import prerequisites
from .facts import HostFacts
from .workflow import Done, Outcome

_DIFF_KEYS = ("state", "registered", "enabled", "backend", "package_sha256", "damage", "modes_wrong")


def facts_result(facts: HostFacts, checked: Sequence[Prerequisite]) -> dict[str, Any]:
    """Return what both modules tell of a guest."""
    return {
        "agent": facts.agent.report(),
        "prerequisites": report(checked),
        "ready": not failed(checked),
        "server_id": prerequisites.server_id(facts.answer.all("metadata")),
        "boot_id": facts.boot_id,
    }


def outcome_result(outcome: Outcome, ignored: Sequence[str], diff: bool) -> dict[str, Any]:
    """Return the result of reset_agent, with a diff that shows the plan where one is wanted."""
    result: dict[str, Any] = {
        **facts_result(outcome.facts, outcome.checked),
        "changed": outcome.changed,
        "steps": [vars(step) for step in outcome.steps],
        "package": outcome.delivery.report() if outcome.delivery else None,
        "ignored_prerequisites": list(ignored),
        "rolled_back": outcome.rolled_back,
        "setup_output": list(outcome.setup_output),
        "failed_log": list(outcome.failed_log),
        "warnings": list(outcome.warnings),
    }
    if outcome.problem:
        result |= {"failed": True, "msg": outcome.problem}
    if diff and outcome.steps:
        result["diff"] = _diff(outcome.before, outcome.steps)
    return result


def _diff(before: HostFacts, steps: Sequence[Done]) -> dict[str, str]:
    report = before.agent.report()
    there = {key: report[key] for key in _DIFF_KEYS if report[key] not in (None, [])}
    plan = {"steps": [f"{step.name}: {step.why}" for step in steps]}
    return {
        "before_header": "the agent on the guest",
        "after_header": "the same, with the plan",
        "before": _text(there),
        "after": _text({**there, **plan}),
    }


def _text(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=1000)
