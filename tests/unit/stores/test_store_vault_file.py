# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault-encrypted file: real files, real encryption, real processes that are killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.stores import stores_support
from unit.stores.stores_support import SECRET, password, put, store, vault

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.durable import DurableFile
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.entry import Entry
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._stores.errors import StoreError

WRITER = [sys.executable, stores_support.__file__]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "passwords.vault"


@pytest.fixture
def filled(path: Path) -> Path:
    put(store(path), "web1", "First-Pass-1")
    return path


def listing(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.iterdir())


def test_what_is_put_is_there_for_others_and_ansible_vault_can_view_it(filled: Path) -> None:
    assert store(filled).read() == {"web1": Entry(password("First-Pass-1"))}
    assert filled.stat().st_mode & 0o777 == 0o600
    assert listing(filled) == [".passwords.vault.lock", "passwords.vault"]
    (filled.parent / "secret").write_text(SECRET)
    viewer = str(Path(sys.executable).with_name("ansible-vault"))
    command = [viewer, "view", "--vault-password-file", "secret", filled.name]
    told = subprocess.run(command, cwd=filled.parent, capture_output=True, text=True, check=True, timeout=60).stdout
    assert '"password": "First-Pass-1"' in told


def test_names_and_passwords_of_any_script_come_back(path: Path) -> None:
    put(store(path), "wéb-日本", "Pässwörd-日本-\\\"'{{ x }}")
    assert store(path).read()["wéb-日本"].pending == password("Pässwörd-日本-\\\"'{{ x }}")


def test_no_file_is_no_entries_and_reading_makes_none(path: Path) -> None:
    assert store(path).read() == {}
    assert listing(path) == []


def test_nothing_is_written_when_nothing_differs(filled: Path) -> None:
    before = (filled.stat().st_ino, filled.read_bytes())
    store(filled).update(dict, 5)
    assert (filled.stat().st_ino, filled.read_bytes()) == before


def test_a_change_that_fails_leaves_all_as_it_was(filled: Path) -> None:
    before = filled.read_bytes()

    def fail(entries: Any) -> Any:
        raise StoreError("No.")

    with pytest.raises(StoreError, match=r"^No\.$"):
        store(filled).update(fail, 5)
    assert filled.read_bytes() == before
    put(store(filled), "web2", "a")


def test_a_process_decrypts_a_file_once_and_again_when_another_has_written_it(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = store(filled)
    counted: list[int] = []
    decrypt = reader._vault.decrypt
    monkeypatch.setattr(reader._vault, "decrypt", lambda data: (counted.append(1), decrypt(data))[1])
    for _round in range(500):
        assert set(reader.read()) == {"web1"}
    assert len(counted) == 1
    subprocess.run([*WRITER, str(filled), "other", "1"], env=ENVIRONMENT, check=True, timeout=60, capture_output=True)
    assert set(reader.read()) == {"web1", "other-0"}
    assert len(counted) == 2


def test_what_reads_back_as_something_else_does_not_take_the_old_ones_place(filled: Path) -> None:
    before = filled.read_bytes()
    with pytest.raises(StoreError, match="reads back as something else; see to that disk"):
        DurableFile(filled).replace(b"new", lambda written: written != b"new")
    assert filled.read_bytes() == before
    assert listing(filled) == [".passwords.vault.lock", "passwords.vault"]


def test_file_and_directory_are_synced_around_the_renaming(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, Path.rename
    monkeypatch.setattr(
        os, "fsync", lambda fd: (done.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd))[1]
    )
    monkeypatch.setattr(Path, "rename", lambda path, to: (done.append("rename"), rename(path, to))[1])
    put(store(filled), "web2", "x")
    assert done == [str(filled.with_name(".passwords.vault.new")), "rename", str(filled.parent)]


# --- what is not as it should be ---


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(change(path.read_bytes())), None)[1]


def encrypted(plaintext: bytes) -> Callable[[Path], None]:
    return rewrite(lambda _data: vault().encrypt(plaintext, vault().key(None)))


def wrong(path: Path) -> None:
    path.write_bytes(vault(("default", "another")).encrypt(b"{}", vault(("default", "another")).key(None)))


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (rewrite(lambda data: b""), "cannot be decrypted with this run's vault secrets (default): give the right"),
    "cut": (rewrite(lambda data: data[:300]), "cannot be decrypted"),
    "cut in the header": (rewrite(lambda data: data[:12]), "cannot be decrypted"),
    "a bit": (
        rewrite(lambda data: data[:400] + b"%c" % (data[400] ^ 1) + data[401:]),
        "if it is damaged, put a backup",
    ),
    "garbage": (rewrite(lambda data: bytes(range(256))), "cannot be decrypted"),
    "plain": (rewrite(lambda data: b'{"format": 1, "entries": {}}'), "cannot be decrypted"),
    "another password": (wrong, "give the right one by --vault-id"),
    "no JSON": (encrypted(b"First-Pass-1: x"), "decrypts to something else than passwords that this collection keeps"),
    "another format": (encrypted(b'{"format": 2, "entries": {}}'), "(its format 1); set file to another path"),
    "no entry": (encrypted(b'{"format": 1, "entries": {"a": "First-Pass-1"}}'), "decrypts to something else"),
    "not text": (encrypted(b"\xff\xfe\x00"), "decrypts to something else"),
    "mode": (lambda path: path.chmod(0o640), "has mode 0640, so others can reach it; see who may have read it, then"),
    "mode of others": (lambda path: path.chmod(0o604), "chmod 600"),
    "a folder": (lambda path: (path.unlink(), path.mkdir())[1], "which is no file"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path, 0o600))[1], "which is no file"),
    "no directory": (lambda path: shutil.rmtree(path.parent), "is not there; make it, with mode 0700."),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_told_in_a_sentence_and_nothing_is_lost(filled: Path, case: str) -> None:
    damage, words = BROKEN[case]
    damage(filled)
    before = filled.read_bytes() if filled.is_file() else None
    uses: list[Callable[[], object]] = [store(filled).read, lambda: put(store(filled), "web2", "x")]
    for use in uses:
        with pytest.raises(StoreError) as caught:
            use()
        assert words in str(caught.value)
        assert str(caught.value).count(str(filled)) >= 1 or str(filled.parent) in str(caught.value)
        assert "First-Pass-1" not in str(caught.value)
        assert caught.value.__cause__ is None
    assert (filled.read_bytes() if filled.is_file() else None) == before


