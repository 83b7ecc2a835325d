# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the work flow needs of a guest, whatever its system is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from . import wire
from .errors import HostError
from .redaction import redact
from .system import System


class Guest(Protocol):
    """A guest that scripts can be run on."""

    system: System

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        """Run the script that ``make_script`` makes for a nonce, with the payload on its standard input."""


def answer_of(result: Mapping[str, Any], nonce: str) -> wire.Answer:
    """Return what a script answered, from the result of a command.

    Raises HostError when that is not complete, with the status and the end of standard error, or tells of a fault.
    """
    try:
        answer = wire.parse(result["stdout"], nonce)
    except HostError as exception:
        lines = result["stderr"].strip().splitlines()
        said = wire.printable(" | ".join(map(redact, lines))[-400:]).rstrip(".")
        raise HostError(f"{exception} Its status was {result['rc']}, standard error: {said or 'empty'}.") from None
    if answer.first("fault"):
        raise HostError(f"The script on the guest failed: {answer.first('fault')}")
    return answer
