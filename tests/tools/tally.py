# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adds up pytest's JUnit files of a folder and closes on the line `tests: N passed, N failed`; 1 if any failed."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree as Tree  # our own files


def main(folder: str) -> int:
    total = failed = skipped = 0
    for file in Path(folder).glob("*.xml"):
        for suite in Tree.parse(file).iter("testsuite"):  # noqa: S314
            total += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
    print(f"tests: {total - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
