# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from bench import ground, report, targets
from bench.fields import FIELDS, LINUX, NAMES, WINDOWS, Field
from bench.race import Race, run
from bench.targets import Verdict
from bench.ways import Ssh
from lab.process import LabError
from lab.windows import powershell

_QUIET_BELOW = 1.0


def main() -> int:
    """Do what the command line says; the status is 0 when all targets are met."""
    options = _options()
    if options.readme:
        report.publish()
        return 0
    try:
        return _measure(options)
    except LabError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2


def _measure(options: argparse.Namespace) -> int:
    found: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for race in _races(options):
        found[race.field.system], judged = _hold(race, options.hosts or race.field.counts)
        verdicts += judged
        report.write(found)  # whatever comes of the next one
    print(report.table(found), "", report.conditions(found), sep="\n")
    print(targets.last_line(verdicts))
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _hold(race: Race, counts: Sequence[int]) -> tuple[dict[str, Any], list[Verdict]]:
    with ground.prepared(race.field, max(counts), _say) as lab:
        load = os.getloadavg()[0]
        if load >= _QUIET_BELOW:
            _say(f"Others are at work on this machine (load {load:.1f}): take the times with a grain of salt.")
        rows = [row for count in counts for row in run(race, lab, count, _say)]
    verdicts = targets.judge(rows)
    return report.part(rows, verdicts, load, race), verdicts


def _races(options: argparse.Namespace) -> list[Race]:
    """What is to be held: on each field that was chosen, if any of its contenders was."""
    races = []
    for field in map(FIELDS.__getitem__, options.systems or _possible()):
        contenders = [contender for contender in field.contenders if contender.name in options.only]
        if contenders:
            races.append(Race(_as_set(field, options), contenders, options.quick))
    if not races:
        raise LabError("nothing is measured, since none of the contenders is there on such hosts: see --help")
    return races


def _possible() -> list[str]:
    """All systems, but Windows only if there are Windows hosts here."""
    if powershell.folder() is not None:
        return list(FIELDS)
    _say(f"\n!!! NOTHING IS MEASURED ON WINDOWS HOSTS: {powershell.REMEDY}\n")
    return [system for system in FIELDS if system != WINDOWS]


def _as_set(field: Field, options: argparse.Namespace) -> Field:
    return replace(field, way=Ssh(tuned=False)) if options.ssh_defaults and field.system == LINUX else field


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Ours, stock modules, and plain ssh or WinRM, side by side."
    )
    counts = ", ".join(f"{field.system}: {','.join(map(str, field.counts))}" for field in FIELDS.values())
    parser.add_argument(
        "--systems", type=_some_of(FIELDS), default=[], metavar="NAME,…", help=f"{', '.join(FIELDS)} (all)"
    )
    parser.add_argument("--hosts", type=_numbers, default=[], metavar="N,…", help=f"how many hosts ({counts})")
    parser.add_argument(
        "--only", type=_some_of(NAMES), default=list(NAMES), metavar="NAME,…", help=f"{', '.join(NAMES)} (all)"
    )
    parser.add_argument("--quick", action="store_true", help="each once, where it is the median of three otherwise")
    parser.add_argument(
        "--ssh-defaults", action="store_true", help="ssh as OpenSSH and Ansible set it, for all of them"
    )
    parser.add_argument(
        "--readme", action="store_true", help="only put the newest result of each system into README.md"
    )
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        given = text.split(",")
        if unknown := sorted(set(given) - set(known)):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(known)}")
        return given

    return names
