# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ecs_password_reset does, against the lab's cloud."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from unit.cloud.cloud_support import ACCOUNT, CloudUnderTest, HeldClock, run_module

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.client import Limits
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.record import KEY, Place
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.reset import run
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.reset_plan import ResetRequest
from lab.cloud.faults import ApiError, LostAnswer
from lab.cloud.reset import Shape
from lab.cloud.servers import Server
from lab.faults import Cut, Fault

# Each asks the simulator over TLS.
pytestmark = pytest.mark.slow

PASSWORD = "Fresh-2026-Horse"
OTHER = "Other.2026+Zebra"
FORTY = [f"id-{n}" for n in range(40)]
SINGLE = "*/os-reset-password"
BATCH = "*/os-reset-passwords"


def reset(cloud: CloudUnderTest, passwords: dict[str, str], **more: Any) -> dict[str, Any]:
    """What the module does, in this process, with a clock that nobody waits for."""
    client = cloud.client(more.pop("clock", None), limits=more.pop("limits", None))
    result = run(client, ResetRequest(passwords, **more))
    assert not any(password in json.dumps(result) for password in (*passwords.values(), PASSWORD, OTHER))
    return result


def same(ids: Iterable[str], password: str = PASSWORD) -> dict[str, str]:
    return dict.fromkeys(ids, password)


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {server["id"]: server["outcome"] for server in result["servers"]}


def made(cloud: CloudUnderTest) -> Counter[str]:
    return Counter(f"{record.method} {record.path.rpartition('/')[2]}" for record in cloud.control.requests())


def offered(cloud: CloudUnderTest) -> dict[str, str]:
    told: dict[str, str] = cloud.control.memory()["offered"]
    return told


# What it costs


@pytest.mark.parametrize(
    ("passwords", "generation", "calls"),
    [
        (same(["id-0"]), "", {"GET detail": 1, "PUT os-reset-password": 1}),
        (same(["id-0"]), "g", {"GET detail": 1, "PUT os-reset-password": 1, "POST metadata": 1}),
        (same(FORTY), "", {"GET detail": 1, "PUT os-reset-passwords": 2}),
        (same(FORTY), "g", {"GET detail": 1, "PUT os-reset-passwords": 2, "POST metadata": 40}),
        (
            {one: f"{PASSWORD}{n}" for n, one in enumerate(FORTY)},
            "g",
            {"GET detail": 1, "PUT os-reset-password": 40, "POST metadata": 40},
        ),
    ],
)
def test_it_costs_what_the_documentation_says_and_a_rerun_of_a_generation_one_call(
    cloud: CloudUnderTest, passwords: dict[str, str], generation: str, calls: dict[str, int]
) -> None:
    cloud.control.servers(*map(Server, passwords))
    result = reset(cloud, passwords, generation=generation)
    assert result["changed"] is True
    assert set(outcomes(result).values()) == {"accepted"}
    assert list(outcomes(result)) == list(passwords)
    assert made(cloud) == calls
    assert result["api_calls"] == sum(calls.values())
    assert offered(cloud) == passwords
    cloud.control.clear_requests()
    again = reset(cloud, passwords, generation=generation)
    assert again["changed"] is not bool(generation)
    if generation:
        assert set(outcomes(again).values()) == {"unchanged"}
        assert made(cloud) == {"GET detail": 1}
        assert again["msg"] == "No password had to be reset."


def test_a_thousand_servers_a_call(cloud: CloudUnderTest) -> None:
    ids = [f"id-{n}" for n in range(1001)]
    cloud.control.servers(*map(Server, ids))
    result = reset(cloud, same(ids))
    assert set(outcomes(result).values()) == {"accepted"}
    # The one that is left over goes by the single API.
    assert made(cloud) == {"GET detail": 11, "PUT os-reset-passwords": 2, "PUT os-reset-password": 1}


def test_servers_are_grouped_by_their_passwords(cloud: CloudUnderTest) -> None:
    cloud.control.servers(*map(Server, "abcd"))
    passwords = {"a": PASSWORD, "b": OTHER, "c": PASSWORD, "d": "Third=2026=Heron"}
    result = reset(cloud, passwords)
    assert list(outcomes(result)) == ["a", "b", "c", "d"]
    assert offered(cloud) == passwords
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-passwords": 2, "PUT os-reset-password": 2}


