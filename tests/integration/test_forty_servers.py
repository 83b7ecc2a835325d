# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What forty servers cost in API calls is what the modules' documentation says."""

from __future__ import annotations

from typing import Any

import pytest
from cloud_fleet import beside
from controller import Controller
from resets import NEW

from lab.client import Host
from lab.cloud.client import CloudControl

# The module, its options, and what its documentation says that 40 servers cost beside the jobs that it follows.
CASES: dict[str, tuple[str, dict[str, Any], int]] = {
    "readiness": ("ecs_readiness_info", {}, 44),
    "readiness without the flag": ("ecs_readiness_info", {"check_flag": False}, 4),
    "one password": ("ecs_password_reset", {"new_password": NEW}, 3),
    "one password and a generation": ("ecs_password_reset", {"new_password": NEW, "generation": "1"}, 43),
    "a rerun of it": ("ecs_password_reset", {"new_password": NEW, "generation": "1"}, 1),
    "a password each": ("ecs_password_reset", {"passwords": {}}, 41),
    # Before and after, and the action.
    "restart": ("ecs_power", {"state": "stopped", "poll_interval": 1}, 3),
    "nothing to do": ("ecs_power", {"state": "stopped"}, 1),
}


@pytest.mark.mainpath
def test_forty_servers_cost_what_is_documented(cloud_alone: CloudControl, controller: Controller, host: Host) -> None:
    ids = [server.id for server in beside(cloud_alone)]
    found = {}
    for name, (module, options, _calls) in CASES.items():
        whom: dict[str, Any] = {"server_ids": ids}
        if "passwords" in options:
            whom = {"passwords": {server_id: f"{NEW}{n}" for n, server_id in enumerate(ids)}}
        cloud_alone.clear_requests()
        told = controller.cloud(module, host, **{**options, **whom}).of(host)
        assert len(told["servers"]) == 40, told
        asked = [record.path for record in cloud_alone.requests()]
        assert told["api_calls"] == len(asked)
        found[name] = sum("/jobs/" not in path and not path.endswith("/projects") for path in asked)
    assert found == {name: calls for name, (_module, _options, calls) in CASES.items()}
