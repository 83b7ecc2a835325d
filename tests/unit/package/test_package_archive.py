# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inspecting archives: the layouts that are taken, and everything that is refused."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from unit.package.package_lab import AGENT, FILES, TOP, linux_entries, linux_zip, sha, windows_entries, zip_of

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package import archive
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.archive import Inspection, inspect
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import ArchiveError

LINK = stat.S_IFLNK | 0o777


def inspected(tmp_path: Path, data: bytes, os: str = "linux") -> Inspection:
    path = tmp_path / "p.zip"
    path.write_bytes(data)
    return inspect(path, os)


def refused(tmp_path: Path, data: bytes, why: str, os: str = "linux") -> None:
    with pytest.raises(ArchiveError, match=why) as caught:
        inspected(tmp_path, data, os)
    assert "set package" in str(caught.value)
    assert "\n" not in str(caught.value)


def with_entry(name: str, data: bytes = b"x", mode: int = 0o100644, os: str = "linux") -> bytes:
    entries = linux_entries() if os == "linux" else windows_entries()
    return zip_of({**entries, name: data}, {name: mode})


def test_the_vendor_layout(tmp_path: Path) -> None:
    found = inspected(tmp_path, linux_zip())
    assert found.setup_folder == TOP.rstrip("/")
    assert found.files == {name: sha(data) for name, data in FILES.items()}
    assert not found.has_updater
    assert found.unpacked_bytes == sum(map(len, FILES.values())) + len(b"#!/bin/sh\necho setup\n")
    assert {entry.path for entry in found.entries} >= {"setup.sh", "CloudrResetPwdAgent/logs"}


def test_the_windows_layout(tmp_path: Path) -> None:
    found = inspected(tmp_path, zip_of(windows_entries()), "windows")
    assert found.setup_folder == "CloudResetPwdAgent/CloudResetPwdAgent.Windows"
    assert set(found.files) == set(FILES)


@pytest.mark.parametrize("prefix", ["", "CloudResetPwdAgent/CloudResetPwdAgent/", "./a/b/"])
def test_the_setup_file_is_searched_for(tmp_path: Path, prefix: str) -> None:
    entries = {name.replace("CloudResetPwdAgent/", prefix, 1): data for name, data in linux_entries().items()}
    entries.pop("", None)
    found = inspected(tmp_path, zip_of(entries))
    assert found.setup_folder == (prefix + "CloudResetPwdAgent.Linux").removeprefix("./")
    assert set(found.files) == set(FILES)


def test_the_update_agent_does_not_count_and_is_left_out(tmp_path: Path) -> None:
    updater = "CloudResetPwdAgent/CloudResetPwdUpdateAgent.Linux/"
    inner = TOP + "CloudResetPwdUpdateAgent/bin/x"
    entries = {**linux_entries(), updater + "setup.sh": b"updater", updater + "CloudResetPwdUpdateAgent/bin/w": b"w"}
    found = inspected(tmp_path, zip_of({**entries, inner: b"y"}))
    assert found.has_updater
    assert not [entry.path for entry in found.entries if "Update" in entry.path]
    assert set(found.files) == set(FILES)


def test_names_with_backslashes_are_normalised(tmp_path: Path) -> None:
    entries = {name.replace("/", "\\"): data for name, data in windows_entries().items()}
    entries["CloudResetPwdAgent\\CloudResetPwdAgent.Windows\\cloudResetPwdAgent\\logs\\"] = b""
    found = inspected(tmp_path, zip_of(entries), "windows")
    assert set(found.files) == set(FILES)
    assert "cloudResetPwdAgent/logs" in {entry.path for entry in found.entries if entry.kind == "folder"}


def test_windows_folders_are_found_in_any_case(tmp_path: Path) -> None:
    entries = {name.lower(): data for name, data in windows_entries().items()}
    assert "conf/wrapper.conf" in inspected(tmp_path, zip_of(entries), "windows").files


def test_a_link_to_a_file_beside_it_is_taken(tmp_path: Path) -> None:
    found = inspected(tmp_path, with_entry(AGENT + "lib/link.jar", b"wrapper.jar", LINK))
    assert found.files["lib/link.jar"] == sha(FILES["lib/wrapper.jar"])
    found = inspected(tmp_path, with_entry(AGENT + "lib/folder", b"../conf", LINK))
    assert "lib/folder" not in found.files


