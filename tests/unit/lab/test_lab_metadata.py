from __future__ import annotations

import http.client
import json

import pytest
from unit.lab.support import HOSTS, UUID, Metadata

from lab import blob
from lab.control_client import NEVER_ANSWERED, ControlError
from lab.faults import Hang, Late, RefuseDelete, SayFail, Status, Wrong

BASE = "/openstack/latest/"
PASSWORD = f"*{BASE}reset_password"


def ask(
    service: Metadata, method: str, name: str, body: str | None = None, source: str = "127.0.0.1", timeout: float = 5
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout, source_address=(source, 0))
    try:
        connection.request(method, BASE + name, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def value(service: Metadata, name: str, source: str = "127.0.0.1") -> object:
    status, text = ask(service, "GET", name, source=source)
    assert status == 200
    return json.loads(text)[name]


def test_servers_are_told_apart_by_address(metadata: Metadata) -> None:
    for host in HOSTS:
        _any, text = ask(metadata, "GET", "meta_data.json", source=host["address"])
        assert (json.loads(text)["uuid"], json.loads(text)["name"]) == (host["uuid"], host["name"])


def test_unknown_address(metadata: Metadata) -> None:
    assert ask(metadata, "GET", "meta_data.json", source="127.0.0.9")[0] == 404


def test_flag(metadata: Metadata) -> None:
    assert value(metadata, "resetpwd_flag") == "False"
    assert ask(metadata, "POST", "resetpwd_flag", "True")[0] == 200
    assert value(metadata, "resetpwd_flag") == "True"
    assert value(metadata, "resetpwd_flag", "127.0.0.2") == "False"
    assert metadata.control.show("alpha").flag == "True"


def test_password_until_deleted(metadata: Metadata) -> None:
    assert value(metadata, "reset_password") == "None"
    metadata.control.set_password("alpha", "Old-Secret-1")
    metadata.control.set_password("alpha", "New-Secret-1")
    assert blob.decrypt(str(value(metadata, "reset_password")), UUID) == "New-Secret-1"
    assert value(metadata, "reset_password", "127.0.0.2") == "None"
    assert ask(metadata, "DELETE", "reset_password")[0] == 200
    assert value(metadata, "reset_password") == "None"
    assert metadata.control.show("alpha").blob == ""


def test_what_is_not_there(metadata: Metadata) -> None:
    assert ask(metadata, "GET", "nothing")[0] == 404
    assert ask(metadata, "POST", "reset_password", "x")[0] == 404


@pytest.mark.parametrize("body", ["garbage", "html", "empty"])
def test_wrong_bodies_are_no_json(metadata: Metadata, body: str) -> None:
    metadata.control.set_faults("alpha", Wrong(body=body))  # type: ignore[arg-type]
    status, text = ask(metadata, "GET", "meta_data.json")
    assert status == 200
    with pytest.raises(ValueError, match=r"."):
        json.loads(text)


def test_uuid_missing(metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Wrong(body="no_uuid", path="*meta_data.json"))
    assert "uuid" not in json.loads(ask(metadata, "GET", "meta_data.json")[1])
    assert value(metadata, "resetpwd_flag") == "False"


def test_status(metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Status(code=500, times=1))
    assert [ask(metadata, "GET", "meta_data.json")[0] for _any in range(2)] == [500, 200]


def test_silent(metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Hang())
    with pytest.raises(TimeoutError):
        ask(metadata, "GET", "meta_data.json", timeout=0.2)
    assert ask(metadata, "GET", "meta_data.json", source="127.0.0.2")[0] == 200
    assert metadata.control.log("alpha")[0].status in {None, NEVER_ANSWERED}


def test_slow(metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Late(seconds=0.4))
    with pytest.raises(TimeoutError):
        ask(metadata, "GET", "meta_data.json", timeout=0.2)
    assert ask(metadata, "GET", "meta_data.json")[0] == 200


def test_refuse_to_delete(metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "Secret-1")
    metadata.control.set_faults("alpha", RefuseDelete())
    assert ask(metadata, "DELETE", "reset_password")[0] == 200
    assert value(metadata, "reset_password") != "None"


def test_say_fail(metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "Secret-1")
    metadata.control.set_faults("alpha", SayFail(times=1))
    assert value(metadata, "reset_password") == "Fail"
    assert value(metadata, "reset_password") not in {"Fail", "None"}


def test_log(metadata: Metadata) -> None:
    ask(metadata, "GET", "meta_data.json")
    ask(metadata, "POST", "resetpwd_flag", "True")
    assert metadata.control.requests("alpha") == ["GET meta_data.json", "POST resetpwd_flag"]
    assert metadata.control.requests("beta") == []
    assert [record.status for record in metadata.control.log("alpha")] == [200, 200]


def test_unknown_server(metadata: Metadata) -> None:
    with pytest.raises(ControlError, match="there is no server gamma"):
        metadata.control.show("gamma")


def test_hosts_are_read_again(metadata: Metadata) -> None:
    path = metadata.state / "hosts.json"
    third = {"name": "gamma", "address": "127.0.0.3", "uuid": "u", "flavour": "light"}
    other = path.with_suffix(".new")
    other.write_text(json.dumps([*HOSTS, third]))
    other.replace(path)
    assert metadata.control.servers() == ["alpha", "beta", "gamma"]
    path.write_text(json.dumps(HOSTS))
    assert metadata.control.servers() == ["alpha", "beta"]
