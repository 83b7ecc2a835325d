# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for get-pip.py, which ansible-test runs in its environments: pip is already inside Python."""

from __future__ import annotations

import subprocess
import sys

NOT_KNOWN_TO_PIP = {"--no-setuptools", "--no-wheel"}

subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
subprocess.run(
    [sys.executable, "-m", "pip", "install", *(a for a in sys.argv[1:] if a not in NOT_KNOWN_TO_PIP)], check=True
)
