# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching from a real bucket over TLS: places, digests, faults, the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.package.package_lab import SIDECAR, ZIP, Bucket, Fault, Order, linux_zip, sha, windows_entries, zip_of

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package import fetch, retry
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import (
    ArchiveError,
    CacheError,
    ChecksumError,
    FetchError,
    OptionError,
    PackageError,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import (
    PackageRequest,
    obtain,
    wanted_digest,
)

Make = Callable[..., PackageRequest]


def quiet(_line: str) -> None:
    pass


def nothing_trusted(cache_dir: Path) -> bool:
    return not [path.name for path in cache_dir.glob("*") if path.is_file()]


def test_wanted_digest_does_not_fetch_the_package(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    assert wanted_digest(request_for(base_url=bucket.url)) == digest
    assert bucket.asked == [(SIDECAR, None)]
    assert wanted_digest(request_for(base_url=bucket.url, checksum=f"sha256:{'AB' * 32}")) == "ab" * 32
    assert len(bucket.asked) == 1


def test_a_package_is_fetched_verified_and_kept(bucket: Bucket, request_for: Make, cache_dir: Path) -> None:
    data = linux_zip()
    digest = bucket.publish(data)
    package = obtain(request_for(base_url=bucket.url), quiet)
    assert (package.sha256, package.variant, package.source) == (digest, "linux/64", bucket.url + ZIP)
    assert package.zip_path == cache_dir / f"{digest}.zip"
    assert package.zip_path.read_bytes() == data
    assert package.zip_path.stat().st_mode & 0o777 == 0o600
    assert cache_dir.stat().st_mode & 0o777 == 0o700
    assert not list(cache_dir.glob("*.part*"))
    assert obtain(request_for(base_url=bucket.url), quiet) == package
    assert (bucket.count(ZIP), bucket.count(SIDECAR)) == (1, 1)
    assert obtain(request_for(base_url=bucket.url, run_id="next"), quiet).sha256 == digest
    assert (bucket.count(ZIP), bucket.count(SIDECAR)) == (1, 2)


def test_a_new_package_is_noticed_by_the_next_run(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip())
    first = obtain(request_for(base_url=bucket.url), quiet)
    newer = bucket.publish(linux_zip(100))
    assert obtain(request_for(base_url=bucket.url), quiet) == first
    assert obtain(request_for(base_url=bucket.url, run_id="next"), quiet).sha256 == newer != first.sha256


def test_hashed_once_a_run(bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.publish(linux_zip())
    obtain(request_for(base_url=bucket.url), quiet)
    hashed: list[Path] = []

    def counted(path: Path, _beat: Callable[[], None]) -> str:
        hashed.append(path)
        return sha(path.read_bytes())

    monkeypatch.setattr(fetch, "digest_of", counted)
    for _any in range(3):
        obtain(request_for(base_url=bucket.url, run_id="next"), quiet)
    assert len(hashed) == 1


def test_a_damaged_cache_is_not_used(bucket: Bucket, request_for: Make) -> None:
    data = linux_zip()
    bucket.publish(data)
    path = obtain(request_for(base_url=bucket.url), quiet).zip_path
    path.write_bytes(data[:-1] + b"?")
    assert obtain(request_for(base_url=bucket.url), quiet).zip_path.read_bytes() == data
    path.write_bytes(data[:-1] + b"!")
    assert obtain(request_for(base_url=bucket.url, run_id="next"), quiet).zip_path.read_bytes() == data
    path.unlink()
    assert obtain(request_for(base_url=bucket.url, run_id="next"), quiet).zip_path.read_bytes() == data
    assert bucket.count(ZIP) == 4


def test_no_network_when_pinned_and_cached(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    obtain(request_for(base_url=bucket.url), quiet)
    bucket.stop()
    assert obtain(request_for(base_url=bucket.url, checksum=digest.upper(), run_id="next"), quiet).sha256 == digest


@pytest.mark.parametrize("checksum", [None, "0" * 64, "sidecar"])
def test_a_mismatch_is_final_and_leaves_nothing(
    bucket: Bucket, request_for: Make, cache_dir: Path, checksum: str | None
) -> None:
    bucket.publish(linux_zip(), b"0" * 64)
    if checksum == "sidecar":
        bucket.orders["/sum"] = Order(b"0" * 64)
        checksum = bucket.url + "/sum"
    with pytest.raises(ChecksumError, match=f"{sha(linux_zip())} and should have {'0' * 64}"):
        obtain(request_for(base_url=bucket.url, checksum=checksum), quiet)
    assert bucket.count(ZIP) == 1
    assert nothing_trusted(cache_dir)
    with pytest.raises(ChecksumError):
        obtain(request_for(base_url=bucket.url, checksum=checksum), quiet)
    assert bucket.count(ZIP) == 1
    digest = bucket.publish(linux_zip())
    bucket.orders["/sum"] = Order(digest.encode())
    right = digest if checksum == "0" * 64 else checksum
    assert obtain(request_for(base_url=bucket.url, checksum=right, run_id="next"), quiet).sha256 == digest


def test_what_is_verified_but_no_package_is_refused(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(zip_of(windows_entries()))
    with pytest.raises(ArchiveError, match="is a package for windows"):
        obtain(request_for(base_url=bucket.url), quiet)
    bucket.publish(b"<html>")
    with pytest.raises(ArchiveError, match="no whole zip"):
        obtain(request_for(base_url=bucket.url, run_id="next"), quiet)


def test_the_fallback_region_when_the_bucket_is_missing(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip(), prefix="/ap-southeast-1")
    request = request_for(base_url=bucket.url + "/{region}", region="xx-new-1")
    assert wanted_digest(request) == digest
    package = obtain(request, quiet)
    assert package.source == bucket.url + "/ap-southeast-1" + ZIP
    assert [path for path, _any in bucket.asked] == [
        "/xx-new-1" + SIDECAR, "/ap-southeast-1" + SIDECAR, "/ap-southeast-1" + ZIP
    ]  # fmt: skip


@pytest.mark.parametrize("status", [403, 404, 500])
def test_the_fallback_region_when_only_the_checksum_file_is_there(
    bucket: Bucket, request_for: Make, status: int
) -> None:
    first = bucket.publish(linux_zip(1), prefix="/xx-new-1")
    bucket.orders["/xx-new-1" + ZIP] = Order(b"", status)
    digest = bucket.publish(linux_zip(2), prefix="/ap-southeast-1")
    package = obtain(request_for(base_url=bucket.url + "/{region}", region="xx-new-1"), quiet)
    assert package.sha256 == digest != first


def test_the_fallback_region_when_the_host_name_is_not_known(
    bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = bucket.publish(linux_zip())
    url = bucket.url + ZIP
    monkeypatch.setattr(
        "ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.places.candidate_urls",
        lambda *_args: ["https://no-such-host.invalid/a.zip", url],
    )
    assert obtain(request_for(checksum=digest), quiet).source == url


def test_missing_everywhere_names_every_place(bucket: Bucket, request_for: Make) -> None:
    request = request_for(base_url=bucket.url + "/{region}", region="xx-new-1")
    with pytest.raises(FetchError) as caught:
        obtain(request, quiet)
    text = str(caught.value)
    assert "xx-new-1/linux/64" in text
    assert "ap-southeast-1/linux/64" in text
    assert "404" in text
    assert "set region, fallback_region or base_url" in text
    with pytest.raises(FetchError):
        wanted_digest(request)
    assert len(bucket.asked) == 2


def test_failures_hold_for_a_run_and_not_for_the_next(bucket: Bucket, request_for: Make) -> None:
    for _any in range(3):
        with pytest.raises(FetchError):
            wanted_digest(request_for(base_url=bucket.url))
    assert bucket.count(SIDECAR) == 1
    digest = bucket.publish(linux_zip())
    assert wanted_digest(request_for(base_url=bucket.url, run_id="next")) == digest


def test_a_remembered_failure_passes_after_ten_minutes(
    bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FetchError):
        wanted_digest(request_for(base_url=bucket.url))
    digest = bucket.publish(linux_zip())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 601)
    assert wanted_digest(request_for(base_url=bucket.url)) == digest


def test_faults_that_pass_are_tried_again(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    bucket.orders[SIDECAR].faults = [Fault(status=503), Fault(cut=10), Fault(status=429)]
    bucket.orders[ZIP].faults = [Fault(cut=0), Fault(status=500), Fault(status=502)]
    assert obtain(request_for(base_url=bucket.url), quiet).sha256 == digest
    assert (bucket.count(ZIP), bucket.count(SIDECAR)) == (4, 4)


def test_retries_are_bounded(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip())
    bucket.orders[ZIP] = Order(b"", 503)
    with pytest.raises(FetchError, match=r"503 .*\(tried 4 times\)"):
        obtain(request_for(base_url=bucket.url), quiet)
    assert bucket.count(ZIP) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusals_are_not_tried_again(bucket: Bucket, request_for: Make, status: int) -> None:
    bucket.publish(linux_zip())
    bucket.orders[ZIP] = Order(b"", status)
    with pytest.raises(FetchError, match=str(status)):
        obtain(request_for(base_url=bucket.url), quiet)
    assert bucket.count(ZIP) == 1


def test_retry_after_is_kept_to(bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.publish(linux_zip())
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    bucket.orders[ZIP].faults = [Fault(status=429, headers={"Retry-After": n}) for n in ("7", "9999", "soon")]
    obtain(request_for(base_url=bucket.url), quiet)
    assert [pause for pause in asked if pause != 0] == [7.0, 30.0, 0.03]


def test_a_server_that_says_nothing(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip())
    bucket.orders[SIDECAR].faults = [Fault(hang=3) for _any in range(4)]
    with pytest.raises(FetchError, match="did not answer in time"):
        wanted_digest(request_for(base_url=bucket.url, timeout=1))


def test_a_server_that_trickles(bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.download.SLOWEST", 10_000_000
    )
    bucket.publish(linux_zip(3_000_000))
    bucket.orders[ZIP].faults = [Fault(pause=0.3) for _any in range(9)]
    with pytest.raises(FetchError, match="sent less than"):
        obtain(request_for(base_url=bucket.url, timeout=1), quiet)


def test_redirects(bucket: Bucket, plain_bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    bucket.orders["/a.zip"] = Order(b"", 302, {"Location": "/b.zip"})
    bucket.orders["/b.zip"] = Order(b"", 307, {"Location": bucket.url + ZIP + "?Signature=secret"})
    package = obtain(request_for(package=bucket.url + "/a.zip", checksum=digest), quiet)
    assert (package.sha256, package.source) == (digest, bucket.url + "/a.zip")
    bucket.orders["/loop.zip"] = Order(b"", 301, {"Location": "/loop.zip"})
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        obtain(request_for(package=bucket.url + "/loop.zip", checksum="1" * 64), quiet)
    assert bucket.count("/loop.zip") == 6
    plain_bucket.publish(linux_zip(3))
    bucket.orders["/down.zip"] = Order(b"", 308, {"Location": f"{plain_bucket.url}{ZIP}?secret"})
    with pytest.raises(FetchError, match="away from https") as caught:
        obtain(request_for(package=bucket.url + "/down.zip", checksum=sha(linux_zip(3))), quiet)
    assert "secret" not in str(caught.value)
    assert not plain_bucket.asked


def test_certificates_are_verified(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    with pytest.raises(FetchError, match=r"certificate .*set ca_path"):
        obtain(request_for(base_url=bucket.url, ca_path=None), quiet)
    with pytest.raises(FetchError, match="certificate"):
        obtain(request_for(base_url=bucket.url.replace("localhost", "127.0.0.1"), run_id="b"), quiet)
    with pytest.raises(OptionError, match=r"^ca_path"):
        obtain(request_for(base_url=bucket.url, ca_path="/nonexistent.pem"), quiet)
    assert not bucket.asked
    assert obtain(request_for(base_url=bucket.url, ca_path=None, validate_certs=False), quiet).sha256 == digest


def test_http_only_with_a_checksum(plain_bucket: Bucket, request_for: Make) -> None:
    digest = plain_bucket.publish(linux_zip())
    with pytest.raises(OptionError, match=r"^base_url is .* set checksum"):
        obtain(request_for(base_url=plain_bucket.url), quiet)
    with pytest.raises(OptionError, match=r"^package is .* set checksum"):
        wanted_digest(request_for(package=plain_bucket.url + ZIP))
    with pytest.raises(OptionError, match=r"^checksum is"):
        wanted_digest(request_for(base_url=plain_bucket.url, checksum=plain_bucket.url + SIDECAR))
    assert not plain_bucket.asked
    assert obtain(request_for(base_url=plain_bucket.url, checksum=digest), quiet).sha256 == digest


def test_a_package_by_url_has_its_own_sidecar(bucket: Bucket, request_for: Make) -> None:
    bucket.orders["/x/p.zip"] = Order(linux_zip())
    bucket.orders["/x/p.zip.sha256"] = Order(f"SHA256 (p.zip) = {sha(linux_zip()).upper()}\r\n".encode())
    url = bucket.url.replace("https://", "https://me:secret@") + "/x/p.zip?token=secret"
    package = obtain(request_for(package=url, region="nonsense!"), quiet)
    assert package.source == bucket.url + "/x/p.zip"


def test_no_secret_of_a_url_in_errors_or_files(bucket: Bucket, request_for: Make, cache_dir: Path) -> None:
    url = bucket.url.replace("https://", "https://me:secret@") + "/x/p.zip?token=secret"
    bucket.orders["/x/p.zip"] = Order(linux_zip(500_000), faults=[Fault(cut=20_000) for _any in range(4)])
    for options in ({"package": url}, {"package": url, "checksum": "1" * 64}):
        with pytest.raises(PackageError) as caught:
            obtain(request_for(**options), quiet)
        assert "secret" not in str(caught.value)
    kept = [path for path in cache_dir.rglob("*") if path.is_file()]
    assert any(path.suffix == ".part" for path in kept)
    assert not [path for path in kept if b"secret" in path.read_bytes() or "secret" in path.name]


def test_an_html_page_for_a_checksum_file_is_final(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip(), f"<html>{'a' * 64}</html>".encode())
    with pytest.raises(ChecksumError, match=f"The checksum file {bucket.url}{SIDECAR} is a page of HTML"):
        obtain(request_for(base_url=bucket.url), quiet)


def test_an_endless_checksum_file(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip(), b"a" * 5_000_000)
    with pytest.raises(ChecksumError, match="larger than"):
        wanted_digest(request_for(base_url=bucket.url))


def test_a_package_that_is_too_large(bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.download.MAX_BYTES", 100_000
    )
    bucket.publish(linux_zip(200_000))
    request = request_for(base_url=bucket.url)
    with pytest.raises(FetchError, match="larger than 100000 bytes"):
        obtain(request, quiet)
    assert nothing_trusted(request.cache_dir)


def test_a_local_package(request_for: Make, tmp_path: Path) -> None:
    local = tmp_path / "agent.zip"
    local.write_bytes(linux_zip())
    for given in (str(local), local.as_uri()):
        assert wanted_digest(request_for(package=given)) == sha(linux_zip())
        assert obtain(request_for(package=given), quiet).source == str(local)
    local.write_bytes(linux_zip(9))
    assert obtain(request_for(package=str(local)), quiet).sha256 == sha(linux_zip(9))
    assert wanted_digest(request_for(package=str(local))) == sha(linux_zip(9))


def test_a_local_package_with_checksums(request_for: Make, tmp_path: Path, cache_dir: Path) -> None:
    local = tmp_path / "agent.zip"
    local.write_bytes(linux_zip())
    beside = tmp_path / "agent.zip.sha256"
    beside.write_text("0" * 64)
    with pytest.raises(ChecksumError, match=f"^The package {local} has"):
        obtain(request_for(package=str(local)), quiet)
    assert nothing_trusted(cache_dir)
    assert local.read_bytes() == linux_zip()
    assert obtain(request_for(package=str(local), checksum=sha(linux_zip())), quiet)
    beside.write_text(f"{sha(linux_zip())} *agent.zip\r\n")
    assert obtain(request_for(package=str(local)), quiet)
    other = tmp_path / "sums"
    other.write_text("1" * 64)
    with pytest.raises(ChecksumError):
        obtain(request_for(package=str(local), checksum=str(other)), quiet)


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"package": "/nonexistent.zip"}, "package is"),
        ({"package": "/"}, "package is"),
        ({"package": "ftp://h/x"}, "package is"),
        ({"package": ""}, "package is"),
        ({"checksum": ""}, "checksum is empty"),
        ({"checksum": "md5:" + "0" * 32}, "checksum is of the kind 'md5'"),
        ({"checksum": "0" * 63}, "checksum is"),
        ({"checksum": "sha256:nothing"}, "checksum is"),
        ({"checksum": "ftp://h/x"}, "checksum is"),
        ({"region": "a/b"}, "region is"),
        ({"fallback_region": "A"}, "fallback_region is"),
        ({"base_url": "h/x"}, "base_url is"),
        ({"variant": "linux"}, "The variant 'linux'"),
    ],
)
def test_bad_options_are_one_sentence(request_for: Make, options: dict[str, str], start: str) -> None:
    for use in (wanted_digest, lambda request: obtain(request, quiet)):
        with pytest.raises(OptionError) as caught:
            use(request_for(**options))
        assert str(caught.value).startswith(start)
        assert "\n" not in str(caught.value)


def test_a_checksum_with_tag_and_url(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip())
    bucket.orders["/sum"] = Order(digest.encode())
    assert wanted_digest(request_for(base_url=bucket.url, checksum=f"sha256:{bucket.url}/sum")) == digest


def test_a_progress_line_on_long_downloads(bucket: Bucket, request_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_LINE_AFTER", 0.2)
    monkeypatch.setattr(retry, "NEXT_LINE_AFTER", 0.4)
    bucket.publish(linux_zip(1_000_000))
    bucket.orders[ZIP].faults = [Fault(pause=0.08)]
    lines: list[str] = []
    obtain(request_for(base_url=bucket.url), lines.append)
    assert 2 <= len(lines) <= 5
    assert all(line.startswith(f"Downloading the linux/64 package from {bucket.url}") for line in lines)
    assert "of 1.0 MiB (" in lines[0]
    bucket.publish(linux_zip(1_000_001))
    lines.clear()
    obtain(request_for(base_url=bucket.url, run_id="next"), lines.append)
    assert not lines


def test_a_cache_that_others_can_write_to_is_refused(request_for: Make, cache_dir: Path) -> None:
    cache_dir.mkdir()
    for mode in (0o777, 0o770, 0o702):
        cache_dir.chmod(mode)
        with pytest.raises(CacheError, match="can be written by others"):
            wanted_digest(request_for(checksum="0" * 64))
    cache_dir.chmod(0o755)
    assert wanted_digest(request_for(checksum="0" * 64))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_cache_of_somebody_else_is_refused(request_for: Make, cache_dir: Path, tmp_path: Path) -> None:
    cache_dir.mkdir(mode=0o700)
    os.chown(cache_dir, 12345, 12345)
    with pytest.raises(CacheError, match="user with id 12345"):
        wanted_digest(request_for(checksum="0" * 64))
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    cache_dir.rmdir()
    cache_dir.symlink_to(own)
    os.lchown(cache_dir, 12345, 12345)
    with pytest.raises(CacheError, match="user with id 12345"):
        wanted_digest(request_for(checksum="0" * 64))


def test_a_cache_that_cannot_be_made(request_for: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="could not be used"):
        wanted_digest(request_for(checksum="0" * 64, cache_dir=tmp_path / "file" / "cache"))


def test_old_runs_and_leftovers_are_swept(request_for: Make, cache_dir: Path) -> None:
    wanted_digest(request_for(checksum="0" * 64))
    (old,) = (cache_dir / "runs").iterdir()
    (cache_dir / "x.part").write_text("")
    (cache_dir / "y.part").write_text("")
    for path in (old, cache_dir / "x.part"):
        os.utime(path, (time.time() - 8 * 86400,) * 2)
    wanted_digest(request_for(checksum="0" * 64, run_id="next"))
    assert not old.exists()
    assert [path.name for path in cache_dir.glob("*.part")] == ["y.part"]
