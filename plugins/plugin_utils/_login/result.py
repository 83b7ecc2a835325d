# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what came of a login check as a module's result."""

from __future__ import annotations

from typing import Any

from .login import REASONS, Target
from .options import Options
from .sentences import sentence
from .tries import Finding


def finding_result(finding: Finding, target: Target, options: Options) -> dict[str, Any]:
    """Return the result, failed where the outcome is not the expected one."""
    attempt = finding.attempt
    reason = REASONS[attempt.reason]
    said = f" ({attempt.detail.rstrip('.')})" if attempt.detail else ""
    return {
        "changed": False,
        "failed": options.expect not in ("any", reason.outcome),
        "msg": f"{target}: {reason.outcome}. {sentence(attempt.reason, target.service)}{said}",
        "outcome": reason.outcome,
        "reason": attempt.reason,
        "user": target.user,
        "address": target.address,
        "port": target.port,
        "attempts": finding.tries,
        "boot_id": attempt.boot_id,
    }
