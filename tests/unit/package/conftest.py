# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the package's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.package.package_lab import Bucket, certificate

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package import retry
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import PackageRequest


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def bucket(tls: Any) -> Iterator[Bucket]:
    made = Bucket(tls[0])
    yield made
    made.stop()


@pytest.fixture
def plain_bucket() -> Iterator[Bucket]:
    made = Bucket(None)
    yield made
    made.stop()


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def request_for(cache_dir: Path, tls: Any) -> Callable[..., PackageRequest]:
    """Makes a request with the tests' CA and cache; takes what differs."""

    def make(**options: Any) -> PackageRequest:
        given = {"variant": "linux/64", "ca_path": str(tls[1]), "cache_dir": cache_dir, "run_id": "run", "timeout": 5}
        return PackageRequest(**{**given, **options})

    return make


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "PAUSES", (0.01, 0.02, 0.03))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
