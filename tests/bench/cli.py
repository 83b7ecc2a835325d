# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's command line."""

from __future__ import annotations

import argparse
import os
import sys

from bench import ground, report, targets
from bench.contenders import CONTENDERS
from bench.race import Race, run
from lab.process import LabError

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
    rows = []
    race = Race(options.only, options.quick, not options.ssh_defaults)
    with ground.prepared(max(options.hosts), _say) as lab:
        load = os.getloadavg()[0]
        if load >= _QUIET_BELOW:
            _say(f"Others are at work on this machine (load {load:.1f}): take the times with a grain of salt.")
        for count in options.hosts:
            rows += run(race, lab, count, _say)
    verdicts = targets.judge(rows)
    found = report.document(rows, verdicts, load, race)
    report.write(found)
    print(report.table(found), "", report.conditions(found), sep="\n")
    print(targets.last_line(verdicts))
    return 0 if all(verdict.met for verdict in verdicts) else 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Ours, ssh in parallel and stock modules, side by side.")
    parser.add_argument(
        "--hosts", type=_numbers, default=[20, 100], metavar="N,…", help="how many light hosts (20,100)"
    )
    parser.add_argument("--only", type=_names, default=list(CONTENDERS), metavar="NAME,…", help=", ".join(CONTENDERS))
    parser.add_argument("--quick", action="store_true", help="each once, where it is the median of three otherwise")
    parser.add_argument(
        "--ssh-defaults", action="store_true", help="ssh as OpenSSH and Ansible set it, for all of them"
    )
    parser.add_argument("--readme", action="store_true", help="only put the newest result into README.md")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _names(text: str) -> list[str]:
    names = text.split(",")
    unknown = sorted(set(names) - set(CONTENDERS))
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: there are {', '.join(CONTENDERS)}")
    return names
