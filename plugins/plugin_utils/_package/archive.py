# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: inspecting an agent package before any of it is used. Nothing is unpacked to disk.

The layouts: Huawei Cloud ECS user guide, "Installing the One-Click Password Reset Plug-in" (en-us_topic_0068095385);
older packages carry an update agent too and nest differently, so the one setup file is searched for.
"""

from __future__ import annotations

import hashlib
import posixpath
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .directory import check_directory
from .errors import ArchiveError
from .names import comparable, is_folder, parents, path_of, unsafe

MAX_ENTRIES = 20_000
MAX_UNPACKED = 1024 * 1024 * 1024
MAX_RATIO = 200
RATIO_FLOOR = 10 * 1024 * 1024
MAX_LINK = 100
UPDATER_PREFIX = "cloudresetpwdupdateagent"

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_KINDS = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
_BLOCK = 256 * 1024
REMEDY = "set package (and checksum) to an agent package of the vendor, or region or base_url to a bucket that has one"


@dataclass(frozen=True)
class Layout:
    """What a package for an operating system holds: the setup folder, in it the setup file and the agent's folder."""

    setup_folder: str
    setup_file: str
    agent_folder: str
    needed: tuple[str, ...] = ("bin", "conf")


LAYOUTS = {
    "linux": Layout("CloudResetPwdAgent.Linux", "setup.sh", "CloudrResetPwdAgent"),
    "windows": Layout("CloudResetPwdAgent.Windows", "setup.bat", "cloudResetPwdAgent"),
}


@dataclass(frozen=True)
class Entry:
    """One entry. `kind` is file, folder or link; `target`, of a link, is relative to the link's folder."""

    path: str
    kind: str
    executable: bool
    info: zipfile.ZipInfo
    sha256: str = ""
    size: int = 0
    target: str = ""


@dataclass(frozen=True)
class Inspection:
    """What is in an archive that may be used. Paths in `entries` are relative to the setup folder, the update agent's
    left out; `files` are relative to the agent's folder; `unpacked_bytes` is the size of the entries' content,
    `packed_bytes` what it takes in the archive."""

    setup_folder: str
    entries: tuple[Entry, ...]
    files: dict[str, str]
    has_updater: bool
    unpacked_bytes: int
    packed_bytes: int


@dataclass
class _Budget:
    archive_bytes: int
    spent: int = field(default=0)

    def spend(self, size: int) -> None:
        self.spent += size
        if self.spent > MAX_UNPACKED:
            raise ArchiveError(
                f"The archive unpacks to more than {MAX_UNPACKED} bytes, so it is no agent package; {REMEDY}."
            )
        if self.spent > max(RATIO_FLOOR, MAX_RATIO * self.archive_bytes):
            raise ArchiveError(
                f"The archive unpacks to more than {MAX_RATIO} times its own size, so it is no agent package; {REMEDY}."
            )


