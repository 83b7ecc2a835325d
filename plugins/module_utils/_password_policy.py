# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which passwords the cloud takes and the reset agent can set, and the making of safe ones.

The vendor's pages differ. What none of them allows is an error, and what only some allow is a warning. Sources: api-ecs
ecs_02_0306 (batch reset), the console's rules, usermanual-flexusl, and the agent's published source for how it hands
the password on: unquoted, to `/bin/sh` on Linux and to `net user` on Windows.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

System = Literal["linux", "windows"]

SHORTEST = 8
LONGEST = 26
SAFE = "-_+=.:@"
_EVERYWHERE = "!@%-_=+[]:./?"  # on every page, for every system
_CLASSES_WANTED = 3
# `net user` of some Windows versions asks Y/N above this length.
_LONGEST_UNASKED = 14


@dataclass(frozen=True)
class Rules:
    """What differs between the systems.

    `runs`: whether three characters of the user's name in a row are too many. `spoilt` are characters that do not
    reach the account as they are, and why; `doubts` what else the agent's command may stumble over, by a pattern.
    """

    user: str
    specials: str
    runs: bool = False
    spoilt: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, str] = field(default_factory=dict)


_GLOB = "the agent's shell takes as a file pattern"
_BRACE = "the agent's shell may take as a choice of words"
RULES: Mapping[System, Rules] = {
    "linux": Rules(
        "root",
        _EVERYWHERE + "^,{}",
        spoilt={
            "[": _GLOB,
            "]": _GLOB,
            "?": _GLOB,
            "{": _BRACE,
            "}": _BRACE,
            ",": _BRACE,
            "!": "some shells take as history",
        },
    ),
    "windows": Rules(
        "Administrator",
        _EVERYWHERE + "$,",
        runs=True,
        spoilt={"%": "the command line may take as a variable", "^": "the command line may take as an escape"},
        doubts={
            r"^/": "it begins with /, which net user takes as a switch",
            rf"(?s).{{{_LONGEST_UNASKED + 1}}}": f"it has more than {_LONGEST_UNASKED} characters, at which some "
            "versions of net user ask first",
        },
    ),
}


@dataclass(frozen=True)
class Verdict:
    """All that is wrong with a password, and all that is doubtful; neither ever holds any of it."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check(password: str, system: System, *, complexity: bool = True) -> Verdict:
    """Judges a password for the account that the agent sets on a system.

    Without `complexity` its length, classes and likeness to the user's name are doubtful only, since the API can be
    told not to look at them. A character that is not allowed stays an error: the agent's shell would run it.
    """
    rules = RULES[system]
    weak = (*_shape(password), *_likeness(password, rules))
    foreign = _foreign(password, system, rules)
    doubtful = (*_differing(password, rules), *_spoilt(password, rules))
    return Verdict((*weak, *foreign), doubtful) if complexity else Verdict(foreign, (*weak, *doubtful))


def generate(length: int = _LONGEST_UNASKED) -> str:
    """A password that every rule of both systems allows, and that nothing on its way takes for anything else.

    Letters, digits and `-_+=.:@`, one of each class at least, beginning with a letter. Raises ValueError for a length
    that is not 8 to 26; above 14, which is some 85 bits, some versions of Windows may ask before they set it.
    """
    if not SHORTEST <= length <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters")
    letters = string.ascii_letters
    while True:
        rest = "".join(secrets.choice(letters + string.digits + SAFE) for _place in range(length - 1))
        password = secrets.choice(letters) + rest
        verdicts = [check(password, system) for system in RULES]
        if _classes(password) == len(_CLASSES) and not any(verdict.errors for verdict in verdicts):
            return password


_CLASSES = (
    frozenset(string.ascii_uppercase),
    frozenset(string.ascii_lowercase),
    frozenset(string.digits),
    frozenset(string.punctuation),
)


def _classes(password: str) -> int:
    return sum(not letters.isdisjoint(password) for letters in _CLASSES)


def _shape(password: str) -> list[str]:
    wrong = []
    if not SHORTEST <= len(password) <= LONGEST:
        wrong.append(f"it has {len(password)} characters, and {SHORTEST} to {LONGEST} are wanted")
    if (classes := _classes(password)) < _CLASSES_WANTED:
        wrong.append(
            f"it has {classes} of the classes upper case, lower case, digits and special characters, and "
            f"{_CLASSES_WANTED} are wanted"
        )
    return wrong


def _likeness(password: str, rules: Rules) -> list[str]:
    """How it is like the user's name; capitals are not stated to matter, so they do not."""
    lower, name, user = password.lower(), rules.user.lower(), rules.user
    wrong = [
        f"it holds {what}"
        for part, what in ((name, f"the name {user}"), (name[::-1], f"the name {user} reversed"))
        if part in lower
    ]
    if rules.runs and any(name[start : start + 3] in lower for start in range(len(name) - 2)):
        wrong.append(f"it holds three characters in a row of the name {user}")
    return wrong


def _foreign(password: str, system: System, rules: Rules) -> tuple[str, ...]:
    if re.fullmatch(f"[A-Za-z0-9{re.escape(rules.specials)}]*", password):
        return ()
    allowed = f"letters, digits and {rules.specials}"
    return (f"it holds a character that is not allowed on {system.capitalize()}, and {allowed} are",)


def _differing(password: str, rules: Rules) -> list[str]:
    differing = [letter for letter in rules.specials if letter not in _EVERYWHERE]
    if set(differing).isdisjoint(password):
        return []
    return [f"it holds one of {''.join(differing)}, which some of the vendor's pages do not allow"]


def _spoilt(password: str, rules: Rules) -> list[str]:
    reasons: dict[str, str] = {}
    for letter, reason in rules.spoilt.items():
        reasons[reason] = reasons.get(reason, "") + letter
    doubtful = [
        f"it holds one of {letters}, which {reason}" if len(letters) > 1 else f"it holds {letters}, which {reason}"
        for reason, letters in reasons.items()
        if not set(letters).isdisjoint(password)
    ]
    return doubtful + [doubt for pattern, doubt in rules.doubts.items() if re.search(pattern, password)]