@pytest.mark.parametrize(
    "target",
    [b"/etc/passwd", b"../../../etc/passwd", b"../../CloudResetPwdAgent.Linux", b"nothing", b"..\\x", b"", b"a" * 101,
     b"..", b"\xff", b"link.jar"],
)  # fmt: skip
def test_other_links_are_refused(tmp_path: Path, target: bytes) -> None:
    refused(tmp_path, with_entry(AGENT + "lib/link.jar", target, LINK), "is a link")


def test_links_elsewhere_and_below_links_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, with_entry("CloudResetPwdAgent/link", b"CloudResetPwdAgent.Linux", LINK), "is a link outside")
    entries = {**linux_entries(), AGENT + "l": b"conf", AGENT + "l/x": b"x"}
    refused(tmp_path, zip_of(entries, {AGENT + "l": LINK}), "below a name that is no folder")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("\\windows\\x", "absolute"),
        ("//host/share", "absolute"),
        ("../x", "leads out"),
        (TOP + "../../../x", "leads out"),
        ("a\\..\\..\\x", "leads out"),
        (TOP + "..", "leads out"),
        ("C:\\x", "drive"),
        ("c:x", "drive"),
        (AGENT + "bin/wrapper:stream", "drive"),
        (TOP + "new\nline", "control"),
        (TOP + "esc\x1b[2J", "control"),
    ],
)
@pytest.mark.parametrize("os", ["linux", "windows"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str, why: str, os: str) -> None:
    refused(tmp_path, with_entry(name, os=os), why, os)


@pytest.mark.parametrize("name", ["a/nul", "a/CON.txt", "a/x.", "a/x ", "a/com1/y"])
def test_names_that_windows_takes_for_others_are_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, with_entry(name, os="windows"), "takes for another", "windows")
    inspected(tmp_path, with_entry(name))


def test_a_name_cut_by_a_zero_byte_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, with_entry(TOP + "evil@x").replace(b"evil@x", b"evil\0x"), "control")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    made = io.BytesIO(linux_zip())
    with zipfile.ZipFile(made, "a") as package:
        package.writestr(TOP + "setup.sh", "other")
    refused(tmp_path, made.getvalue(), "twice")
    refused(tmp_path, with_entry(TOP + "./setup.sh"), "twice")
    refused(tmp_path, with_entry((TOP + "setup.sh").replace("/", "\\")), "twice")
    refused(tmp_path, with_entry(AGENT + "logs"), "twice")
    refused(tmp_path, with_entry(TOP + "setup.sh/x"), "no folder")
    refused(
        tmp_path,
        with_entry("CloudResetPwdAgent/CloudResetPwdAgent.Windows/SETUP.BAT", os="windows"),
        "twice",
        "windows",
    )
    assert "bin/WRAPPER" in inspected(tmp_path, with_entry(AGENT + "bin/WRAPPER")).files


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_special_files_are_refused(tmp_path: Path, kind: int) -> None:
    refused(tmp_path, with_entry(AGENT + "bin/x", b"", kind | 0o644), "neither a file")


@pytest.mark.parametrize("name", ["./", "."])
def test_an_entry_for_the_root_itself(tmp_path: Path, name: str) -> None:
    if name == "./":
        assert set(inspected(tmp_path, with_entry(name, b"", 0o40755)).files) == set(FILES)
    else:
        refused(tmp_path, with_entry(name), "without a name")


def test_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    data = with_entry(AGENT + "binx?", b"x").replace(b"binx?", b"binx/")
    refused(tmp_path, data, "folder with content")


def patched(data: bytes, name: str, local_at: int, central_at: int, value: int) -> bytes:
    """The archive with a 16-bit field of one entry changed, in both of its headers."""
    changed = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        local = package.getinfo(name).header_offset
    central = data.rfind(name.encode()) - 46
    struct.pack_into("<H", changed, local + local_at, value)
    struct.pack_into("<H", changed, central + central_at, value)
    return bytes(changed)


