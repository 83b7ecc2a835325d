# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud modules, each run as Ansible runs it, in a process of its own against the lab's cloud."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from unit.cloud.cloud_support import ACCOUNT, PROJECT, SECRET, TOKEN, CloudUnderTest, run_module

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.jobs import Patience
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.options import CLOUD_SPEC, client_from
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.power import PowerRequest, run
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.power_plan import State
from lab.cloud.client import ApiRecord
from lab.cloud.faults import ApiError, LostAnswer
from lab.cloud.servers import Server
from lab.faults import Hang

FORTY = [f"id-{n}" for n in range(40)]


def kinds(records: list[ApiRecord]) -> Counter[str]:
    """How often each call was made."""
    return Counter(f"{record.method} {record.path.split('/')[3]}" for record in records)


def power(cloud: CloudUnderTest, ids: list[str], state: State, *, check: bool = False, **more: Any) -> dict[str, Any]:
    """What the module does, in this process: a process for each would take a second of every test."""
    patience = (
        Patience(more.pop("wait_timeout", 60), more.pop("poll_interval", 0.5)) if more.pop("wait", True) else None
    )
    request = PowerRequest(state, ids, more.pop("mode", "soft"), patience, check)
    given = {name: option.get("default") for name, option in CLOUD_SPEC.items()}
    return run(client_from({**given, **cloud.params(**more)}, {}), request)


def outcomes(result: dict[str, Any]) -> list[str]:
    return [server["outcome"] for server in result["servers"]]


# ecs_server_info


def test_servers_are_told(cloud: CloudUnderTest) -> None:
    cloud.control.servers(
        Server("a", name="web", addresses=["10.0.0.1"], eips=["1.2.3.4"], tags={"env": "prod"}), Server("b")
    )
    result = run_module("ecs_server_info", cloud.params(tags={"env": "prod"}))
    assert result["changed"] is False
    assert result["api_calls"] == len(cloud.control.requests()) == 1
    (server,) = result["servers"]
    assert (server["id"], server["name"], server["status"], server["os_type"]) == ("a", "web", "ACTIVE", "Linux")
    assert [(one["address"], one["type"], one["version"]) for one in server["addresses"]] == [
        ("10.0.0.1", "fixed", 4),
        ("1.2.3.4", "floating", 4),
    ]
    assert server["volumes"] == ["volume-a"]


def test_ids_come_in_order_and_the_missing_are_told(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    result = run_module("ecs_server_info", cloud.params(server_ids=["b", "gone", "a", "b"]))
    assert [server["id"] for server in result["servers"]] == ["b", "a"]
    assert result["missing"] == ["gone"]


def test_an_exact_name_is_not_a_part_of_one(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", name="web-1"), Server("b", name="web-10"))
    result = run_module("ecs_server_info", cloud.params(exact_name="web-1"))
    assert [server["id"] for server in result["servers"]] == ["a"]


def test_a_query_selects(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b", status="SHUTOFF"))
    result = run_module("ecs_server_info", cloud.params(query="[?status=='ACTIVE'].id"))
    assert result["result"] == ["a"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("[?", "it is no JMESPath expression"), ("length(`1`)", "it does not fit the servers")],
)
def test_a_query_that_is_none_is_told(cloud: CloudUnderTest, query: str, sentence: str) -> None:
    result = run_module("ecs_server_info", cloud.params(query=query))
    assert result["failed"]
    assert sentence in result["msg"]


def test_credentials_from_the_environment_and_an_error_with_all_its_fields(cloud: CloudUnderTest) -> None:
    temporary = replace(ACCOUNT, access_key="AKTMP", security_token=TOKEN)
    cloud.control.accounts(temporary)
    params = cloud.params(access_key=None, secret_key=None, project_id=None, region=None)
    variables = {
        "HW_ACCESS_KEY": "AKTMP",
        "HW_SECRET_KEY": SECRET,
        "HW_SECURITY_TOKEN": TOKEN,
        "HW_REGION_NAME": ACCOUNT.region,
    }
    result = run_module("ecs_server_info", params, **variables)
    assert result["api_calls"] == 2
    result = run_module("ecs_server_info", params, **variables, HW_PROJECT_ID=PROJECT)
    assert result["api_calls"] == 1
    cloud.control.accounts(replace(temporary, denied=("ecs:*",)))
    result = run_module("ecs_server_info", params, **variables)
    assert result["failed"]
    assert result["error"].pop("request_id")
    assert result["error"] == {
        "attempted": "listing the servers",
        "kind": "refused",
        "code": "Pdp.0001",
        "message": "Policy doesn't allow ecs:cloudServers:listServersDetails to be performed.",
        "status": 403,
        "internal_errors": [],
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"secret_key": None}, "there is access_key and no secret_key"),
        ({"secret_key": f"{SECRET}\nX"}, "secret_key from the source options has a character that none has"),
        ({"region": None, "endpoints": {}}, "no region is given"),
        ({"endpoints": {"ecs": "http://ecs.example.com"}}, "passwords go over https only"),
        ({"ca_path": "/nowhere"}, "ca_path is '/nowhere', which is no file"),
        ({"project_id": "a b"}, "project_id is 'a b', which is no id"),
        ({"retries": -1}, "retries is -1"),
        ({"access_key": None, "secret_key": None, "credential_sources": ["options"]}, "none of the sources options"),
    ],
)
def test_bad_options_are_a_sentence(cloud: CloudUnderTest, options: dict[str, Any], sentence: str) -> None:
    result = run_module("ecs_server_info", cloud.params(**options))
    assert sentence in result["msg"]
    assert result["error"]["kind"] == "input"
    assert cloud.control.requests() == []


