# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against the lab's cloud, over real TLS; only the clock is held still."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from unit.cloud.cloud_support import ACCOUNT, PROJECT, SECRET, TOKEN, CloudUnderTest, HeldClock

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.client import Call, Limits
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.transport import Wire
from lab.cloud.faults import ApiError, LostAnswer, NotJson
from lab.cloud.servers import Server
from lab.cloud.throttle import Throttling
from lab.faults import Cut, Hang, Late, Status

LISTING = Call("ecs", "GET", "/v1/{project_id}/cloudservers/detail", "listing the servers")
ACTING = Call(
    "ecs",
    "POST",
    "/v1/{project_id}/cloudservers/action",
    "starting 1 server",
    body={"os-start": {"servers": [{"id": "s"}]}},
)


def caught_by(cloud: CloudUnderTest, call: Call, **more: object) -> CloudError:
    with pytest.raises(CloudError) as caught:
        cloud.client(**more).send(call)  # type: ignore[arg-type]
    assert SECRET not in f"{caught.value}{caught.value.result()}"
    return caught.value


def test_a_signed_request_is_let_in(cloud: CloudUnderTest) -> None:
    assert cloud.client().send(LISTING) == {"count": 0, "servers": []}


@pytest.mark.parametrize("value", ["a b", "\u4e2d\u6587", "x&y=z", "100%", "a+b", "~*'()", "a/b?c"])
def test_odd_values_are_signed_as_they_are_sent(cloud: CloudUnderTest, value: str) -> None:
    cloud.control.servers(Server("s", name=f"<{value}>"))
    found = cloud.client().send(replace(LISTING, query={"name": value, "limit": 1}))
    assert [server["id"] for server in found["servers"]] == ["s"]


def test_a_temporary_key_comes_with_its_token(cloud: CloudUnderTest) -> None:
    temporary = replace(ACCOUNT, access_key="AKTMP", security_token=TOKEN)
    cloud.control.accounts(temporary)
    assert cloud.client(account=temporary).send(LISTING)["count"] == 0
    error = caught_by(cloud, LISTING, account=replace(temporary, security_token="another"))
    assert "security_token is whole" in str(error)


def test_a_wrong_signature_is_never_tried_again(cloud: CloudUnderTest, clock: HeldClock) -> None:
    error = caught_by(cloud, LISTING, clock=clock, account=replace(ACCOUNT, secret_key="wrong"))
    assert (error.kind, error.status, error.code) == ("refused", 401, "APIGW.0301")
    assert error.result()["request_id"]
    assert "see whether secret_key" in str(error)
    assert len(cloud.control.requests()) == 1
    assert clock.sleeps == []


def test_a_key_that_the_cloud_has_locked_is_told(cloud: CloudUnderTest) -> None:
    for _failure in range(6):
        caught_by(cloud, LISTING, account=replace(ACCOUNT, secret_key="wrong"))
    assert "is locked for some minutes" in str(caught_by(cloud, LISTING))


@pytest.mark.parametrize(("seconds", "direction"), [(1200, "behind"), (-1200, "ahead")])
def test_a_clock_that_is_wrong_is_told(cloud: CloudUnderTest, seconds: float, direction: str) -> None:
    cloud.control.clock_is_off_by(seconds)
    error = caught_by(cloud, LISTING)
    assert error.code == "APIGW.0303"
    assert f"the controller's clock is 20 minutes {direction}, so set it right" in str(error)


def test_a_clock_within_the_fifteen_minutes_does(cloud: CloudUnderTest) -> None:
    cloud.control.clock_is_off_by(14 * 60)
    assert cloud.client().send(LISTING)["count"] == 0


def test_what_a_policy_denies_is_told_with_the_action(cloud: CloudUnderTest) -> None:
    cloud.control.accounts(replace(ACCOUNT, denied=("ecs:*:list*",)))
    error = caught_by(cloud, LISTING)
    assert (error.status, error.code) == (403, "Pdp.0001")
    assert "ecs:cloudServers:listServersDetails" in str(error)


def test_the_project_is_looked_up_once(cloud: CloudUnderTest) -> None:
    client = cloud.client(project_id="")
    for _again in range(3):
        client.send(LISTING)
    asked = [record.path for record in cloud.control.requests()]
    assert asked == ["/v3/projects", *[f"/v1/{PROJECT}/cloudservers/detail"] * 3]


def test_a_project_that_is_not_there_is_told(cloud: CloudUnderTest) -> None:
    cloud.control.accounts(replace(ACCOUNT, region="elsewhere"))
    error = caught_by(cloud, LISTING, project_id="")
    assert "there are 0 projects called lab-1, and one is wanted; set project_id." in str(error)


