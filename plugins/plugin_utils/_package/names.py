# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the names in an archive, made comparable and refused when they could lead out of it."""

from __future__ import annotations

import re
import unicodedata
import zipfile

from .errors import ArchiveError

_UTF8_FLAG = 0x800
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def path_of(entry: zipfile.ZipInfo, os: str) -> str:
    """An entry's path with `/` between its parts and none at its end; empty for the archive's own root.

    Backslashes, which some Windows programs write, count as `/`. Takes the operating system that it is meant for.
    Raises ArchiveError for an absolute path, a drive, `..`, control characters, and on Windows for names that mean
    another file.
    """
    name = _text(entry)
    if "\x00" in entry.orig_filename or _CONTROL.search(name):
        raise unsafe(entry, "has control characters in its name")
    path = name.replace("\\", "/")
    if path.startswith("/"):
        raise unsafe(entry, "is an absolute path")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    for part in parts:
        _check_part(entry, part, os)
    return "/".join(parts)


def is_folder(entry: zipfile.ZipInfo) -> bool:
    """Whether the name alone says that the entry is a folder."""
    return entry.filename.endswith(("/", "\\"))


def comparable(path: str, os: str) -> str:
    """The path as the operating system compares it: Windows knows no case."""
    return unicodedata.normalize("NFC", path).casefold() if os == "windows" else path


def parents(path: str) -> list[str]:
    """The folders above a path, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def unsafe(entry: zipfile.ZipInfo, why: str) -> ArchiveError:
    """The error for an entry that no agent package holds."""
    return ArchiveError(
        f"The archive's entry {entry.orig_filename!a} {why}, so nothing of it is used; set package (and checksum) to "
        "an agent package of the vendor."
    )


def _text(entry: zipfile.ZipInfo) -> str:
    """The name, in UTF-8 where its bytes are that and the archive forgot to say so (zipfile then reads cp437)."""
    if entry.flag_bits & _UTF8_FLAG:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _check_part(entry: zipfile.ZipInfo, part: str, os: str) -> None:
    if part == "..":
        raise unsafe(entry, "leads out of the archive")
    if ":" in part:
        raise unsafe(entry, "has a drive or stream (:) in its name")
    if os == "windows" and (part.endswith((".", " ")) or _WINDOWS_DEVICE.fullmatch(part)):
        raise unsafe(entry, "has a name that Windows takes for another")
