# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads that break: going on where they ended, and starting over where that would be wrong."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.package.package_lab import ZIP, Bucket, Fault, linux_zip, sha

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import (
    ChecksumError,
    FetchError,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import PackageRequest, obtain

Make = Callable[..., PackageRequest]
DATA = linux_zip(400_000)


def quiet(_line: str) -> None:
    pass


def zip_ranges(bucket: Bucket) -> list[str | None]:
    return [asked for path, asked in bucket.asked if path == ZIP]


def leave_a_part(bucket: Bucket, make: Make, cut: int = 100_000) -> Path:
    """A run whose download broke at `cut` and that gave up."""
    bucket.publish(DATA)
    bucket.orders[ZIP].faults = [Fault(cut=cut), *(Fault(status=503) for _any in range(4))]
    with pytest.raises(FetchError):
        obtain(make(base_url=bucket.url, run_id="broken"), quiet)
    bucket.orders[ZIP].faults = []
    bucket.asked.clear()
    part = make().cache_dir / f"{sha(DATA)}.part"
    assert part.read_bytes() == DATA[:cut]
    return part


def test_a_cut_connection_is_gone_on_with(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(DATA)
    bucket.orders[ZIP].faults = [Fault(cut=150_000), Fault(cut=50_000)]
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == [None, "bytes=150000-", "bytes=200000-"]


def test_the_next_run_goes_on(bucket: Bucket, request_for: Make) -> None:
    part = leave_a_part(bucket, request_for)
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == ["bytes=100000-"]
    assert not list(part.parent.glob("*.part*"))


def test_many_cuts_are_survived_as_long_as_there_is_progress(bucket: Bucket, request_for: Make) -> None:
    data = linux_zip(9 * 1024 * 1024)
    bucket.publish(data)
    bucket.orders[ZIP].faults = [Fault(cut=1_200_000) for _any in range(7)]
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == data
    assert bucket.count(ZIP) == 8


def test_restarts_are_no_progress(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip(9 * 1024 * 1024))
    bucket.orders[ZIP].ranges = False
    bucket.orders[ZIP].faults = [Fault(cut=1_200_000) for _any in range(30)]
    with pytest.raises(FetchError, match="broke off after"):
        obtain(request_for(base_url=bucket.url), quiet)
    assert bucket.count(ZIP) <= 5


def test_a_server_that_ignores_ranges_is_read_from_the_start(bucket: Bucket, request_for: Make) -> None:
    leave_a_part(bucket, request_for)
    bucket.orders[ZIP].ranges = False
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == ["bytes=100000-"]


def test_another_etag_means_another_file(bucket: Bucket, request_for: Make) -> None:
    leave_a_part(bucket, request_for)
    bucket.orders[ZIP].etag = '"two"'
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == ["bytes=100000-"]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_joined(bucket: Bucket, request_for: Make, etag: str | None) -> None:
    bucket.publish(DATA)
    bucket.orders[ZIP].etag = etag
    bucket.orders[ZIP].faults = [Fault(cut=100_000)]
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == [None, None]


def test_a_206_that_starts_elsewhere_is_not_joined(bucket: Bucket, request_for: Make) -> None:
    leave_a_part(bucket, request_for)
    bucket.orders[ZIP].faults = [Fault(wrong_range=True)]
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == ["bytes=100000-", None]


def test_a_part_that_is_too_long_is_thrown_away(bucket: Bucket, request_for: Make) -> None:
    part = leave_a_part(bucket, request_for)
    part.write_bytes(b"x" * (len(DATA) + 10))
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == [f"bytes={len(DATA) + 10}-", None]


def test_nothing_of_a_longer_part_stays_when_it_is_read_from_the_start(bucket: Bucket, request_for: Make) -> None:
    part = leave_a_part(bucket, request_for)
    part.write_bytes(b"x" * (len(DATA) + 10))
    bucket.orders[ZIP].ranges = False
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA


def test_a_part_that_is_whole_needs_no_request(bucket: Bucket, request_for: Make) -> None:
    part = leave_a_part(bucket, request_for)
    part.write_bytes(DATA)
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == []


def test_a_damaged_part_is_found_out_and_fetched_anew(bucket: Bucket, request_for: Make) -> None:
    part = leave_a_part(bucket, request_for)
    part.write_bytes(b"\0" * 100_000)
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == ["bytes=100000-", None]


def test_a_wrong_file_after_a_cut_leaves_nothing(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(DATA, b"1" * 64)
    bucket.orders[ZIP].faults = [Fault(cut=100_000)]
    request = request_for(base_url=bucket.url)
    with pytest.raises(ChecksumError):
        obtain(request, quiet)
    assert zip_ranges(bucket) == [None, "bytes=100000-", None]
    assert not [path for path in request.cache_dir.iterdir() if path.is_file()]


@pytest.mark.parametrize("missing", ["note", "part", "other address", "no json"])
def test_a_part_without_its_note_is_not_trusted(bucket: Bucket, request_for: Make, missing: str) -> None:
    part = leave_a_part(bucket, request_for)
    note = part.with_name(part.name + ".json")
    if missing == "note":
        note.unlink()
    elif missing == "part":
        part.unlink()
    elif missing == "other address":
        note.write_text(json.dumps({**json.loads(note.read_text()), "url": "0"}))
    else:
        note.write_text("{")
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == DATA
    assert zip_ranges(bucket) == [None]


def test_a_killed_run_is_gone_on_with_by_the_next(bucket: Bucket, request_for: Make) -> None:
    data = linux_zip(2_000_000)
    digest = bucket.publish(data)
    bucket.orders[ZIP].faults = [Fault(pause=0.1)]
    request = request_for(base_url=bucket.url, run_id="killed")
    child = multiprocessing.get_context("fork").Process(target=obtain, args=(request, quiet))
    child.start()
    part = request.cache_dir / f"{digest}.part"
    limit = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= 200_000) and time.monotonic() < limit:
        time.sleep(0.01)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join(10)
    assert not (request.cache_dir / f"{digest}.zip").exists()
    kept = part.stat().st_size
    assert 200_000 <= kept < len(data)
    for run_id in ("killed", "next"):
        begun = time.monotonic()
        assert obtain(request_for(base_url=bucket.url, run_id=run_id), quiet).zip_path.read_bytes() == data
        assert time.monotonic() - begun < 5
    assert zip_ranges(bucket) == [None, f"bytes={kept}-"]


def test_a_full_disk_is_a_sentence_about_the_cache(
    bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.publish(DATA)

    def full(_handle: int, _block: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Exception, match=r"The package cache .*No space left on device") as caught:
        obtain(request_for(base_url=bucket.url), quiet)
    assert type(caught.value).__name__ == "CacheError"
    assert bucket.count(ZIP) == 1