@contextmanager
def opened(zip_path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, open for reading; whatever is broken in it, here or inside the block, is an ArchiveError."""
    try:
        check_directory(zip_path, MAX_ENTRIES)
        with zipfile.ZipFile(zip_path) as archive:
            yield archive
    except _BROKEN as error:
        raise ArchiveError(f"The file fetched is no whole zip archive ({error}); {REMEDY}.") from error


def inspect(zip_path: Path, os: str, beat: Callable[[], None] = lambda: None) -> Inspection:
    """Reads every byte of the archive (so that its CRCs are checked) and says what is in it.

    Takes the file, the operating system (`linux`, `windows`), and what to call now and then meanwhile. Raises
    ArchiveError for what is no whole archive, has not exactly one setup file with the agent beside it, or has entries
    that lead out, collide, are encrypted or special, or unpack to more than the bounds.
    """
    with opened(zip_path) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_ENTRIES:
            raise ArchiveError(f"The archive has {len(infos)} entries, more than {MAX_ENTRIES}; {REMEDY}.")
        budget = _Budget(zip_path.stat().st_size)
        entries = [_read(archive, info, os, budget, beat) for info in infos]
    entries = _distinct(entries, os)
    layout = LAYOUTS[os]
    setup_folder = _setup_folder(entries, os)
    inside = tuple(_below(entry, setup_folder) for entry in entries if _is_payload(entry, setup_folder))
    _check_links(inside, entries)
    return Inspection(
        setup_folder=setup_folder,
        entries=inside,
        files=_agent_files(inside, layout, os),
        has_updater=any(_is_updater(entry.path) for entry in entries),
        unpacked_bytes=sum(entry.size for entry in inside),
        packed_bytes=sum(entry.info.compress_size for entry in inside),
    )


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, os: str, budget: _Budget, beat: Callable[[], None]) -> Entry:
    path, mode = path_of(info, os), info.external_attr >> 16
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is None:
        raise unsafe(info, "is neither a file nor a folder nor a link")
    if kind == "link" and os == "windows":
        raise unsafe(info, "is a link, which a package for Windows cannot have")
    if info.header_offset < 0:
        raise unsafe(info, "lies before the beginning of the archive")
    if info.flag_bits & _ENCRYPTED:
        raise unsafe(info, "is encrypted")
    if info.compress_type not in _METHODS:
        raise unsafe(info, f"is compressed in a way (method {info.compress_type}) that is not deflate")
    if is_folder(info):
        kind = "folder"
    digest, size, head = hashlib.sha256(), 0, b""
    with archive.open(info) as content:
        while block := content.read(_BLOCK):
            budget.spend(len(block))
            beat()
            digest.update(block)
            size += len(block)
            head = head or block[: MAX_LINK + 1]
    if (kind == "folder" and size) or (kind == "file" and not path):
        raise unsafe(info, "is a folder with content or a file without a name")
    target = _target(info, head) if kind == "link" else ""
    return Entry(path, kind, bool(mode & stat.S_IXUSR), info, digest.hexdigest(), size if kind == "file" else 0, target)


def _target(info: zipfile.ZipInfo, content: bytes) -> str:
    try:
        target = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise unsafe(info, "is a link whose target is no text") from error
    if not target or len(content) > MAX_LINK or not target.isprintable() or "\\" in target:
        raise unsafe(info, "is a link whose target is not a short relative path")
    return target


def _distinct(entries: list[Entry], os: str) -> list[Entry]:
    """The entries, folders once each. Refuses two of one name, and files that are folders of others too."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        key = comparable(entry.path, os)
        if key in seen and not entry.kind == seen[key].kind == "folder":
            raise unsafe(entry.info, "is there twice")
        seen.setdefault(key, entry)
    for key, entry in seen.items():
        above = (seen.get(parent) for parent in parents(key))
        if any(parent is not None and parent.kind != "folder" for parent in above):
            raise unsafe(entry.info, "is below a name that is no folder")
    return [entry for key, entry in seen.items() if key]


def _setup_folder(entries: list[Entry], os: str) -> str:
    found = _setup_folders(entries, os)
    if len(found) == 1:
        return found[0]
    layout = LAYOUTS[os]
    wanted = f"exactly one {layout.setup_folder}/{layout.setup_file}"
    others = [other for other in LAYOUTS if other != os and _setup_folders(entries, other)]
    if not found and others:
        raise ArchiveError(
            f"The archive is a package for {others[0]}, and one for {os} with {wanted} is wanted; {REMEDY}."
        )
    have = " and ".join(found) if found else "none"
    raise ArchiveError(f"The archive should hold {wanted} and holds {have}; {REMEDY}.")


def _setup_folders(entries: list[Entry], os: str) -> list[str]:
    layout = LAYOUTS[os]
    wanted = comparable(f"{layout.setup_folder}/{layout.setup_file}", os).split("/")
    files = (entry.path for entry in entries if entry.kind == "file")
    return [posixpath.dirname(path) for path in files if comparable(path, os).split("/")[-2:] == wanted]


def _is_payload(entry: Entry, setup_folder: str) -> bool:
    below = entry.path.startswith(f"{setup_folder}/")
    return below and not _is_updater(entry.path[len(setup_folder) :])


def _is_updater(path: str) -> bool:
    return any(part.casefold().startswith(UPDATER_PREFIX) for part in path.split("/"))


def _below(entry: Entry, folder: str) -> Entry:
    path = entry.path[len(folder) + 1 :]
    return Entry(path, entry.kind, entry.executable, entry.info, entry.sha256, entry.size, entry.target)


def _check_links(inside: tuple[Entry, ...], entries: list[Entry]) -> None:
    """Links are there only inside the setup folder, and lead only to a file or folder there that is no link itself."""
    if sum(entry.kind == "link" for entry in inside) != sum(entry.kind == "link" for entry in entries):
        stray = next(entry for entry in entries if entry.kind == "link" and entry.info not in [i.info for i in inside])
        raise unsafe(stray.info, "is a link outside the setup folder")
    there = {entry.path for entry in inside if entry.kind != "link"}
    there |= {posixpath.dirname(path) for path in there}
    for entry in inside:
        if entry.kind == "link" and _resolved(entry) not in there - {"", *parents(entry.path)}:
            raise unsafe(entry.info, "is a link that leads out of the package or to nothing in it")


def _resolved(link: Entry) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(link.path), link.target))


def _agent_files(inside: tuple[Entry, ...], layout: Layout, os: str) -> dict[str, str]:
    """Path below the agent's folder → SHA-256 of what is read there (for a link, of the file it leads to)."""
    content = {entry.path: entry.sha256 for entry in inside if entry.kind == "file"}
    content |= {e.path: content[_resolved(e)] for e in inside if e.kind == "link" and _resolved(e) in content}
    prefix = comparable(layout.agent_folder, os) + "/"
    files = {path[len(prefix) :]: sha for path, sha in content.items() if comparable(path, os).startswith(prefix)}
    tops = {comparable(path, os).partition("/")[0] for path in files if "/" in path}
    missing = [name for name in layout.needed if name not in tops]
    if missing:
        raise ArchiveError(
            f"The archive should have files in {' and '.join(missing)} of the folder {layout.agent_folder} beside "
            f"{layout.setup_file} and has none; {REMEDY}."
        )
    return dict(sorted(files.items()))
