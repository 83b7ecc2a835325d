# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's cloud, started for real on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit.cloud.cloud_support import ACCOUNT, CloudUnderTest, HeldClock
from unit.lab.support import free_port, make_certificate, running

from lab.cloud.client import CloudControl


@pytest.fixture(scope="module")
def cloud_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudUnderTest]:
    state = tmp_path_factory.mktemp("cl")
    make_certificate(state / "tls")
    control = CloudControl(state / "cloud.sock")
    port = free_port()
    with running("lab.cloud", state, control.ready, port):
        yield CloudUnderTest(port, state / "tls" / "ca.pem", control)


@pytest.fixture
def cloud(cloud_service: CloudUnderTest) -> CloudUnderTest:
    """The cloud with one account and nothing else."""
    cloud_service.control.reset()
    cloud_service.control.accounts(ACCOUNT)
    return cloud_service


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
