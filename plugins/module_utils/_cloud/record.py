# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is remembered beside a server of its last reset; never any form of the password.

`1.GENERATION.DISK.IMAGE`, each as the beginning of its digest, so that it fits into the value of a tag (43 characters).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from .servers import Server, image_of, system_disk_of, tags_of

KEY = "cloudreset_generation"
Place = Literal["metadata", "tag"]

_VERSION = "1"
_LENGTHS = (14, 12, 12)


@dataclass(frozen=True)
class Record:
    """The digests of a generation, and of the system disk and image that it was for."""

    generation: str
    disk: str
    image: str

    @property
    def text(self) -> str:
        """As it is written beside the server."""
        return ".".join((_VERSION, self.generation, self.disk, self.image))


def record_for(server: Server, generation: str) -> Record:
    """What is remembered when this generation was reset on the server as it is now."""
    parts = (generation, system_disk_of(server), image_of(server))
    digests = (hashlib.sha256(part.encode()).hexdigest() for part in parts)
    return Record(*(digest[:length] for digest, length in zip(digests, _LENGTHS, strict=True)))


def records_of(server: Server) -> dict[Place, Record]:
    """What stands beside the server, where it can be read."""
    texts: dict[Place, str] = {"metadata": server.metadata.get(KEY, ""), "tag": tags_of(server).get(KEY, "")}
    read = {place: _read(text) for place, text in texts.items()}
    return {place: record for place, record in read.items() if record}


def _read(text: str) -> Record | None:
    version, *parts = text.split(".")
    if version != _VERSION or tuple(map(len, parts)) != _LENGTHS:
        return None
    return Record(*parts)
