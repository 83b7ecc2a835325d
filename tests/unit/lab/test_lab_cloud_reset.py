"""The lab's cloud on password resets and what stands beside a server: what a client of our own would never send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.lab.cloud_caller import ACCOUNT, Caller

from lab.cloud.reset import Shape
from lab.cloud.servers import Server

BASE = "/v1/p/cloudservers"
GOOD = "Fresh-2026-Horse"


@pytest.fixture
def cloud(cloud_caller: Caller) -> Caller:
    cloud_caller.control.servers(
        Server("linux", addresses=["10.0.0.1"]),
        Server("windows", metadata={"os_type": "Windows"}),
        Server("locked", locked=True),
        Server("frozen", metadata={"EcmResStatus": "freeze"}),
        Server("building", status="BUILD"),
        Server("bare", reset="no_agent"),
    )
    return cloud_caller


def single(cloud: Caller, server: str, password: Any = GOOD, **more: Any) -> tuple[int, Any]:
    body = {"reset-password": {"new_password": password, **more}}
    return cloud.ask("PUT", f"{BASE}/{server}/os-reset-password", body)


def batch(cloud: Caller, *servers: str, **more: Any) -> tuple[int, Any]:
    body = {"new_password": GOOD, "servers": [{"id": server} for server in servers], **more}
    return cloud.ask("PUT", f"{BASE}/os-reset-passwords", body)


def offered(cloud: Caller) -> dict[str, str]:
    told: dict[str, str] = cloud.control.memory()["offered"]
    return told


def test_a_reset_has_no_body_and_a_second_one_replaces_the_first(cloud: Caller) -> None:
    assert single(cloud, "linux") == (204, None)
    assert single(cloud, "linux", "Other-2026-Zebra") == (204, None)
    assert offered(cloud) == {"linux": "Other-2026-Zebra"}


@pytest.mark.parametrize(
    ("server", "status", "code"),
    [
        ("gone", 404, "Ecs.0114"),
        ("locked", 400, "Ecs.0605"),
        ("frozen", 400, "Ecs.0030"),
        ("building", 400, "Ecs.0100"),
        ("bare", 400, "Ecs.0613"),
    ],
)
def test_servers_that_cannot_be_reset(cloud: Caller, server: str, status: int, code: str) -> None:
    answered, said = single(cloud, server)
    assert (answered, said["error"]["code"]) == (status, code)
    assert offered(cloud) == {}


@pytest.mark.parametrize(
    ("server", "password"),
    [
        ("linux", "short-1"),
        ("linux", "Aa1-" * 7),
        ("linux", "aaaaaaaa1"),
        ("linux", "Aa1-a{b,c}"),
        ("linux", "Aa1-root-x"),
        ("linux", "Aa1-toor-x"),
        ("linux", "Aa1-héllo"),
        ("windows", "Aa1-dmi-xx"),
    ],
)
def test_a_weak_password_is_refused_only_if_that_is_asked_for(cloud: Caller, server: str, password: str) -> None:
    status, said = single(cloud, server, password, is_check_password=True)
    assert (status, said["error"]["code"]) == (400, "Ecs.0011")
    assert single(cloud, server, password)[0] == 204


def test_a_dry_run_changes_nothing(cloud: Caller) -> None:
    assert batch(cloud, "linux", "windows", dry_run=True) == (200, {"response": [{"id": "linux"}, {"id": "windows"}]})
    assert offered(cloud) == {}
    body = {"dry_run": True, "servers": [{"id": "linux"}]}
    assert cloud.ask("PUT", f"{BASE}/os-reset-passwords", body)[0] == 200
    assert cloud.ask("PUT", f"{BASE}/os-reset-passwords", {**body, "dry_run": False})[0] == 400


@pytest.mark.parametrize(
    ("shape", "status", "done"),
    [("whole", 400, []), ("partial", 200, ["linux"]), ("partial_400", 400, ["linux"])],
)
def test_a_batch_with_an_unfit_server_in_every_shape(cloud: Caller, shape: Shape, status: int, done: list[str]) -> None:
    cloud.control.batches_answer(shape)
    answered, said = batch(cloud, "linux", "locked", "gone")
    assert answered == status
    assert [entry["error_code"] for entry in said["internalError"]] == ["Ecs.0605", "Ecs.0114"]
    assert [entry["id"] for entry in said.get("response", [])] == done
    assert ("error" in said) is (status == 400)
    assert list(offered(cloud)) == done


@pytest.mark.parametrize("number", [0, 1001])
def test_a_batch_has_1_to_1000_servers(cloud: Caller, number: int) -> None:
    status, said = batch(cloud, *(f"x{n}" for n in range(number)))
    assert (status, said["error"]["code"]) == (400, "Ecs.0118")


def test_a_reset_that_never_reaches_the_guest_is_accepted_all_the_same(cloud: Caller) -> None:
    cloud.control.change("linux", reset="silent")
    assert single(cloud, "linux")[0] == 204
    assert offered(cloud) == {}


@pytest.mark.parametrize("body", [None, {}, {"reset-password": {}}, {"servers": "linux", "new_password": GOOD}, []])
def test_bodies_that_are_none(cloud: Caller, body: Any) -> None:
    for path in (f"{BASE}/linux/os-reset-password", f"{BASE}/os-reset-passwords"):
        status, said = cloud.ask("PUT", path, body)
        assert (status, said["error"]["code"]) == (400, "Ecs.0005")


def test_the_flag_is_the_machines_unless_it_is_stuck(cloud: Caller) -> None:
    path = f"{BASE}/linux/os-resetpwd-flag"
    assert cloud.ask("GET", path) == (200, {"resetpwd_flag": "True"})
    cloud.control.change("linux", flag="False")
    assert cloud.ask("GET", path) == (200, {"resetpwd_flag": "False"})


def test_a_server_by_its_id(cloud: Caller) -> None:
    status, said = cloud.ask("GET", f"{BASE}/linux")
    assert (status, said["server"]["id"]) == (200, "linux")
    assert cloud.ask("GET", f"{BASE}/gone")[0] == 404
    status, said = cloud.ask("GET", f"{BASE}/linux/os-interface")
    (port,) = said["interfaceAttachments"]
    assert (port["net_id"], port["port_id"]) == ("lab-subnet", "port-linux")


def test_metadata_is_added_and_taken_away(cloud: Caller) -> None:
    path = f"{BASE}/linux/metadata"
    assert cloud.ask("POST", path, {"metadata": {"k": "v"}}) == (200, {"metadata": {"k": "v"}})
    cloud.ask("POST", path, {"metadata": {"other": "v"}})
    assert cloud.control.server("linux").metadata == {"k": "v", "other": "v"}
    assert cloud.ask("DELETE", f"{path}/k")[0] == 204
    assert cloud.ask("DELETE", f"{path}/k")[0] == 404
    assert cloud.ask("POST", path, {"metadata": {"k": "v" * 256}})[0] == 400
    assert cloud.ask("POST", path, {"metadata": {f"k{n}": "v" for n in range(40)}})[0] == 413
    assert cloud.control.server("linux").metadata == {"other": "v"}


def test_tags_are_added_and_taken_away(cloud: Caller) -> None:
    path = f"{BASE}/linux/tags/action"
    tags = [{"key": "k", "value": "v"}]
    assert cloud.ask("POST", path, {"action": "create", "tags": tags})[0] == 204
    assert cloud.ask("GET", f"{BASE}/linux/tags") == (200, {"tags": tags})
    long = [{"key": "k", "value": "v" * 44}]
    assert cloud.ask("POST", path, {"action": "create", "tags": long})[1]["error"]["code"] == "Ecs.0906"
    many = [{"key": f"k{n}", "value": "v"} for n in range(10)]
    assert cloud.ask("POST", path, {"action": "create", "tags": many})[1]["error"]["code"] == "Ecs.0905"
    assert cloud.ask("POST", path, {"action": "delete", "tags": tags})[0] == 204
    assert cloud.control.server("linux").tags == {}


def test_a_rebuild_gives_another_disk_and_maybe_another_image(cloud: Caller) -> None:
    before = cloud.control.server("linux")
    same = cloud.control.rebuild("linux")
    assert same.system_disk not in (before.system_disk, "")
    assert same.image_id == before.image_id
    assert cloud.control.rebuild("linux", "another").image_id == "another"
    assert cloud.control.memory()["rebuilt"] == ["linux", "linux"]
    shown = cloud.ask("GET", f"{BASE}/linux")[1]["server"]
    assert shown["image"] == {"id": "another"}


@pytest.mark.parametrize(
    ("action", "method", "path", "body"),
    [
        ("ecs:cloudServers:resetServerPwd", "PUT", "/linux/os-reset-password", {}),
        ("ecs:cloudServers:resetServerPwd", "PUT", "/os-reset-passwords", {}),
        ("ecs:cloudServers:showResetPasswordFlag", "GET", "/linux/os-resetpwd-flag", None),
        ("ecs:cloudServers:showServer", "GET", "/linux", None),
        ("ecs:cloudServers:updateMetadata", "POST", "/linux/metadata", {}),
        ("ecs:cloudServers:deleteMetadata", "DELETE", "/linux/metadata/k", None),
        ("ecs:cloudServers:showServerTags", "GET", "/linux/tags", None),
        ("ecs:cloudServers:batchCreateServerTags", "POST", "/linux/tags/action", {"action": "create"}),
        ("ecs:cloudServers:batchDeleteServerTags", "POST", "/linux/tags/action", {"action": "delete"}),
        ("ecs:cloudServers:listServerInterfaces", "GET", "/linux/os-interface", None),
    ],
)
def test_a_policy_denies_each_call_by_its_action(
    cloud: Caller, action: str, method: str, path: str, body: dict[str, Any] | None
) -> None:
    cloud.control.accounts(replace(ACCOUNT, denied=(action,)))
    status, said = cloud.ask(method, BASE + path, body)
    assert (status, said["error"]["code"]) == (403, "Pdp.0001")
    assert action in said["error"]["message"]