# ecs_power


@pytest.mark.parametrize(
    ("before", "state", "after", "action"),
    [
        ("SHUTOFF", "started", "ACTIVE", "start"),
        ("ACTIVE", "stopped", "SHUTOFF", "stop"),
        ("ACTIVE", "restarted", "ACTIVE", "restart"),
        ("SHUTOFF", "restarted", "ACTIVE", "start"),
    ],
)
def test_a_server_gets_there_and_a_second_run_changes_nothing(
    cloud: CloudUnderTest, before: str, state: State, after: str, action: str
) -> None:
    cloud.control.servers(Server("a", status=before))
    result = power(cloud, ["a"], state)
    (server,) = result["servers"]
    assert result["changed"] is True
    assert (server["outcome"], server["action"]) == ("done", action)
    assert (server["status_before"], server["status"]) == (before, after)
    assert cloud.control.server("a").status == after
    if state != "restarted":
        cloud.control.clear_requests()
        again = power(cloud, ["a"], state)
        assert (again["changed"], outcomes(again)) == (False, ["unchanged"])
        assert kinds(cloud.control.requests()) == {"GET cloudservers": 1}


@pytest.mark.parametrize(("state", "action"), [("started", "start"), ("stopped", None), ("restarted", "start")])
def test_check_mode_predicts_and_changes_nothing(cloud: CloudUnderTest, state: State, action: str | None) -> None:
    cloud.control.servers(Server("a", status="SHUTOFF"))
    result = power(cloud, ["a"], state, check=True)
    assert result["changed"] is (action is not None)
    assert result["servers"][0]["action"] == action
    assert outcomes(result) == ["planned" if action else "unchanged"]
    assert kinds(cloud.control.requests()) == {"GET cloudservers": 1}


@pytest.mark.slow
def test_forty_servers_cost_what_the_documentation_says(cloud: CloudUnderTest) -> None:
    cloud.control.switching_takes(0.1)
    cloud.control.servers(*(Server(one, status="SHUTOFF" if n % 2 else "ACTIVE") for n, one in enumerate(FORTY)))
    result = power(cloud, FORTY, "restarted", project_id=None, mode="hard", poll_interval=2)
    assert outcomes(result) == ["done"] * 40
    assert [server["id"] for server in result["servers"]] == FORTY
    # The project; a look before and after; one action a kind; one look at each of the two jobs.
    made = Counter(record.path for record in cloud.control.requests())
    assert kinds(cloud.control.requests()[1:]) == {"GET cloudservers": 2, "POST cloudservers": 2, "GET jobs": 2}
    assert made["/v3/projects"] == 1
    assert result["api_calls"] == 7


@pytest.mark.slow
def test_a_look_every_poll_interval_while_a_job_runs(cloud: CloudUnderTest) -> None:
    cloud.control.switching_takes(2.5)
    cloud.control.servers(Server("a"))
    assert outcomes(power(cloud, ["a"], "restarted", poll_interval=1)) == ["done"]
    # At 1, 2 and 3 seconds, or a little later.
    assert kinds(cloud.control.requests())["GET jobs"] in (2, 3)


@pytest.mark.slow
def test_a_thousand_servers_an_action(cloud: CloudUnderTest) -> None:
    cloud.control.switching_takes(0.0)
    ids = [f"id-{n}" for n in range(1001)]
    cloud.control.servers(*(Server(one, status="SHUTOFF") for one in ids))
    result = power(cloud, ids, "started", poll_interval=3)
    assert set(outcomes(result)) == {"done"}
    made = kinds(cloud.control.requests())
    assert made == {"GET cloudservers": 22, "POST cloudservers": 2, "GET jobs": 2}


@pytest.mark.parametrize("check", [False, True])
def test_the_module_itself(cloud: CloudUnderTest, check: bool) -> None:
    cloud.control.servers(Server("a", status="SHUTOFF"), Server("b", locked=True))
    result = run_module("ecs_power", cloud.params(server_ids=["a"], state="started", poll_interval=1), check=check)
    assert (result["changed"], outcomes(result)) == (True, ["planned" if check else "done"])
    assert cloud.control.server("a").status == ("SHUTOFF" if check else "ACTIVE")
    result = run_module("ecs_power", cloud.params(server_ids=["a", "b"], state="stopped", wait=False), check=check)
    assert result["failed"]
    assert outcomes(result) == ["unchanged" if check else "accepted", "refused"]


