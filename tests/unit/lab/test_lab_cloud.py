"""The lab's cloud judges what a client of our own would never send."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from unit.lab.cloud_caller import ACCOUNT, Caller

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.signing import Unsigned, signed_headers
from lab.cloud import faults
from lab.cloud.faults import NAMED, ApiError, named
from lab.cloud.servers import Server
from lab.cloud.throttle import Throttling

DETAIL = "/v1/p/cloudservers/detail"


@pytest.fixture
def cloud(cloud_caller: Caller) -> Caller:
    cloud_caller.control.servers(*(Server(f"id-{n}") for n in range(30)))
    return cloud_caller


def test_a_page_has_25_servers_unless_it_is_said_otherwise(cloud: Caller) -> None:
    status, body = cloud.ask("GET", DETAIL)
    assert (status, body["count"], len(body["servers"])) == (200, 30, 25)
    assert len(cloud.ask("GET", DETAIL, offset=2)[1]["servers"]) == 5
    assert len(cloud.ask("GET", DETAIL, limit=1000)[1]["servers"]) == 30


@pytest.mark.parametrize("query", [{"limit": 1001}, {"limit": 0}, {"offset": 0}, {"nonsense": 1}])
def test_what_is_no_page_is_refused(cloud: Caller, query: dict[str, int]) -> None:
    status, body = cloud.ask("GET", DETAIL, **query)
    assert (status, body["error"]["code"]) == (400, "Ecs.0005")


def test_up_to_a_hundred_ids_and_unknown_ones_are_nulls(cloud: Caller) -> None:
    _status, body = cloud.ask("GET", DETAIL, server_id="id-1,gone")
    assert [(server["id"], server["status"]) for server in body["servers"]] == [("id-1", "ACTIVE"), ("gone", None)]
    assert body["servers"][1]["fault"]["code"] == 404
    assert cloud.ask("GET", DETAIL, server_id=",".join(f"x{n}" for n in range(101)))[0] == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reboot": {"type": "SOFT", "servers": [{"id": f"x{n}"} for n in range(1001)]}}, 400, "Ecs.0118"),
        ({"reboot": {"type": "SOFT", "servers": []}}, 400, "Ecs.0118"),
        ({"reboot": {"servers": [{"id": "id-1"}]}}, 400, "Ecs.0005"),
        ({"reboot": {"type": "SOFT", "servers": [{"id": "gone"}]}}, 404, "Ecs.0114"),
        ({"os-start": {"servers": [{"id": "id-1"}]}}, 400, "Ecs.0100"),
        ({"os-start": {"type": "SOFT", "servers": [{"id": "id-1"}]}}, 400, "Ecs.0005"),
        ({"explode": {}}, 400, "Ecs.0005"),
        (["reboot"], 400, "Ecs.0005"),
    ],
)
def test_actions_that_are_refused_change_nothing(cloud: Caller, body: Any, status: int, code: str) -> None:
    answered, said = cloud.ask("POST", "/v1/p/cloudservers/action", body)
    assert (answered, said["error"]["code"]) == (status, code)
    assert cloud.control.server("id-1").task_state is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda h: {**h, "Authorization": ""}, "APIGW.0301"),
        (lambda h: {**h, "Authorization": h["Authorization"].replace("host;", "")}, "APIGW.0301"),
        (lambda h: {**h, "Authorization": h["Authorization"].replace("AK,", "NOBODY,")}, "APIGW.0301"),
        (lambda h: {**h, "Authorization": h["Authorization"][:-1] + "x"}, "APIGW.0301"),
        (lambda h: {**h, "X-Security-Token": "not wanted"}, "APIGW.0301"),
        (lambda h: {**h, "X-Sdk-Date": "20200101T000000Z"}, "APIGW.0303"),
    ],
)
def test_a_request_that_is_signed_badly_is_not_let_in(cloud: Caller, change: Any, code: str) -> None:
    unsigned = Unsigned("GET", DETAIL, {}, {"Host": f"127.0.0.1:{cloud.port}"})
    headers = signed_headers(unsigned, "AK", "the-secret", datetime.now(timezone.utc))
    assert cloud.send("GET", DETAIL, headers)[0] == 200
    status, body = cloud.send("GET", DETAIL, change(headers))
    assert (status, body["error_code"]) == (401, code)


def test_another_body_or_query_than_the_signed_one_is_not_let_in(cloud: Caller) -> None:
    unsigned = Unsigned("GET", DETAIL, {"limit": 1}, {"Host": f"127.0.0.1:{cloud.port}"})
    headers = signed_headers(unsigned, "AK", "the-secret", datetime.now(timezone.utc) - timedelta(minutes=14))
    assert cloud.send("GET", f"{DETAIL}?limit=1", headers)[0] == 200
    assert cloud.send("GET", f"{DETAIL}?limit=2", headers)[0] == 401
    assert cloud.send("GET", f"{DETAIL}?limit=1", headers, b"{}")[0] == 401


def test_flow_control_and_a_policy(cloud: Caller) -> None:
    cloud.control.throttle(Throttling(limit=2, window="minute"))
    assert [cloud.ask("GET", DETAIL)[0] for _again in range(3)] == [200, 200, 429]
    cloud.control.throttle(Throttling())
    cloud.control.accounts(replace(ACCOUNT, denied=("ecs:cloudServers:reboot",)))
    body = {"reboot": {"type": "SOFT", "servers": [{"id": "id-1"}]}}
    assert cloud.ask("POST", "/v1/p/cloudservers/action", body)[0] == 403
    assert cloud.ask("GET", DETAIL)[0] == 200


def test_the_log_holds_no_secret(cloud: Caller) -> None:
    cloud.ask("POST", "/v1/p/cloudservers/action", {"os-stop": {"servers": [], "type": "Hush@1"}})
    (record,) = cloud.control.requests()
    assert (record.access_key, record.status, record.code) == ("AK", 400, "Ecs.0005")
    assert "Hush@1" not in repr(record)
    assert "Signature" not in repr(record)


@pytest.mark.parametrize("code", ["Ecs.0613", "Ecs.0603", "Common.0024", "Common.1503", "APIGW.0308", "Pdp.0001"])
def test_a_documented_error_comes_as_it_is_documented(cloud: Caller, code: str) -> None:
    fault = named(code, times=1)
    assert isinstance(fault, ApiError)
    cloud.control.set_faults(fault)
    status, body = cloud.ask("GET", DETAIL)
    told = (body["error_code"], body["error_msg"]) if fault.shape == "gateway" else tuple(body["error"].values())
    assert (status, told) == (fault.status, (code, fault.message))
    assert cloud.ask("GET", DETAIL)[0] == 200


@pytest.mark.parametrize("name", NAMED)
def test_every_named_fault_reaches_the_cloud_as_it_is(cloud: Caller, name: str) -> None:
    fault = named(name, path="*/nothing", method="PUT", skip=1, times=2)
    cloud.control.set_faults(fault)
    assert faults.decode(faults.encode([fault])) == [fault]
    assert cloud.ask("GET", DETAIL)[0] == 200


def test_a_call_is_done_though_its_answer_never_comes(cloud: Caller) -> None:
    cloud.control.set_faults(named("done, no answer ever", method="POST"))
    body = {"os-stop": {"servers": [{"id": "id-1"}]}}
    with pytest.raises(TimeoutError):
        cloud.ask("POST", "/v1/p/cloudservers/action", body, timeout=1)
    assert cloud.control.server("id-1").status == "SHUTOFF"
