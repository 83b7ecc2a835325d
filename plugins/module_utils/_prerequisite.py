# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one checked condition, of the guest or of the cloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PASS, WARN, FAIL, UNKNOWN = "pass", "warn", "fail", "unknown"


@dataclass(frozen=True)
class Prerequisite:
    """One checked condition. ``hint`` says what to do where the status is not pass."""

    name: str
    status: str
    found: str
    wanted: str
    hint: str = ""


def failed(prerequisites: Sequence[Prerequisite]) -> tuple[Prerequisite, ...]:
    """Return those that fail."""
    return tuple(item for item in prerequisites if item.status == FAIL)


def report(prerequisites: Sequence[Prerequisite]) -> list[dict[str, str]]:
    """Return them for a module's result."""
    return [dict(vars(item)) for item in prerequisites]


def sentence(prerequisites: Sequence[Prerequisite]) -> str:
    """Return one sentence that names each with what was found, wanted and what to do."""
    return " ".join(f"{item.name}: found {item.found}, wanted {item.wanted}. {item.hint}" for item in prerequisites)