def test_each_server_has_an_outcome_of_its_own(cloud: CloudUnderTest) -> None:
    cloud.control.servers(
        Server("good", status="SHUTOFF"),
        Server("there"),
        Server("locked", status="SHUTOFF", locked=True, metadata={"lockSource": "RDS"}),
        Server("frozen", status="SHUTOFF", metadata={"EcmResStatus": "freeze"}),
        Server("broken", status="ERROR"),
        Server("failing", status="SHUTOFF", trouble="fails"),
    )
    ids = ["good", "there", "locked", "frozen", "broken", "failing", "gone"]
    result = power(cloud, ids, "started")
    assert dict(zip(ids, outcomes(result), strict=True)) == {
        "good": "done",
        "there": "unchanged",
        "locked": "refused",
        "frozen": "refused",
        "broken": "refused",
        "failing": "failed",
        "gone": "refused",
    }
    codes = {server["id"]: server["code"] for server in result["servers"]}
    assert codes["locked"] == "Ecs.0605"
    assert codes["failing"] == "Ecs.0226"
    assert result["failed"]
    assert result["changed"] is True
    assert result["msg"].startswith("5 of 7 servers could not be proved to be started: ")
    assert "it is locked by RDS" in result["msg"]
    assert cloud.control.server("good").status == "ACTIVE"


def test_a_job_that_lies_is_found_out(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", trouble="lies"))
    result = power(cloud, ["a"], "stopped", wait_timeout=3)
    assert outcomes(result) == ["failed"]
    assert "the job says that it succeeded, and the server's status is ACTIVE" in result["msg"]


def test_a_job_that_never_ends_is_unknown_when_the_time_is_over(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", trouble="hangs"), Server("b"))
    result = power(cloud, ["a", "b"], "restarted", wait_timeout=2)
    assert outcomes(result) == ["unknown", "done"]
    assert "was still RUNNING when wait_timeout was over" in result["msg"]


def test_without_waiting_an_accepted_job_is_enough(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    result = power(cloud, ["a"], "restarted", wait=False)
    assert (result["changed"], outcomes(result)) == (True, ["accepted"])
    assert result["servers"][0]["job_id"]
    assert kinds(cloud.control.requests()) == {"GET cloudservers": 1, "POST cloudservers": 1}


def test_a_lost_answer_to_a_start_is_settled_by_looking(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", status="SHUTOFF"))
    cloud.control.set_faults(LostAnswer(method="POST"))
    result = power(cloud, ["a"], "started")
    assert (result["changed"], outcomes(result)) == (True, ["done"])
    assert kinds(cloud.control.requests())["POST cloudservers"] == 1


def test_a_lost_answer_to_a_restart_is_not_sent_again(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(LostAnswer(method="POST"))
    result = power(cloud, ["a"], "restarted")
    assert (result["failed"], result["changed"], outcomes(result)) == (True, True, ["unknown"])
    assert result["servers"][0]["error"]["kind"] == "no_answer"
    assert kinds(cloud.control.requests())["POST cloudservers"] == 1


def test_a_gateway_that_gave_up_waiting_proves_nothing(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(ApiError(method="POST", status=504, code="", shape="gateway"))
    result = power(cloud, ["a"], "restarted")
    assert (result["changed"], outcomes(result)) == (True, ["unknown"])


def test_a_refused_batch_changes_nothing_and_names_what_the_api_names(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    internal = [{"id": "b", "error_code": "Ecs.0605", "error_message": "locked since"}]
    cloud.control.set_faults(ApiError(method="POST", status=400, code="Ecs.0611", internal=internal))
    result = power(cloud, ["a", "b"], "stopped")
    assert (result["changed"], outcomes(result)) == (False, ["refused", "refused"])
    assert [server["code"] for server in result["servers"]] == ["Ecs.0611", "Ecs.0605"]
    assert result["servers"][1]["message"] == "the API answered Ecs.0605 'locked since'"
    assert result["servers"][1]["error"]["internal_errors"] == internal


def test_a_job_that_cannot_be_followed_is_unknown(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(ApiError(path="*/jobs/*", status=403, code="Pdp.0001"))
    result = power(cloud, ["a"], "restarted")
    assert outcomes(result) == ["unknown"]
    assert "Following the job" in result["msg"]


def test_servers_that_cannot_be_looked_at_are_an_error(cloud: CloudUnderTest) -> None:
    cloud.control.set_faults(Hang(path="*/detail"))
    params = cloud.params(server_ids=["a"], state="started", timeout=1, retries=0)
    result = run_module("ecs_power", params)
    assert "Listing the servers failed: 127.0.0.1" in result["msg"]
    assert "servers" not in result
