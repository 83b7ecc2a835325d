# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: bounding a zip archive's directory before zipfile reads all of it into memory.

The records: PKWARE's APPNOTE, 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import struct
from pathlib import Path

from .errors import ArchiveError

_END = b"PK\x05\x06"
_END_SIZE = 22
_END_64 = b"PK\x06\x06"
_MAX_COMMENT = 0xFFFF
_LOCATOR_SIZE = 20
_BYTES_AN_ENTRY = 1024


def check_directory(zip_path: Path, max_entries: int) -> None:
    """Raises ArchiveError when the directory is larger than that of `max_entries` entries would be.

    Takes the file; says nothing of one that is no archive, which zipfile will tell.
    """
    size = _directory_size(zip_path)
    if size > max_entries * _BYTES_AN_ENTRY:
        raise ArchiveError(
            f"The archive's directory takes {size} bytes, more than {max_entries} entries need, so it is no agent "
            "package; set package (and checksum) to an agent package of the vendor."
        )


def _directory_size(zip_path: Path) -> int:
    tail_size = _END_SIZE + _MAX_COMMENT + _LOCATOR_SIZE + 56
    with zip_path.open("rb") as file:
        file.seek(max(0, zip_path.stat().st_size - tail_size))
        tail = file.read(tail_size)
    sizes = [0]
    at = tail.rfind(_END)
    if at >= 0 and at + _END_SIZE <= len(tail):
        sizes.append(struct.unpack_from("<L", tail, at + 12)[0])
    at_64 = tail.rfind(_END_64)
    if at_64 >= 0 and at_64 + 56 <= len(tail):
        sizes = [0, struct.unpack_from("<Q", tail, at_64 + 40)[0]]
    return max(sizes)
