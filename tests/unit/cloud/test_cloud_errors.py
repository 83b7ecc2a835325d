# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import Fault, read_fault, refusal

BATCH = [
    {"id": "s1", "error_code": "Ecs.0613", "error_message": "The plug-in is not installed."},
    {"id": "s2", "error_code": "Ecs.0100", "error_message": "Not now.", "more": {"of": ["it"]}},
]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "Ecs.0005", "message": "no"}}, "Ecs.0005", "no"),
        ({"error": {"message": "no", "code": 401, "title": "Unauthorized"}}, "401", "no"),
        ({"error_code": "APIGW.0301", "error_msg": "no", "request_id": "r"}, "APIGW.0301", "no"),
        ({"errorCode": "X.1", "errorMsg": "no"}, "X.1", "no"),
        ({"code": "X.1", "message": "no"}, "X.1", "no"),
        ({"badRequest": {"message": "no", "code": 400}}, "400", "no"),
        ({"NeutronError": {"type": "T", "message": "no", "detail": ""}}, "T", "no"),
        ({"error": "invalid"}, "", ""),
        ({}, "", ""),
    ],
)
def test_the_shapes_of_errors(body: dict[str, Any], code: str, message: str) -> None:
    fault = read_fault(json.dumps(body).encode(), {"x-request-id": "header"})
    assert (fault.code, fault.message) == (code, message)
    assert fault.request_id == ("r" if "request_id" in body else "header")


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad  Gateway\n</html>", b"\xff\xfe\x00", b"[1]", b"null", b"[" * 100_000]
)
def test_what_is_no_json_object_is_read_as_text(body: bytes) -> None:
    fault = read_fault(body, {})
    assert fault.code == ""
    assert len(fault.message) <= 500
    assert fault.message.isprintable()


def test_the_whole_internal_error_is_kept() -> None:
    body = {"error": {"code": "Ecs.0611", "message": "batch failed"}, "internalError": BATCH}
    fault = read_fault(json.dumps(body).encode(), {})
    assert list(fault.internal_errors) == BATCH
    error = refusal("resetting the password of 2 servers", 400, fault)
    assert error.result()["internal_errors"] == BATCH
    assert str(error) == (
        "Resetting the password of 2 servers failed: the API answered Ecs.0611 'batch failed' (HTTP 400); "
        "s1: Ecs.0613 'The plug-in is not installed.'; s2: Ecs.0100 'Not now.'."
    )


def test_a_batch_that_was_done_with_some_is_read() -> None:
    body = {"error": {"code": "Ecs.0611"}, "internalError": [*BATCH, {"error_code": "of nobody"}], "response": []}
    fault = read_fault(json.dumps({**body, "response": [{"id": "s3"}, {}, "s4"]}).encode(), {})
    assert fault.accepted == ("s3",)
    assert fault.without(("x",)).accepted == ("s3",)
    assert fault.by_server == {
        "s1": ("Ecs.0613", "The plug-in is not installed."),
        "s2": ("Ecs.0100", "Not now."),
    }


@pytest.mark.parametrize(
    ("status", "code", "doubtful", "not_published"),
    [
        (504, "", True, False),
        (500, "Common.0001", True, False),
        (500, "Ecs.0615", False, False),
        (503, "", False, False),
        (404, "APIGW.0101", False, True),
        (404, "", False, True),
        (404, "Ecs.0114", False, False),
        (400, "Ecs.0611", False, False),
    ],
)
def test_what_an_error_leaves_open(status: int, code: str, doubtful: bool, not_published: bool) -> None:
    error = refusal("x", status, Fault(code))
    assert (error.doubtful, error.not_published) == (doubtful, not_published)


def test_secrets_are_blotted_out_everywhere() -> None:
    fault = Fault("c", "bad Secret@1 here", "r", ({"id": "s", "error_message": "Secret@1", "x": ["Secret@1"]},))
    blotted = fault.without(("Secret@1", ""))
    assert "Secret@1" not in repr(blotted)
    assert blotted.message == "bad ******** here"


@pytest.mark.parametrize(
    ("status", "code", "message", "hint"),
    [
        (401, "APIGW.0301", "verify aksk signature fail", "see whether secret_key"),
        (401, "APIGW.0301", "AK access failed to reach the limit, forbidden", "locked for some minutes"),
        (401, "APIGW.0301", "Get secretKey failed", "see whether access_key exists"),
        (403, "Pdp.0001", "Policy doesn't allow x", "IAM permission"),
        (400, "Ecs.0613", "x", "install it with reset_agent"),
        (418, "", "", "answered no reason (HTTP 418)."),
    ],
)
def test_a_sentence_says_what_to_do(status: int, code: str, message: str, hint: str) -> None:
    assert hint in str(refusal("listing the servers", status, Fault(code, message)))
