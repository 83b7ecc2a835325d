# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what goes wrong with a store."""

from __future__ import annotations


class StoreError(Exception):
    """A store cannot do what was asked; the message is a sentence for the user and holds no secret."""
