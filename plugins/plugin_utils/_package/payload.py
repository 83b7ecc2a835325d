# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the archive that is sent to a guest, readable by any tar and the same every time.

ustar, optionally in gzip; the setup folder's content at top level, and `.complete` as the last member; owned by 0:0;
0755 for folders, for the setup file, for what is in a bin/ folder or is a shell script, and for what the package marks
as executable; 0644 for the rest.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from .archive import LAYOUTS, Entry, Inspection, inspect, opened
from .cache import settle, told
from .errors import ArchiveError
from .names import comparable, parents

FORMAT = "3"
# The last member: a guest that has it has all before it. Its content are the digests of the agent's files.
COMPLETE = ".complete"
_SCRIPTS = (".sh", ".script")
# What the wrapper writes while it runs; common.sh and common.ps1 have the same.
_FLEETING = (".pid", ".lock", ".anchor", ".status")


def payload_name(sha256: str, compress: bool) -> str:
    """The name in the cache of the payload of the package with this digest."""
    return f"{sha256}.{FORMAT}.tar{'.gz' if compress else ''}"


def write_payload(zip_path: Path, os: str, final: Path, compress: bool) -> None:
    """Makes the payload of a verified package.

    Takes the package, its operating system, and where the payload shall lie. Raises ArchiveError, for what `inspect`
    refuses and for names that ustar cannot hold, or CacheError; nothing is left at `final` then.
    """
    inspection = inspect(zip_path, os)
    temporary = final.with_name(f"{final.name}.tmp")
    try:
        with opened(zip_path) as archive, told("written to", final.parent), temporary.open("wb") as raw:
            temporary.chmod(0o600)
            if compress:
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
                    _write(archive, inspection, os, cast("IO[bytes]", packed))
            else:
                _write(archive, inspection, os, raw)
        with told("written to", final.parent):
            settle(temporary, final)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _write(archive: zipfile.ZipFile, inspection: Inspection, os: str, to: IO[bytes]) -> None:
    entries = {entry.path: entry for entry in inspection.entries}
    folders = {parent for path in entries for parent in parents(path)}
    folders |= {path for path, entry in entries.items() if entry.kind == "folder"}
    with tarfile.open(fileobj=to, mode="w", format=tarfile.USTAR_FORMAT, encoding="utf-8") as tar:
        for path in sorted(folders | set(entries)):
            if path in folders:
                _add(tar, _header(path, tarfile.DIRTYPE, 0o755))
            else:
                _add_entry(tar, archive, entries[path])
        digests = _digests(inspection, os)
        last = _header(COMPLETE, tarfile.REGTYPE, 0o644)
        last.size = len(digests)
        _add(tar, last, io.BytesIO(digests))


def _digests(inspection: Inspection, os: str) -> bytes:
    """The digests of the files in the agent's folder, as the guest's script computes them.

    Empty where Linux's sha256sum would write a name in another way: then the guest computes them from what it got.
    """
    prefix = comparable(LAYOUTS[os].agent_folder, os) + "/"
    found = {
        e.path[len(prefix) :]: e.sha256
        for e in inspection.entries
        if e.kind == "file" and comparable(e.path, os).startswith(prefix)
    }
    if any("\\" in path for path in found):
        return b""
    lasting = {path: sha for path, sha in found.items() if not (path.startswith("logs/") or path.endswith(_FLEETING))}
    return "".join(f"{sha}  ./{path}\n" for path, sha in sorted(lasting.items())).encode()


def _add_entry(tar: tarfile.TarFile, archive: zipfile.ZipFile, entry: Entry) -> None:
    if entry.kind == "link":
        header = _header(entry.path, tarfile.SYMTYPE, 0o777)
        header.linkname = entry.target
        _add(tar, header)
        return
    header = _header(entry.path, tarfile.REGTYPE, 0o755 if _is_program(entry) else 0o644)
    header.size = entry.size
    with archive.open(entry.info) as content:
        _add(tar, header, content)


def _add(tar: tarfile.TarFile, header: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
    try:
        tar.addfile(header, content)
    except ValueError as error:
        raise ArchiveError(
            f"The archive's entry {header.name!a} has a name that a ustar archive cannot hold ({error}); set package "
            "(and checksum) to an agent package of the vendor."
        ) from error


def _header(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(path)
    header.type, header.mode = kind, mode
    return header


def _is_program(entry: Entry) -> bool:
    folder, name = posixpath.split(entry.path)
    return entry.executable or posixpath.basename(folder) == "bin" or name.endswith(_SCRIPTS)