# Generations


@pytest.mark.parametrize("place", ["metadata", "tag"])
def test_a_generation_is_done_once_and_again_after_a_rebuild(cloud: CloudUnderTest, place: Place) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    long = "a generation with a name that is much longer than a tag's value may be " * 5

    def again(generation: str = long) -> dict[str, str]:
        return outcomes(reset(cloud, same("ab"), generation=generation, place=place))

    assert again() == {"a": "accepted", "b": "accepted"}
    record = cloud.control.server("a")
    kept = record.metadata if place == "metadata" else record.tags
    assert list(kept) == [KEY]
    assert len(kept[KEY]) <= 43
    assert again() == {"a": "unchanged", "b": "unchanged"}
    cloud.control.rebuild("b")
    assert again() == {"a": "unchanged", "b": "accepted"}
    cloud.control.change("a", image_id="another")
    assert again() == {"a": "accepted", "b": "unchanged"}
    assert again("another generation") == {"a": "accepted", "b": "accepted"}
    assert again() == {"a": "accepted", "b": "accepted"}


def test_a_record_in_the_other_place_or_of_another_kind_counts_for_nothing(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b", metadata={KEY: "1.nonsense"}, tags={KEY: ""}))
    reset(cloud, same("a"), generation="g", place="tag")
    result = reset(cloud, same("ab"), generation="g", place="metadata")
    assert outcomes(result) == {"a": "accepted", "b": "accepted"}
    result = reset(cloud, same("a"), generation="g", place=None)
    assert [server["recorded"] for server in result["servers"]] == [None]
    assert outcomes(result) == {"a": "accepted"}


@pytest.mark.parametrize("place", ["metadata", "tag"])
def test_a_record_that_cannot_be_written_is_told_and_undoes_nothing(cloud: CloudUnderTest, place: Place) -> None:
    cloud.control.servers(Server("a", metadata={f"k{n}": "" for n in range(40)}, tags={f"k{n}": "" for n in range(10)}))
    result = reset(cloud, same("a"), generation="g", place=place)
    (server,) = result["servers"]
    assert (server["outcome"], server["recorded"], result["changed"]) == ("accepted", False, True)
    assert "failed" not in result
    (warning,) = result["warnings"]
    assert (
        "server: the reset was accepted, and its record was not written, so that a rerun would reset it again"
        in warning
    )
    assert outcomes(reset(cloud, same("a"), generation="g", place=place)) == {"a": "accepted"}


def test_a_record_whose_answer_is_lost_is_written_again(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(LostAnswer(path="*/metadata", times=1))
    result = reset(cloud, same("a"), generation="g")
    assert result["servers"][0]["recorded"] is True
    assert made(cloud)["POST metadata"] == 2


def test_nothing_of_the_password_is_in_the_record(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    reset(cloud, {"a": PASSWORD, "b": OTHER}, generation="g")
    records = [cloud.control.server(one).metadata[KEY].split(".") for one in "ab"]
    # The same generation and image, another disk: whatever the passwords are.
    assert [one == other for one, other in zip(*records, strict=True)] == [True, True, False, True]


# What is refused before anything is sent


def test_all_bad_passwords_at_once_and_nothing_is_sent(cloud: CloudUnderTest) -> None:
    cloud.control.servers(
        Server("a", name="web"), Server("b", name="db"), Server("c", name="win", metadata={"os_type": "Windows"})
    )
    with pytest.raises(CloudError) as raised:
        reset(cloud, {"a": "short", "b": "short", "c": "Admin-aaa1aa"})
    said = str(raised.value)
    assert raised.value.kind == "input"
    assert "the password for web, db cannot be set: it has 5 characters, and 8 to 26 are wanted" in said
    assert "the password for web, db cannot be set: it has 1 of the classes" in said
    assert "the password for win cannot be set: it holds three characters in a row of the name Administrator" in said
    assert "short" not in said
    assert made(cloud) == {"GET detail": 1}


WINDOWS = {"os_type": "Windows"}


def test_one_password_for_both_systems_goes_where_both_rules_allow_it_in_calls_of_its_own(
    cloud: CloudUnderTest,
) -> None:
    cloud.control.servers(*(Server(one) for one in "ab"), *(Server(one, metadata=WINDOWS) for one in "xyz"))
    result = reset(cloud, same("axbyz"), generation="g")
    assert set(outcomes(result).values()) == {"accepted"}
    assert offered(cloud) == same("axbyz")
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-passwords": 4, "POST metadata": 5}
    cloud.control.clear_requests()
    assert set(outcomes(reset(cloud, same("ax"))).values()) == {"accepted"}
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-password": 2}


@pytest.mark.parametrize(
    ("password", "refused", "allowed"),
    [("Sturdy-Madm1n", "Windows", "Linux"), ("My-Root-1word", "Linux", "Windows"), ("Aa1-{a,b}-c", "Windows", "Linux")],
)
def test_one_password_for_both_systems_is_refused_where_the_rules_differ_for_it(
    cloud: CloudUnderTest, password: str, refused: str, allowed: str
) -> None:
    cloud.control.servers(Server("a", name="web"), Server("b", name="win", metadata=WINDOWS), Server("c"))
    with pytest.raises(CloudError) as raised:
        reset(cloud, {**same("ab", password), "c": PASSWORD})
    said = str(raised.value)
    assert f"web, win get one password, which the rules of {refused} do not allow and those of {allowed} do" in said
    assert "nothing was sent" in said
    assert made(cloud) == {"GET detail": 1}
    # Apart each is judged by its own rules alone.
    one = "a" if allowed == "Linux" else "b"
    with pytest.raises(CloudError) as raised:
        reset(cloud, {**same("ab", password), one: PASSWORD})
    assert "get one password" not in str(raised.value)


def test_a_system_that_the_cloud_does_not_tell_has_to_be_said(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", name="web", metadata={"os_type": "Plan9"}))
    with pytest.raises(CloudError, match="the cloud does not tell the system of web, so set os_type"):
        reset(cloud, same("a"))
    (server,) = reset(cloud, same("a"), system="linux")["servers"]
    assert (server["outcome"], server["os_type"]) == ("accepted", "linux")


def test_unfit_servers_do_not_keep_the_others_from_it(cloud: CloudUnderTest) -> None:
    cloud.control.servers(
        Server("good"),
        Server("stopped", status="SHUTOFF"),
        Server("locked", locked=True, metadata={"lockSource": "RDS"}),
        Server("frozen", metadata={"EcmResStatus": "freeze"}),
        Server("building", status="BUILD"),
        Server("busy", task_state="rebooting"),
    )
    result = reset(cloud, same(["good", "stopped", "locked", "frozen", "building", "busy", "gone"]))
    assert outcomes(result) == {
        "good": "accepted",
        "stopped": "accepted",
        **dict.fromkeys(["locked", "frozen", "building", "busy", "gone"], "refused"),
    }
    codes = {server["id"]: server["code"] for server in result["servers"] if server["code"]}
    assert codes == {
        "locked": "Ecs.0605",
        "frozen": "Ecs.0030",
        "building": "Ecs.0100",
        "busy": "Ecs.0100",
        "gone": "Ecs.0114",
    }
    assert all(server["remedy"] for server in result["servers"] if server["outcome"] == "refused")
    assert result["failed"]
    assert result["changed"] is True
    assert result["msg"].startswith(
        "The cloud accepted the password of 2 of 7 servers; nothing has changed in the guest before they restart. "
        "5 of 7 servers were not reset for sure: server refused: it is locked by RDS; "
    )
    assert sorted(offered(cloud)) == ["good", "stopped"]


def test_doubtful_passwords_are_sent_with_a_warning(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a", name="web"), Server("b", name="win", metadata={"os_type": "Windows"}))
    result = reset(cloud, {"a": "Aa1-[abc]", "b": "Aa1-%abc%-long-word"})
    assert result["warnings"] == [
        "web: it holds one of []?, which the agent's shell takes as a file pattern.",
        "win: it holds %, which the command line may take as a variable.",
        "win: it has more than 14 characters, at which some versions of net user ask first.",
    ]


def test_a_weak_password_on_purpose(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    result = reset(cloud, same("a", "weak"), complexity=False)
    assert outcomes(result) == {"a": "accepted"}
    assert len(result["warnings"]) == 2
    assert offered(cloud) == {"a": "weak"}


# What the API says


def test_the_api_checks_a_single_password_too(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    (server,) = reset(cloud, same("a", "Aa1-^^^^^"))["servers"]
    assert (server["outcome"], server["code"], server["remedy"]) == ("refused", "Ecs.0011", "choose another password")


@pytest.mark.parametrize("ids", ["a", "abc"])
def test_a_missing_agent_is_told_with_the_remedy(cloud: CloudUnderTest, ids: str) -> None:
    cloud.control.servers(Server("a", reset="no_agent"), Server("b"), Server("c"))
    result = reset(cloud, same(ids))
    assert outcomes(result) == {"a": "refused", **dict.fromkeys(ids[1:], "accepted")}
    server = result["servers"][0]
    assert (server["code"], server["remedy"]) == (
        "Ecs.0613",
        "the reset agent is not installed; install it with reset_agent",
    )
    # The dry run knew, so that no batch failed.
    assert made(cloud)["PUT os-reset-passwords"] == (2 if len(ids) > 1 else 0)


@pytest.mark.parametrize("shape", ["whole", "partial", "partial_400"])
def test_a_partial_batch_is_read_in_every_shape(cloud: CloudUnderTest, shape: Shape) -> None:
    cloud.control.batches_answer(shape)
    cloud.control.servers(Server("a"), Server("b", reset="no_agent_unless_dry"), Server("c"))
    result = reset(cloud, same("abc"), generation="g")
    assert outcomes(result) == {"a": "accepted", "b": "refused", "c": "accepted"}
    assert result["servers"][1]["code"] == "Ecs.0613"
    assert [server["recorded"] for server in result["servers"]] == [True, None, True]
    assert sorted(offered(cloud)) == ["a", "c"]
    # All or nothing: the others are asked for once more.
    assert made(cloud)["PUT os-reset-passwords"] == (3 if shape == "whole" else 2)


def test_a_server_that_no_answer_tells_of_is_unknown(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b", reset="unlisted"), Server("c"))
    result = reset(cloud, same("abc"), generation="g")
    assert outcomes(result) == {"a": "accepted", "b": "unknown", "c": "accepted"}
    server = result["servers"][1]
    assert server["remedy"].startswith("the password may or may not change at the next start")
    assert server["recorded"] is None
    assert result["failed"]
    assert made(cloud)["PUT os-reset-passwords"] == 3


def test_a_refused_batch_that_names_nobody_refuses_all(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    cloud.control.set_faults(ApiError(path=BATCH, skip=1, status=400, code="Ecs.0005"))
    result = reset(cloud, same("ab"))
    assert outcomes(result) == {"a": "refused", "b": "refused"}
    assert result["changed"] is False
    assert result["servers"][0]["error"]["attempted"] == "resetting the password of 2 servers"


def test_the_others_are_unknown_when_asking_for_them_again_is_refused(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b", reset="no_agent_unless_dry"), Server("c"))
    cloud.control.set_faults(ApiError(path=BATCH, skip=2, status=403, code="Pdp.0001"))
    result = reset(cloud, same("abc"))
    assert outcomes(result) == {"a": "unknown", "b": "refused", "c": "unknown"}


def test_a_dry_run_without_an_answer_sends_nothing(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    cloud.control.set_faults(LostAnswer(path=BATCH))
    result = reset(cloud, same("ab"), limits=Limits(retries=0, requests_per_second=0))
    assert outcomes(result) == {"a": "refused", "b": "refused"}
    assert result["changed"] is False
    assert "It was only tried out, so nothing was changed." in result["servers"][0]["message"]
    assert made(cloud)["PUT os-reset-passwords"] == 1


def test_a_dry_run_that_is_refused_sends_nothing(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    cloud.control.accounts(replace(ACCOUNT, denied=("ecs:cloudServers:resetServerPwd",)))
    result = reset(cloud, same("ab"))
    assert outcomes(result) == {"a": "refused", "b": "refused"}
    assert result["servers"][0]["code"] == "Pdp.0001"
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-passwords": 1}


def test_a_cloud_without_the_batch_api_is_asked_one_by_one(cloud: CloudUnderTest) -> None:
    cloud.control.servers(*map(Server, "abc"))
    cloud.control.set_faults(ApiError(path=BATCH, status=404, code="APIGW.0101", shape="gateway"))
    assert set(outcomes(reset(cloud, same("abc"))).values()) == {"accepted"}
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-passwords": 1, "PUT os-reset-password": 3}
    result = reset(cloud, same("abc"), check=True)
    assert set(outcomes(result).values()) == {"planned"}
    assert "this cloud has no dry run" in result["warnings"][0]


@pytest.mark.parametrize("fault", [LostAnswer(path=SINGLE, times=1), Cut(path=SINGLE, after=0, times=1)])
def test_a_lost_answer_is_asked_for_again(cloud: CloudUnderTest, fault: Fault) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(fault)
    assert outcomes(reset(cloud, same("a"))) == {"a": "accepted"}
    assert made(cloud)["PUT os-reset-password"] == 2


@pytest.mark.parametrize(
    "faults",
    [
        [LostAnswer(path="*/os-reset-password*", times=99)],
        # The second try is refused; of the first nobody knows.
        [LostAnswer(path=SINGLE, times=1), ApiError(path=SINGLE, skip=1, status=403, code="Pdp.0001")],
        [ApiError(path=SINGLE, times=99, status=504, code="", shape="gateway")],
    ],
)
def test_an_answer_that_stays_lost_is_unknown(cloud: CloudUnderTest, faults: list[Fault]) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(*faults)
    result = reset(cloud, same("a"), limits=Limits(retries=2, requests_per_second=0), generation="g")
    (server,) = result["servers"]
    assert (server["outcome"], server["recorded"]) == ("unknown", None)
    assert server["remedy"].startswith("the password may or may not change at the next start")
    assert result["changed"] is True
    assert result["failed"]


def test_a_batch_whose_answer_stays_lost_is_unknown(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    cloud.control.set_faults(LostAnswer(path=BATCH, skip=1, times=99))
    result = reset(cloud, same("ab"), limits=Limits(retries=1, requests_per_second=0))
    assert outcomes(result) == {"a": "unknown", "b": "unknown"}


def test_after_a_wrong_signature_nothing_more_is_tried(cloud: CloudUnderTest) -> None:
    cloud.control.servers(*map(Server, FORTY))
    refused = ApiError(path=SINGLE, skip=1, times=99, status=401, code="APIGW.0301", shape="gateway")
    cloud.control.set_faults(refused)
    result = reset(cloud, {one: f"{PASSWORD}{n}" for n, one in enumerate(FORTY)})
    assert Counter(outcomes(result).values()) == {"accepted": 1, "refused": 39}
    assert made(cloud)["PUT os-reset-password"] == 2
    assert "it was not tried any more" in result["servers"][2]["message"]


def test_another_command_at_work_is_waited_for(cloud: CloudUnderTest, clock: HeldClock) -> None:
    cloud.control.servers(Server("a"))
    cloud.control.set_faults(ApiError(path=SINGLE, status=501, code="Ecs.0603", times=1))
    assert outcomes(reset(cloud, same("a"), clock=clock)) == {"a": "accepted"}
    assert clock.sleeps == [60.0]


def test_an_api_that_repeats_the_password_is_not_believed_to_be_discreet(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    internal = [{"id": "a", "error_code": "Ecs.0610", "error_message": f"cannot set {PASSWORD}"}]
    said = ApiError(path=SINGLE, status=400, code="Ecs.0610", message=f"{PASSWORD} is bad", times=99)
    batch = ApiError(path=BATCH, status=400, code="Ecs.0611", message=f"{PASSWORD} is bad", internal=internal)
    cloud.control.set_faults(said, batch)
    for ids in ("b", "ab"):
        result = reset(cloud, same(ids))  # which looks for the password
        assert "********" in json.dumps(result)


def test_a_good_answer_that_repeats_the_password_is_not_believed_either(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    internal = [{"id": one, "error_code": "Ecs.0610", "error_message": f"cannot set {PASSWORD}"} for one in "ab"]
    cloud.control.set_faults(ApiError(path=BATCH, status=200, code="Ecs.0611", internal=internal))
    result = reset(cloud, same("ab"))
    assert outcomes(result) == {"a": "refused", "b": "refused"}
    assert result["servers"][0]["message"] == "the API answered Ecs.0610 'cannot set ********'"


# Check mode


@pytest.mark.parametrize("ids", [["id-0"], FORTY])
def test_check_mode_asks_the_dry_run_and_changes_nothing(cloud: CloudUnderTest, ids: list[str]) -> None:
    cloud.control.servers(*map(Server, ids))
    result = reset(cloud, same(ids), generation="g", check=True)
    assert set(outcomes(result).values()) == {"planned"}
    assert result["changed"] is True
    assert made(cloud) == {"GET detail": 1, "PUT os-reset-passwords": 1}
    assert offered(cloud) == {}
    assert cloud.control.server("id-0").metadata == {}
    reset(cloud, same(ids), generation="g")
    result = reset(cloud, same(ids), generation="g", check=True)
    assert (result["changed"], set(outcomes(result).values())) == (False, {"unchanged"})


@pytest.mark.parametrize("shape", ["whole", "partial", "partial_400"])
def test_check_mode_says_what_the_api_would_refuse(cloud: CloudUnderTest, shape: Shape) -> None:
    cloud.control.batches_answer(shape)
    cloud.control.servers(Server("a", reset="no_agent"), Server("b"))
    result = reset(cloud, same("ab"), check=True)
    assert outcomes(result) == {"a": "refused", "b": "planned"}
    assert result["failed"]
    result = reset(cloud, same("a"), check=True)
    assert (result["changed"], outcomes(result)) == (False, {"a": "refused"})
    assert offered(cloud) == {}


# The module itself


def test_the_module(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"), Server("b"))
    result = run_module("ecs_password_reset", cloud.params(server_ids=["a", "b", "a"], new_password=PASSWORD))
    assert result["changed"] is True
    assert "nothing has changed in the guest before they restart" in result["msg"]
    assert PASSWORD not in json.dumps(result)
    result = run_module("ecs_password_reset", cloud.params(passwords={"a": OTHER, "b": PASSWORD}), check=True)
    assert outcomes(result) == {"a": "planned", "b": "planned"}
    assert not {PASSWORD, OTHER} & set(json.dumps(result).split('"'))
    assert offered(cloud) == same("ab")
    assert run_module("ecs_password_reset", cloud.params(server_ids=[], new_password=PASSWORD))["changed"] is False


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "one of the following is required: server_ids, passwords"),
        ({"server_ids": ["a"]}, "parameters are required together: server_ids, new_password"),
        ({"new_password": PASSWORD, "passwords": {"a": OTHER}}, "mutually exclusive"),
        ({"passwords": {"a": 87654321, "b": ["x"]}}, "passwords has a value for a that is no string"),
        ({"passwords": f"{PASSWORD} and more"}, "passwords"),
        ({"passwords": {"": PASSWORD}, "generation": " "}, "an id of a server is empty; generation is empty"),
        ({"server_ids": ["a"], "new_password": "short"}, "it has 5 characters, and 8 to 26 are wanted"),
    ],
)
def test_bad_options_are_a_sentence(cloud: CloudUnderTest, options: dict[str, Any], sentence: str) -> None:
    cloud.control.servers(Server("a"))
    result = run_module("ecs_password_reset", cloud.params(**options))
    assert result["failed"]
    assert sentence in result["msg"]
    assert not any(word in json.dumps(result) for word in (PASSWORD, OTHER, "87654321"))
    assert not [record for record in cloud.control.requests() if record.method != "GET"]