def test_a_file_of_another_user_is_refused(filled: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(filled, 12345, -1)
    with pytest.raises(StoreError, match="belongs to user id 12345; run as that user"):
        store(filled).read()


def test_a_link_is_followed_and_stays(filled: Path) -> None:
    link = filled.parent / "link"
    link.symlink_to(filled.name)
    put(store(link), "web2", "Second-Pass-2")
    assert link.is_symlink()
    assert set(store(filled).read()) == {"web1", "web2"}


# --- vault secrets ---


def test_without_a_vault_secret_it_is_said_how_to_give_one() -> None:
    with pytest.raises(StoreError, match=r"has no vault secret to keep passwords with; give one by --vault-id, "):
        stores_support.RunVault(stores_support.loader())


def test_vault_id_chooses_and_the_choice_stays(path: Path) -> None:
    both = (("dev", "Dev-1"), ("prod", "Prod-1"))
    with pytest.raises(StoreError, match=r"several vault secrets; set vault_id to one of: dev, prod\."):
        put(store(path, *both), "web1", "x")
    put(store(path, *both, vault_id="prod"), "web1", "x")
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    put(store(path, *both), "web2", "x")
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert set(store(path, both[1]).read()) == {"web1", "web2"}
    put(store(path, *both, vault_id="dev"), "web3", "x")
    assert set(store(path, both[0]).read()) == {"web1", "web2", "web3"}
    with pytest.raises(StoreError, match=r"vault_id is 'test', and this run has no .* it has: dev, prod\."):
        vault(*both, vault_id="test")


# --- many at once, and killed ---


def test_many_processes_lose_nothing(path: Path) -> None:
    writers = [
        subprocess.Popen([*WRITER, str(path), f"w{number}", "10"], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        for number in range(6)
    ]
    assert [writer.wait(120) for writer in writers] == [0] * 6
    assert set(store(path).read()) == {f"w{number}-{index}" for number in range(6) for index in range(10)}


def test_a_killed_process_loses_nothing_that_it_has_said_is_there(path: Path) -> None:
    said: set[str] = set()
    for number in range(8):
        writer = subprocess.Popen(
            [*WRITER, str(path), f"k{number}", "10000"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        said.add(writer.stdout.readline().strip())
        time.sleep(number * 0.0237)  # anywhere in its work
        writer.send_signal(signal.SIGKILL)
        said |= {line.strip() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")}
        writer.wait(20)
        there = store(path).read()
        assert said <= set(there)
        # At most what was in work is there besides.
        assert len(set(there) - said) <= number + 1
        said = set(there)
    put(store(path), "after", "x", lock_timeout=1)
    assert listing(path) == [".passwords.vault.lock", "passwords.vault"]


def test_what_a_killed_run_left_is_written_over_and_was_never_plain(filled: Path) -> None:
    left = filled.with_name(".passwords.vault.new")
    left.write_bytes(b"half")
    put(store(filled), "web2", "x")
    assert not left.exists()


def test_who_waits_for_the_lock_gives_up_in_time(filled: Path) -> None:
    with store(filled)._file.locked(1):
        began = time.monotonic()
        with pytest.raises(StoreError, match=r"Another run has held \S+\.lock for 0.3 s; wait for it, or raise lock_"):
            put(store(filled), "web2", "x", lock_timeout=0.3)
        assert 0.3 <= time.monotonic() - began < 3
    put(store(filled), "web2", "x", lock_timeout=0.3)


FULL = """
mount -t tmpfs -o size=16k tmpfs "$1" && cp "$2" "$1/passwords.vault" && chmod 600 "$1/passwords.vault" &&
head -c 8k /dev/zero >"$1/ballast" && { "$3" "$4" "$1/passwords.vault" full 400 >"$1.said" 2>"$1.error"
ls -A "$1"; } &&
cp "$1/passwords.vault" "$2"
"""


def test_a_full_disk_is_told_and_nothing_is_lost(filled: Path) -> None:
    folder = filled.parent / "small"
    folder.mkdir()
    inside = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*inside, "mount", "-t", "tmpfs", "tmpfs", folder], check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    command = [*inside, "sh", "-c", FULL, "sh", folder, filled, *WRITER]
    left = subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True, text=True, timeout=120).stdout
    assert left.split() == [".passwords.vault.lock", "ballast", "passwords.vault"]
    said = folder.with_suffix(".said").read_text().split()
    error = folder.with_suffix(".error").read_text().strip().splitlines()[-1]
    assert re.search(r"could not be written \(No space left on device\) and is as it was; see to its disk", error)
    assert said
    assert set(store(filled).read()) == {"web1", *said}
