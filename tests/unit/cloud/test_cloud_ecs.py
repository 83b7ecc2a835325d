# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ECS functions ask and how often, against the lab's cloud."""

from __future__ import annotations

import pytest
from unit.cloud.cloud_support import CloudUnderTest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.ecs import (
    Wanted,
    list_servers,
    power,
    servers_by_id,
    show_job,
)
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError
from lab.cloud.servers import Server


def fleet(number: int) -> list[Server]:
    return [Server(f"id-{n}", name=f"web-{n}", tags={"env": "prod" if n % 2 else "test"}) for n in range(number)]


@pytest.mark.parametrize(("number", "calls"), [(0, 1), (1, 1), (1000, 2), (1001, 2), (2300, 3)])
def test_a_thousand_servers_a_call(cloud: CloudUnderTest, number: int, calls: int) -> None:
    cloud.control.servers(*fleet(number))
    found = list_servers(cloud.client(), Wanted())
    assert sorted(server.id for server in found) == sorted(f"id-{n}" for n in range(number))
    assert len(cloud.control.requests()) == calls


@pytest.mark.parametrize(("number", "calls"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_hundred_ids_a_call_and_unknown_ones_left_out(cloud: CloudUnderTest, number: int, calls: int) -> None:
    cloud.control.servers(*fleet(number - 1))
    found = servers_by_id(cloud.client(), [f"id-{n}" for n in range(number)])
    assert sorted(found) == sorted(f"id-{n}" for n in range(number - 1))
    assert len(cloud.control.requests()) == calls


def test_every_filter(cloud: CloudUnderTest) -> None:
    cloud.control.servers(
        Server("a", name="web-1", addresses=["10.0.0.1"], eips=["1.2.3.4"], tags={"env": "prod", "team": "x"}),
        Server("b", name="web-10", addresses=["10.0.0.10"], status="SHUTOFF", tags={"env": "prod"}),
        Server("c", name="db", enterprise_project_id="ep", tags={"env": "test"}),
    )
    asked = [
        (Wanted(name="web-1"), ["a", "b"]),
        (Wanted(address="10.0.0.1"), ["a"]),
        (Wanted(address="1.2.3.4"), ["a"]),
        (Wanted(status="SHUTOFF"), ["b"]),
        (Wanted(enterprise_project_id="ep"), ["c"]),
        (Wanted(enterprise_project_id="all_granted_eps"), ["a", "b", "c"]),
        (Wanted(tags={"env": "prod"}), ["a", "b"]),
        (Wanted(tags={"env": "prod", "team": ""}), ["a"]),
        (Wanted(name="nobody"), []),
    ]
    client = cloud.client()
    assert [[server.id for server in list_servers(client, wanted)] for wanted, _ids in asked] == [i for _w, i in asked]


def test_an_action_names_its_job(cloud: CloudUnderTest) -> None:
    cloud.control.servers(Server("a"))
    client = cloud.client()
    job_id = power(client, "reboot", ["a"], "hard")
    assert show_job(client, job_id)["status"] in ("RUNNING", "SUCCESS")
    with pytest.raises(CloudError, match="Invalid JobId"):
        show_job(client, "no such job")
