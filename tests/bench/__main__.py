# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m bench``: the bench's command line."""

import sys

from bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
