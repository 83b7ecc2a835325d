# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signer is equal to the vendor's, huaweicloudsdkcore, on requests of all kinds."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.signing import (
    DATE_FORMAT,
    Unsigned,
    query_string,
    signed_headers,
)

SECRET_KEY = "SKEXAMPLE"
WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)
PROJECT = "0123456789abcdef0123456789abcdef"
HOST = {"Host": "ecs.cn-north-4.myhuaweicloud.com", "Content-Type": "application/json"}

PATHS = [
    "/",
    "",
    "/v1",
    "/v1/",
    "/v1//double",
    f"/v1/{PROJECT}/cloudservers/detail",
    "/v1/with%20space/a",
    "/v1/with space/b",
    "/v1/%E4%B8%AD%E6%96%87",
    "/v1/中文",
    "/v1/a%2Fb/c",
    "/v1/tilde~dash-dot.under_",
    "/v1/plus+and&equals=a,b;c:d@e!$'()*",
    "/v1/100%25",
    "/v1/%zz",
    "/v1/./a/../b",
    "/v1/q?uestion#hash",
]
QUERIES: list[dict[str, Any]] = [
    {},
    {"limit": 100, "name": "web~1 a/b", "tags": "env=prod"},
    {"b": "2", "a": "1", "A": "0", "a-b": "x", "a.b": "y", "a_b": "z"},
    {"empty": ""},
    {"": "nameless"},
    {"中文": "值", "é": "ü", "smile": "\U0001f600"},
    {"sp ace": "a b", "plus+": "1+1", "amp&": "x&y=z", "percent": "100%", "slash": "a/b?c#d"},
    {"many": ["b", "a", "c"], "none": []},
    {"yes": True, "no": False, "one": 1, "zero": 0, "minus": -5},
    {"quote": "\"'`", "brackets": "[]{}<>", "tilde": "~", "star": "*!()"},
    {"line": "a\nb\tc"},
]
BODIES: list[bytes] = [
    b"",
    b"{}",
    b'{"new_password": "Test@1234", "dry_run": true, "servers": [{"id": "1bd0eb17-4466-4c15-a9ce-87727ad311b5"}]}',
    '{"name": "\u4e2d\u6587 \u00e9"}'.encode(),
    b" ",
    b"\x00\xff\xfe",
    b"x" * 100_000,
    b"line\r\nline\n",
]
HEADERS: list[dict[str, str]] = [
    {},
    {"X-Project-Id": PROJECT},
    {"X-Security-Token": "MIIabc+/=", "X-Project-Id": PROJECT},
    {"x-lower": "a", "X-UPPER": "B", "X-Spaces": "  in  side  "},
    {"X_Under_Score": "is not signed", "X-Empty": ""},
    {"X-Utf": "\u00e9\u4e2d", "X-Colon": "a:b;c,d"},
    {"X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD"},
    {"x-sdk-content-sha256": "0" * 64},
    {"X-A": "1", "X-AB": "2", "X-A-B": "3"},
]


def the_vendors(request: Unsigned, secret_key: str = SECRET_KEY) -> tuple[str, str]:
    """The vendor's Authorization header, and its query."""
    theirs = SdkRequest(
        method=request.method,
        schema="https",
        host=request.headers.get("Host"),
        resource_path=request.path,
        query_params=[(key, list(value) if isinstance(value, list) else value) for key, value in request.query.items()],
        header_params={**request.headers, "X-Sdk-Date": WHEN.strftime(DATE_FORMAT)},
        body=request.body or None,
    )
    Signer(SimpleNamespace(ak="AKEXAMPLE", sk=secret_key)).sign(theirs)
    uri = str(theirs.uri)
    # The path itself may hold a question mark, so it is cut off by its length.
    return theirs.header_params["Authorization"], uri[len(request.path) + 1 :]


def assert_equal(request: Unsigned, secret_key: str = SECRET_KEY) -> None:
    authorization, query = the_vendors(request, secret_key)
    assert signed_headers(request, "AKEXAMPLE", secret_key, WHEN)["Authorization"] == authorization
    assert query_string(request.query) == query


@pytest.mark.parametrize("path", [path for path in PATHS if path])
@pytest.mark.parametrize("method", ["GET", "put", "POST", "DELETE"])
def test_paths(path: str, method: str) -> None:
    assert_equal(Unsigned(method, path, {"limit": 1}, HOST))


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_queries(query: dict[str, Any]) -> None:
    assert_equal(Unsigned("GET", "/v1/x", query, HOST))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_bodies(body: bytes) -> None:
    assert_equal(Unsigned("PUT", "/v1/x", {}, HOST, body))


@pytest.mark.parametrize("body", [b"", b'{"a": 1}'])
@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_headers(headers: dict[str, str], body: bytes) -> None:
    assert_equal(Unsigned("POST", "/v1/x", {"a": "b"}, {**HOST, **headers}, body))


@pytest.mark.parametrize("secret_key", ["k", "s" * 200, "with space+/=", "\u00e9"])
def test_secret_keys(secret_key: str) -> None:
    assert_equal(Unsigned("GET", "/v1/x", {}, HOST), secret_key)


def test_everything_at_once() -> None:
    for path in PATHS[1:]:
        for query in QUERIES:
            for headers in HEADERS[:6]:
                assert_equal(Unsigned("PUT", path or "/", query, {**HOST, **headers}, BODIES[2]))


KNOWN = [
    (
        Unsigned(
            "PUT",
            f"/v1/{PROJECT}/cloudservers/os-reset-passwords",
            {},
            {
                "Host": "ecs.cn-north-4.myhuaweicloud.com",
                "Content-Type": "application/json;charset=UTF-8",
                "X-Project-Id": PROJECT,
            },
            BODIES[2],
        ),
        "b7f58d284b388c6d2a7ee12490d50f0c412d9572a62e6791ed4bdfe9284345ae",
    ),
    (
        Unsigned("GET", f"/v1/{PROJECT}/cloudservers/detail", QUERIES[1], HOST),
        "6d82885c4ce21a44e8fc8ec2af975fb4fbefbd2cfaf1d1736ef4eed53b6e2146",
    ),
    (
        Unsigned(
            "GET",
            "/v3/projects",
            {"name": "cn-north-4"},
            {"Host": "iam.cn-north-4.myhuaweicloud.com", "X-Security-Token": "TOKEN"},
        ),
        "0eb1f3686fbfb9dc09c67691bd764cc48388856f6be2e67f2ebf04bf84d43bb7",
    ),
]


@pytest.mark.parametrize(("request_", "signature"), KNOWN)
def test_known_answers_that_no_version_of_the_sdk_changes(request_: Unsigned, signature: str) -> None:
    authorization = signed_headers(request_, "AKEXAMPLE", "SKEXAMPLE", WHEN)["Authorization"]
    assert authorization.endswith(f"Signature={signature}")
    assert_equal(request_)