def test_encrypted_and_oddly_compressed_entries_are_refused(tmp_path: Path) -> None:
    name = AGENT + "bin/wrapper"
    refused(tmp_path, patched(linux_zip(), name, 6, 8, 0x1), "wrapper' is encrypted, so nothing")
    refused(tmp_path, patched(linux_zip(), name, 8, 10, 12), "method 12")
    refused(tmp_path, patched(linux_zip(), name, 8, 10, 99), "method 99")


def test_a_wrong_crc_is_refused(tmp_path: Path) -> None:
    data = linux_zip(padding=5000)
    at = data.find(AGENT.encode() + b"lib/big.jar") + 500
    refused(tmp_path, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], "no whole zip archive")


@pytest.mark.parametrize(
    "data", [b"", b"<html>not found</html>", linux_zip()[:-30], linux_zip()[500:], b"PK\x05\x06" * 9]
)
def test_what_is_no_whole_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data, "no whole zip archive|before the beginning")


def test_every_cut_and_flipped_byte_is_an_archive_error_or_harmless(tmp_path: Path) -> None:
    data = linux_zip()
    for at in range(0, len(data), 3):
        for broken in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            path = tmp_path / "p.zip"
            path.write_bytes(broken)
            try:
                found = inspect(path, "linux")
            except ArchiveError:
                continue
            assert set(found.files.values()) <= {sha(content) for content in FILES.values()}


def test_setup_file_none_or_two(tmp_path: Path) -> None:
    entries = linux_entries()
    del entries[TOP + "setup.sh"]
    refused(tmp_path, zip_of(entries), "exactly one CloudResetPwdAgent.Linux/setup.sh and holds none")
    refused(tmp_path, with_entry("b/CloudResetPwdAgent.Linux/setup.sh"), "holds CloudResetPwdAgent.* and b/")
    refused(tmp_path, zip_of(windows_entries()), "is a package for windows")
    refused(tmp_path, linux_zip(), "is a package for linux", "windows")
    refused(
        tmp_path, with_entry("x/CloudResetPwdUpdateAgent.Linux/setup.sh").replace(b"t.Linux/s", b"t.Linux_s"), "none"
    )


@pytest.mark.parametrize("folder", ["bin", "conf"])
def test_agent_without_bin_or_conf(tmp_path: Path, folder: str) -> None:
    entries = {name: data for name, data in linux_entries().items() if f"/{folder}/" not in name}
    refused(tmp_path, zip_of(entries), f"files in {folder} of the folder CloudrResetPwdAgent")


def test_too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    refused(tmp_path, linux_zip(), "more than 5")
    entries = {f"{n}{'y' * 1000}": b"" for n in range(20)}
    refused(tmp_path, zip_of(entries), "directory takes")


def test_bombs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(tmp_path, with_entry(AGENT + "lib/zeros", b"\0" * (11 * 1024 * 1024)), "200 times")
    assert inspected(tmp_path, with_entry(AGENT + "lib/zeros", b"\0" * (9 * 1024 * 1024)))
    monkeypatch.setattr(archive, "MAX_UNPACKED", 50_000)
    refused(tmp_path, with_entry(AGENT + "lib/zeros", b"\0" * 50_000), "more than 50000 bytes")


def test_a_lie_about_the_size_does_not_pass_the_bound(tmp_path: Path) -> None:
    data = with_entry(AGENT + "lib/zeros", b"\0" * (11 * 1024 * 1024))
    said = struct.pack("<L", 11 * 1024 * 1024)
    refused(tmp_path, data.replace(said, struct.pack("<L", 5)), "no whole zip archive|200 times")


def test_names_in_other_encodings(tmp_path: Path) -> None:
    flagless = with_entry(AGENT + "lib/n?me.jar").replace(b"n?me", b"n\x84me")
    assert "lib/näme.jar" in inspected(tmp_path, flagless).files
    utf8 = with_entry(AGENT + "lib/n??me.jar").replace(b"n??me", "näme".encode())
    assert "lib/näme.jar" in inspected(tmp_path, utf8).files
    broken = with_entry(AGENT + "lib/nä.jar").replace("nä".encode(), b"n\xff\xff")
    refused(tmp_path, broken, "no whole zip archive")
