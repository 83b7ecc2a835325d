from __future__ import annotations

import hashlib
import http.client
import ssl
import time
from http.client import HTTPResponse, IncompleteRead

import pytest
from unit.lab.support import BucketUnderTest

from lab.bucket_content import SIDECARS, Sidecar
from lab.control_client import ControlError
from lab.faults import Cut, Hang, NoRanges, Redirect, Replaced, Status, Throttle, WrongLength
from lab.package_options import VARIANTS, PackageOptions, Variant

ZIP = "/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip"
SUM = f"{ZIP}.sha256"


def get(
    bucket: BucketUnderTest, path: str, method: str = "GET", timeout: float = 60, **headers: str
) -> tuple[HTTPResponse, bytes]:
    context = ssl.create_default_context(cafile=str(bucket.ca))
    connection = http.client.HTTPSConnection("127.0.0.1", bucket.port, timeout=timeout, context=context)
    try:
        connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("prefix", ["", "/cn-north-1"])
def test_layout(bucket: BucketUnderTest, variant: Variant, prefix: str) -> None:
    path = f"{prefix}/{variant}/reset_pwd_agent/CloudResetPwdAgent.zip"
    answer, body = get(bucket, path)
    assert answer.status == 200
    assert digest(body) == bucket.control.package(variant).sha256
    assert get(bucket, f"{path}.sha256")[1] == f"{digest(body)}\n".encode()


@pytest.mark.parametrize("path", ["/", "/linux/128/reset_pwd_agent/CloudResetPwdAgent.zip", "/linux/64/other.zip"])
def test_what_is_not_there(bucket: BucketUnderTest, path: str) -> None:
    assert get(bucket, path)[0].status == 404


def test_ranges(bucket: BucketUnderTest) -> None:
    answer, whole = get(bucket, ZIP)
    etag = answer.headers["ETag"]
    size = len(whole)
    part, body = get(bucket, ZIP, Range="bytes=100-", If_Range=etag)
    assert (part.status, body) == (206, whole[100:])
    assert part.headers["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    assert get(bucket, ZIP, Range="bytes=5-9")[1] == whole[5:10]
    assert get(bucket, ZIP, Range="bytes=-7")[1] == whole[-7:]
    assert get(bucket, ZIP, Range="bytes=0-", If_Range='"another"')[0].status == 200
    assert get(bucket, ZIP, Range=f"bytes={size}-")[0].status == 416
    assert get(bucket, ZIP, Range="pages=1-2")[0].status == 200
    assert [record.range for record in bucket.control.requests()][1] == "bytes=100-"


def test_head(bucket: BucketUnderTest) -> None:
    answer, body = get(bucket, ZIP, method="HEAD")
    assert (answer.status, body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == bucket.control.package().size


def test_options_are_served(bucket: BucketUnderTest) -> None:
    before = bucket.control.package()
    after = bucket.control.serve(PackageOptions(version="2.0.0", log4j="2.8.2"))
    assert after.sha256 != before.sha256
    assert after.options.log4j == "2.8.2"
    assert digest(get(bucket, ZIP)[1]) == after.sha256
    bucket.control.reset()
    assert digest(get(bucket, ZIP)[1]) == before.sha256


@pytest.mark.parametrize("style", list(SIDECARS))
def test_sidecars(bucket: BucketUnderTest, style: Sidecar) -> None:
    bucket.control.sidecar("garbage")
    bucket.control.sidecar(style, "/linux/64/*")
    sha256 = bucket.control.package().sha256
    answer, body = get(bucket, SUM)
    expected = SIDECARS[style](sha256)
    if expected is None:
        assert answer.status == 404
    else:
        assert (answer.status, body) == (200, expected)
    assert get(bucket, "/windows/reset_pwd_agent/CloudResetPwdAgent.zip.sha256")[1] == SIDECARS["garbage"](sha256)


def test_cut_then_resumed(bucket: BucketUnderTest) -> None:
    bucket.control.set_faults(Cut(path="*.zip", after=1000, times=1))
    with pytest.raises(IncompleteRead) as cut:
        get(bucket, ZIP)
    start = cut.value.partial
    assert len(start) == 1000
    _any, rest = get(bucket, ZIP, Range="bytes=1000-")
    assert digest(start + rest) == bucket.control.package().sha256
    assert bucket.control.requests()[0].sent == 1000


def test_cut_without_ranges(bucket: BucketUnderTest) -> None:
    bucket.control.set_faults(Cut(path="*.zip", after=1000, times=1), NoRanges())
    with pytest.raises(IncompleteRead):
        get(bucket, ZIP)
    answer, body = get(bucket, ZIP, Range="bytes=1000-")
    assert (answer.status, digest(body)) == (200, bucket.control.package().sha256)
    assert "Accept-Ranges" not in answer.headers


def test_content_changes_in_between(bucket: BucketUnderTest) -> None:
    bucket.control.set_faults(Replaced(path="*.zip", skip=1))
    first, body = get(bucket, ZIP)
    second, other = get(bucket, ZIP, Range="bytes=10-", If_Range=first.headers["ETag"])
    assert second.status == 200
    assert len(other) == len(body)
    assert digest(other) != digest(body)
    assert get(bucket, SUM)[1].decode().strip() == digest(body)


@pytest.mark.parametrize("code", [403, 404, 500, 503])
def test_status_first_times(bucket: BucketUnderTest, code: int) -> None:
    bucket.control.set_faults(Status(path="*.zip", code=code, times=2))
    assert [get(bucket, ZIP)[0].status for _any in range(3)] == [code, code, 200]
    assert [record.status for record in bucket.control.requests()] == [code, code, 200]


def test_redirects(bucket: BucketUnderTest) -> None:
    elsewhere = f"/elsewhere{ZIP}"
    bucket.control.set_faults(Redirect(path=ZIP, to=elsewhere), Redirect(path=SUM))
    answer, _any = get(bucket, ZIP)
    assert (answer.status, answer.headers["Location"]) == (302, elsewhere)
    assert get(bucket, elsewhere)[0].status == 200
    assert get(bucket, SUM)[0].headers["Location"].endswith(SUM)


def test_throttle(bucket: BucketUnderTest) -> None:
    size = bucket.control.package().size
    bucket.control.set_faults(Throttle(bytes_per_second=size * 2))
    begun = time.monotonic()
    _any, body = get(bucket, ZIP)
    assert 0.4 < time.monotonic() - begun < 5
    assert len(body) == size


def test_hang(bucket: BucketUnderTest) -> None:
    bucket.control.set_faults(Hang(path="*.sha256"))
    with pytest.raises(TimeoutError):
        get(bucket, SUM, timeout=0.3)
    assert get(bucket, ZIP)[0].status == 200


def test_wrong_length(bucket: BucketUnderTest) -> None:
    size = bucket.control.package().size
    bucket.control.set_faults(WrongLength(by=10, times=1), WrongLength(by=-10, skip=1))
    with pytest.raises(IncompleteRead):
        get(bucket, ZIP)
    assert len(get(bucket, ZIP)[1]) == size - 10


def test_refusals(bucket: BucketUnderTest) -> None:
    with pytest.raises(ControlError, match="there is no variant amiga"):
        bucket.control.package("amiga")  # type: ignore[arg-type]
    with pytest.raises(ControlError, match="no sidecar format morse"):
        bucket.control.sidecar("morse")  # type: ignore[arg-type]
