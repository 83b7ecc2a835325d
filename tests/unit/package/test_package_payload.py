# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tar archive for the guest: its content, its modes, and that GNU tar and busybox read it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.package.package_lab import AGENT, FILES, TOP, linux_entries, zip_of

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package import fetch
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import ArchiveError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import (
    Package,
    PackageRequest,
    obtain,
    payload,
)

READERS = [["tar"], ["busybox", "tar"]]


def packed(tmp_path: Path, request_for: Callable[..., PackageRequest], data: bytes) -> Package:
    local = tmp_path / "local.zip"
    local.write_bytes(data)
    return obtain(request_for(package=str(local)), print)


def rich() -> bytes:
    entries = {
        **linux_entries(),
        AGENT + "lib/link.jar": b"wrapper.jar",
        AGENT + "depend/jre/tool": b"\x7fELF",
        AGENT + "lib/" + "d" * 60 + "/" + "f" * 60: b"long",
        AGENT + "lib/näme": b"umlaut",
        "CloudResetPwdAgent/CloudResetPwdUpdateAgent.Linux/setup.sh": b"updater",
    }
    return zip_of(entries, {AGENT + "lib/link.jar": 0o120777, AGENT + "depend/jre/tool": 0o100744})


@pytest.mark.parametrize("reader", READERS, ids=["gnu", "busybox"])
@pytest.mark.parametrize("compress", [True, False], ids=["gzip", "plain"])
def test_what_a_guest_unpacks(
    tmp_path: Path, request_for: Callable[..., PackageRequest], reader: list[str], compress: bool
) -> None:
    if shutil.which(reader[0]) is None:
        pytest.skip(f"{reader[0]} is not installed")
    made = payload(packed(tmp_path, request_for, rich()), compress)
    target = tmp_path / "guest"
    target.mkdir()
    command = [*reader, "-xzf" if compress else "-xf", str(made), "-C", str(target)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert done.stderr == ""
    assert sorted(entry.name for entry in target.iterdir()) == [".complete", "CloudrResetPwdAgent", "setup.sh"]
    agent = target / "CloudrResetPwdAgent"
    for name, content in FILES.items():
        assert (agent / name).read_bytes() == content
    assert (agent / "lib/link.jar").read_bytes() == FILES["lib/wrapper.jar"]
    assert (agent / ("lib/" + "d" * 60 + "/" + "f" * 60)).read_bytes() == b"long"
    assert (agent / "lib/näme").read_bytes() == b"umlaut"
    assert (agent / "logs").is_dir()
    assert (agent / "depend").is_dir()


def test_owners_modes_and_order(tmp_path: Path, request_for: Callable[..., PackageRequest]) -> None:
    made = payload(packed(tmp_path, request_for, rich()), compress=False)
    with tarfile.open(made) as tar:
        members = tar.getmembers()
    assert {(m.uid, m.gid, m.mtime, m.uname, m.gname) for m in members} == {(0, 0, 0, "", "")}
    modes = {m.name: m.mode for m in members if m.isfile()}
    assert modes.pop("setup.sh") == 0o755
    programs = {name for name, mode in modes.items() if mode == 0o755}
    assert programs == {
        f"CloudrResetPwdAgent/{n}" for n in ("bin/wrapper", "bin/cloudResetPwdAgent.script", "depend/jre/tool")
    }
    assert {mode for name, mode in modes.items() if name not in programs} == {0o644}
    assert {m.mode for m in members if m.isdir()} == {0o755}
    names = [m.name for m in members]
    assert names.pop() == ".complete"
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert b"ustar\x0000" in made.read_bytes()[:512]


@pytest.mark.parametrize("compress", [True, False])
def test_it_is_the_same_every_time(tmp_path: Path, request_for: Callable[..., PackageRequest], compress: bool) -> None:
    first = payload(packed(tmp_path, request_for, rich()), compress)
    local = tmp_path / "local.zip"
    second = payload(obtain(request_for(package=str(local), cache_dir=tmp_path / "other"), print), compress)
    assert first != second
    assert first.read_bytes() == second.read_bytes()
    if compress:
        assert first.read_bytes()[3:8] == bytes(5)  # neither a name nor a time (RFC 1952, 2.3)


def test_it_is_made_once_and_mended_when_damaged(
    tmp_path: Path, request_for: Callable[..., PackageRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = packed(tmp_path, request_for, rich())
    made = payload(package, compress=True)
    content = made.read_bytes()
    assert made.stat().st_mode & 0o777 == 0o600

    def never(*_args: object) -> None:
        pytest.fail("made a second time")

    with monkeypatch.context() as patch:
        patch.setattr(fetch, "write_payload", never)
        assert payload(package, compress=True) == made
        next_run = obtain(request_for(package=str(tmp_path / "local.zip"), run_id="next"), print)
        assert payload(next_run, compress=True) == made
    made.write_bytes(content[:-1] + b"?")
    assert payload(next_run, compress=True).read_bytes() == content


def test_a_name_that_ustar_cannot_hold(tmp_path: Path, request_for: Callable[..., PackageRequest]) -> None:
    package = packed(tmp_path, request_for, zip_of({**linux_entries(), TOP + "n" * 120: b"x"}))
    with pytest.raises(ArchiveError, match="ustar"):
        payload(package, compress=True)
    assert not list(package.zip_path.parent.glob("*.tar*"))