def test_another_ones_project_is_told(cloud: CloudUnderTest) -> None:
    assert "project_id is not a project of these credentials" in str(caught_by(cloud, LISTING, project_id="f" * 32))


def test_throttling_waits_for_the_window_that_it_states(cloud: CloudUnderTest, clock: HeldClock) -> None:
    cloud.control.throttle(Throttling(limit=1, window="minute", seconds=0.0))
    cloud.client(clock).send(LISTING)
    cloud.control.throttle(Throttling(limit=0, window="minute"))
    error = caught_by(cloud, LISTING, clock=clock)
    assert clock.sleeps == [60.0] * 5
    assert (error.status, error.code) == (429, "APIGW.0308")


def test_a_throttled_call_is_done_in_the_end_whatever_it_is(cloud: CloudUnderTest, clock: HeldClock) -> None:
    cloud.control.servers(Server("s", status="SHUTOFF"))
    limit = "policy user over ratelimit,limit:5,time:1 second"
    cloud.control.set_faults(ApiError(status=429, code="APIGW.0308", message=limit, shape="gateway", times=2))
    assert cloud.client(clock).send(ACTING)["job_id"]
    assert clock.sleeps == [1.0, 1.0]


@pytest.mark.parametrize(
    ("fault", "sleeps"),
    [
        (ApiError(status=503, code="Common.1503", times=2), [2.0, 4.0]),
        (ApiError(status=503, code="", retry_after=9, times=1), [9.0]),
        (ApiError(status=202, code="Common.0024", times=2), [2.0, 4.0]),
        (ApiError(status=501, code="Ecs.0603", times=2), [60.0, 60.0]),
    ],
)
def test_what_was_not_done_is_tried_again_whatever_it_is(
    cloud: CloudUnderTest, clock: HeldClock, fault: ApiError, sleeps: list[float]
) -> None:
    cloud.control.servers(Server("s", status="SHUTOFF"))
    cloud.control.set_faults(fault)
    assert cloud.client(clock).send(ACTING)["job_id"]
    assert clock.sleeps == sleeps


@pytest.mark.parametrize(
    "fault",
    [
        ApiError(status=500, code="Common.0001", times=2),
        ApiError(status=400, code="Ecs.0612", times=2),
        Status(code=502, times=2),
        LostAnswer(times=2),
        Cut(after=3, times=2),
    ],
)
def test_what_may_be_repeated_is_and_what_may_not_is_not(
    cloud: CloudUnderTest, clock: HeldClock, fault: ApiError | Status | LostAnswer | Cut
) -> None:
    cloud.control.servers(Server("s", status="SHUTOFF"))
    cloud.control.set_faults(fault)
    assert cloud.client(clock).send(LISTING)["count"] == 1
    assert clock.sleeps == [2.0, 4.0]
    cloud.control.set_faults(fault)
    cloud.control.clear_requests()
    error = caught_by(cloud, ACTING)
    assert len(cloud.control.requests()) == 1
    lost = isinstance(fault, LostAnswer | Cut)
    assert error.kind == ("no_answer" if lost else "refused")
    assert ("nobody knows whether it was done" in str(error)) == lost


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.parametrize("lost", [LostAnswer(times=1), ApiError(status=504, code="", shape="gateway", times=1)])
def test_what_a_later_try_says_is_not_about_one_that_was_lost(
    cloud: CloudUnderTest, method: str, lost: LostAnswer | ApiError
) -> None:
    cloud.control.set_faults(lost, ApiError(status=403, code="Pdp.0001", message="denied", skip=1))
    error = caught_by(cloud, replace(LISTING, method=method))
    if method == "GET":
        assert (error.kind, error.doubtful, error.denied) == ("refused", False, True)
    else:
        assert (error.kind, error.doubtful, error.denied) == ("no_answer", True, False)
        assert "nobody knows whether an earlier try was done, and in the end: the API answered Pdp.0001" in str(error)


@pytest.mark.parametrize("code", ["Ecs.0011", "Ecs.0613", "Ecs.0005"])
def test_what_is_final_is_told_at_once(cloud: CloudUnderTest, clock: HeldClock, code: str) -> None:
    cloud.control.set_faults(ApiError(status=400, code=code))
    assert caught_by(cloud, LISTING, clock=clock).code == code
    assert clock.sleeps == []


def test_tries_and_pauses_are_bounded(cloud: CloudUnderTest, clock: HeldClock) -> None:
    cloud.control.set_faults(ApiError(status=501, code="Ecs.0603"))
    caught_by(cloud, LISTING, clock=clock, limits=Limits(50, 150, 0))
    assert clock.sleeps == [60.0, 60.0]
    caught_by(cloud, LISTING, limits=Limits(0, 150, 0))
    assert len(cloud.control.requests()) == 4


