# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the one exception of the host side."""

from __future__ import annotations


class HostError(Exception):
    """What could not be done on a guest, as one sentence for the operator: tried, found, wanted, what to do.

    ``changed`` is true where the guest may have been changed all the same.
    """

    def __init__(self, message: str, changed: bool = False) -> None:
        """Take the sentence, and whether the guest may have been changed."""
        super().__init__(message)
        self.changed = changed


class NotSentError(HostError):
    """The script did not get to the guest, so that nothing of it ran there."""
