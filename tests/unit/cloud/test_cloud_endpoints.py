# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.endpoints import Endpoint, Endpoints
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError


@pytest.mark.parametrize(
    ("region", "cloud", "overrides", "authority", "prefix"),
    [
        ("ap-southeast-1", None, {}, "ecs.ap-southeast-1.myhuaweicloud.com", ""),
        ("eu-west-101", None, {}, "ecs.eu-west-101.myhuaweicloud.eu", ""),
        ("eu-west-0", None, {}, "ecs.eu-west-0.myhuaweicloud.com", ""),
        ("eu-de", "otc.t-systems.com", {}, "ecs.eu-de.otc.t-systems.com", ""),
        ("eu-west-101", "example.com", {}, "ecs.eu-west-101.example.com", ""),
        ("r", None, {"ecs": "https://{region}.api.example.com/ecs/"}, "r.api.example.com", "/ecs"),
        (None, None, {"ecs": "https://ecs.example.com:8443"}, "ecs.example.com:8443", ""),
        ("r", None, {"iam": "https://iam.example.com"}, "ecs.r.myhuaweicloud.com", ""),
        ("r", None, {"ecs": "https://[2001:db8::1]:8443"}, "[2001:db8::1]:8443", ""),
        ("r", None, {"ecs": "http://127.0.0.1:8080"}, "127.0.0.1:8080", ""),
    ],
)
def test_addresses(
    region: str | None, cloud: str | None, overrides: dict[str, str], authority: str, prefix: str
) -> None:
    endpoint = Endpoints(region, cloud, overrides).of("ecs")
    assert (endpoint.authority, endpoint.prefix) == (authority, prefix)


def test_a_usual_port_is_in_no_host_header() -> None:
    assert Endpoint("https", "a", 443).authority == "a"
    assert Endpoint("http", "a", 80).authority == "a"
    assert Endpoint("https", "a", 80).authority == "a:80"


def test_everything_wrong_is_told_at_once() -> None:
    overrides = {
        "ecss": "https://example.com",
        "ecs": "http://example.com",
        "iam": "ftp://example.com",
        "vpc": "https://user:pass@example.com",
        "ims": "https://example.com:http",
    }
    with pytest.raises(CloudError) as caught:
        Endpoints("Evil.example.com/", "a b", overrides)
    text = str(caught.value)
    for part in ("region is", "cloud is", "endpoints has 'ecss'", "passwords go over https only", "endpoints.iam is"):
        assert part in text
    assert "endpoints.vpc is" in text
    assert "endpoints.ims is" in text


def test_without_a_region_there_is_no_address() -> None:
    with pytest.raises(CloudError, match="no region is given; set region"):
        Endpoints(None).of("ecs")
