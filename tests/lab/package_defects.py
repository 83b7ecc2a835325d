"""Archives that no one should unpack: what PackageOptions.defect names."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable

from lab.package_options import Defect
from lab.package_parts import Entry, archive

BOMB_BYTES = 1 << 30
ENCRYPTED = 0x1


def _is_setup(entry: Entry) -> bool:
    return entry.name.rpartition("/")[2] in {"setup.sh", "setup.bat"}


def _two_setups(entries: list[Entry]) -> bytes:
    second = [Entry(f"another/{entry.name}", entry.data) for entry in entries if _is_setup(entry)]
    return archive([*entries, *second])


def _no_setup(entries: list[Entry]) -> bytes:
    return archive([entry for entry in entries if not _is_setup(entry)])


def _escape(entries: list[Entry]) -> bytes:
    return archive([*entries, Entry("CloudResetPwdAgent/../../../../tmp/lab-escaped", b"escaped\n")])


def _absolute(entries: list[Entry]) -> bytes:
    return archive([*entries, Entry("/tmp/lab-escaped", b"escaped\n")])


def _symlink(entries: list[Entry]) -> bytes:
    link = Entry("CloudResetPwdAgent/out", b"/tmp", mode=0o120777)
    return archive([*entries, link, Entry("CloudResetPwdAgent/out/lab-escaped", b"escaped\n")])


def _bomb(entries: list[Entry]) -> bytes:
    buffer = io.BytesIO(archive(entries))
    piece = bytes(1 << 20)
    info = Entry("CloudResetPwdAgent/zeros").info()
    with zipfile.ZipFile(buffer, "a") as target, target.open(info, "w") as zeros:
        for _any in range(BOMB_BYTES // len(piece)):
            zeros.write(piece)
    return buffer.getvalue()


def _truncated(entries: list[Entry]) -> bytes:
    whole = archive(entries)
    return whole[: len(whole) * 2 // 3]


def _set_flag(data: bytearray, offset: int) -> None:
    (flags,) = struct.unpack_from("<H", data, offset)
    struct.pack_into("<H", data, offset, flags | ENCRYPTED)


def _encrypted(entries: list[Entry]) -> bytes:
    """One entry says that it is encrypted, in its local header and in the directory; its content is then noise."""
    data = bytearray(archive(entries))
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        victim = next(info for info in source.infolist() if info.filename.endswith("wrapper.conf"))
        directory = source.start_dir
    _set_flag(data, victim.header_offset + 6)
    name = victim.filename.encode()
    _set_flag(data, data.index(name, directory) - 46 + 8)
    return bytes(data)


def _duplicate(entries: list[Entry]) -> bytes:
    script = next(entry for entry in entries if entry.name.endswith((".script", "App.bat")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of what is meant here
        return archive([*entries, Entry(script.name, b"#!/bin/sh\necho the other one\n")])


DEFECTS: dict[Defect, Callable[[list[Entry]], bytes]] = {
    "none": archive,
    "two_setups": _two_setups,
    "no_setup": _no_setup,
    "escape": _escape,
    "absolute": _absolute,
    "symlink": _symlink,
    "bomb": _bomb,
    "truncated": _truncated,
    "encrypted": _encrypted,
    "duplicate": _duplicate,
}
