# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures this collection against stock modules and against ssh in parallel, side by side on the same hosts."""