def test_an_answer_that_does_not_come_is_given_up(cloud: CloudUnderTest, clock: HeldClock) -> None:
    wire = Wire(0.3, True, str(cloud.ca), "")
    cloud.control.set_faults(Hang())
    error = caught_by(cloud, ACTING, clock=clock, wire=wire)
    assert error.kind == "no_answer"
    assert f"127.0.0.1:{cloud.port} did not answer in time, so nobody knows" in str(error)
    cloud.control.set_faults(Late(seconds=1, times=1))
    assert cloud.client(clock, wire=wire).send(LISTING)["count"] == 0


def test_a_page_for_people_is_no_answer(cloud: CloudUnderTest) -> None:
    cloud.control.set_faults(NotJson())
    error = caught_by(cloud, LISTING)
    assert "the answer is no JSON object (HTTP 200); see whether region and endpoints" in str(error)


def test_a_certificate_that_is_not_trusted_is_told_and_not_tried_again(cloud: CloudUnderTest, clock: HeldClock) -> None:
    error = caught_by(cloud, LISTING, clock=clock, wire=Wire(5, True, None, ""))
    assert error.kind == "unreachable"
    assert "could not be verified" in str(error)
    assert "set ca_path to its CA" in str(error)
    assert clock.sleeps == []
    assert cloud.client(wire=Wire(5, False, None, "")).send(LISTING)["count"] == 0


def test_nobody_at_the_other_end_is_tried_again_since_nothing_was_sent(cloud: CloudUnderTest, clock: HeldClock) -> None:
    gone = replace(cloud, port=1)
    error = caught_by(gone, ACTING, clock=clock)
    assert (error.kind, len(clock.sleeps)) == ("unreachable", 5)


def test_an_api_that_repeats_the_password_does_not_make_us_repeat_it(cloud: CloudUnderTest) -> None:
    said = "the password Hush@12345 is weak"
    internal = [{"id": "s", "error_code": "Ecs.0011", "error_message": said}]
    cloud.control.set_faults(ApiError(status=400, code="Ecs.0611", message=said, internal=internal))
    call = replace(ACTING, body={"new_password": "Hush@12345"}, secrets=("Hush@12345",))
    error = caught_by(cloud, call)
    assert "Hush@12345" not in f"{error}{error.result()}{call!r}"
    assert error.result()["internal_errors"][0]["id"] == "s"


@contextmanager
def proxy(answer: bytes, seen: list[bytes]) -> Iterator[int]:
    """A proxy for one connection: it notes what CONNECT says, answers, and hands bytes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pump(source: socket.socket, to: socket.socket) -> None:
            with source, to:
                while block := source.recv(65536):
                    to.sendall(block)

        def once() -> None:
            connection, _address = listener.accept()
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(4096)
            seen.append(head)
            connection.sendall(answer + b"\r\n\r\n")
            if b" 200 " not in answer:
                connection.close()
                return
            host, _colon, port = head.split()[1].decode().rpartition(":")
            there = socket.create_connection((host, int(port)))
            threading.Thread(target=pump, args=(there.dup(), connection.dup()), daemon=True).start()
            pump(connection, there)

        threading.Thread(target=once, daemon=True).start()
        yield listener.getsockname()[1]


def test_a_proxy_with_a_user(cloud: CloudUnderTest) -> None:
    seen: list[bytes] = []
    with proxy(b"HTTP/1.1 200 OK", seen) as port:
        wire = Wire(5, True, str(cloud.ca), f"http://user:p%40ss@127.0.0.1:{port}")
        assert cloud.client(wire=wire).send(LISTING)["count"] == 0
    assert seen[0].startswith(f"CONNECT 127.0.0.1:{cloud.port} ".encode())
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in seen[0]
    assert "p%40ss" not in repr(wire)


def test_a_proxy_from_the_environment_and_one_that_says_no(
    cloud: CloudUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    with proxy(b"HTTP/1.1 407 Who are you", seen) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        error = caught_by(cloud, LISTING, wire=Wire(5, True, str(cloud.ca), None), limits=Limits(0, 0, 0))
        assert "407" in str(error)
        assert error.kind == "unreachable"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert cloud.client(wire=Wire(5, True, str(cloud.ca), None)).send(LISTING)["count"] == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ca_path": "/nowhere.pem"}, "ca_path is '/nowhere.pem', which is no file"),
        ({"proxy": "socks5://x"}, "proxy is no address like"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_a_wire_that_cannot_be(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(CloudError, match=sentence):
        Wire(**options)  # type: ignore[arg-type]


def test_a_ca_path_without_certificates_is_told(cloud: CloudUnderTest) -> None:
    assert "holds no certificates in PEM" in str(caught_by(cloud, LISTING, wire=Wire(5, True, __file__, "")))
