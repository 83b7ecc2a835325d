# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: takes secrets out of what a guest says before anybody is told."""

from __future__ import annotations

import re

# A log line may carry what the agent was given: the command that it runs, or the blob it reads, also as JSON in JSON.
_SECRETS = (
    (re.compile(r"(root:|Administrator\s+)\S+", re.IGNORECASE), r"\1********"),
    (re.compile(r"""(reset_password[\\"']*\s*[:=]\s*[\\"']*)[^\\"',}\s]{8,}"""), r"\1********"),
)


def redact(line: str) -> str:
    """Return a line of the agent's log or of setup's output without the secrets that it may hold."""
    for pattern, replacement in _SECRETS:
        line = pattern.sub(replacement, line)
    return line
