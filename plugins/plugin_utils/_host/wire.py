# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the text in which a guest script answers.

A script prints lines of ``key value`` between two marker lines that carry a nonce, so that a banner, a motd or an
``echo`` in a .bashrc around them does no harm.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import HostError
from .redaction import redact


def begin_marker(nonce: str) -> str:
    """Return the line before an answer."""
    return f"@@cloudreset {nonce} begin"


def end_marker(nonce: str) -> str:
    """Return the line after an answer."""
    return f"@@cloudreset {nonce} end"


@dataclass(frozen=True)
class Answer:
    """The lines of an answer by key, in the order in which they came."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def all(self, key: str) -> list[str]:
        """Return every value of a key; empty when the guest said none."""
        return list(self.values.get(key, ()))

    def first(self, key: str, default: str = "") -> str:
        """Return the first value of a key, or the default."""
        found = self.values.get(key)
        return found[0] if found else default

    def number(self, key: str) -> int | None:
        """Return the first value of a key as a whole number; None when it is absent or none."""
        text = self.first(key)
        return int(text) if text.isascii() and text.isdigit() else None


def begun(output: str, nonce: str) -> bool:
    """Return whether a script began to answer within its output, complete or not."""
    return begin_marker(nonce) in output


def parse(output: str, nonce: str) -> Answer:
    """Return what a script answered within its output.

    Raises HostError when there is no complete answer, with the end of what came instead.
    """
    lines = [line.rstrip("\r") for line in output.split("\n")]
    try:
        start = lines.index(begin_marker(nonce))
        end = lines.index(end_marker(nonce), start)
    except ValueError:
        raise HostError(_no_answer(lines)) from None
    values: dict[str, list[str]] = {}
    for line in lines[start + 1 : end]:
        key, _blank, value = line.partition(" ")
        values.setdefault(key, []).append(printable(value))
    return Answer(values)


def unpacked(output: str, nonce: str) -> str:
    """Return an output with its answer unpacked: Windows guests give it in base64, all in one line.

    What has no markers is left as it is, for `parse` to tell. Raises HostError for what is no base64.
    """
    lines = [line.rstrip("\r") for line in output.split("\n")]
    if not {begin_marker(nonce), end_marker(nonce)} <= set(lines):
        return output
    start, end = lines.index(begin_marker(nonce)) + 1, lines.index(end_marker(nonce))
    try:
        answer = base64.b64decode("".join(lines[start:end]), validate=True).decode("utf-8")
    except ValueError:
        raise HostError(_no_answer(lines)) from None
    return "\n".join([*lines[:start], answer, *lines[end:]])


def printable(text: str) -> str:
    """Return the text without control characters, which a log of the guest could use to forge output."""
    line = text.replace("\t", " ")
    # Almost every line is: a fleet has many of them.
    return line if line.isprintable() else "".join(char if char.isprintable() else "?" for char in line)


def _no_answer(lines: Sequence[str]) -> str:
    tail = printable(" | ".join(redact(line) for line in lines if line.strip())[-400:])
    return f"The script on the guest gave no complete answer; it ended with: {tail or 'nothing'}."
