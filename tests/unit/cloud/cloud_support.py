# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the cloud side share: a clock held still, the lab's cloud, and running a module for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.client import Client, Limits
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.credentials import Keyring, Places
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.endpoints import Endpoints
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.transport import Wire
from lab.cloud.client import CloudControl
from lab.cloud.signature import Account

ROOT = Path(__file__).parents[3]
PROJECT = "0123456789abcdef0123456789abcdef"
SECRET = "Sk-that-nobody-may-see-4711"
TOKEN = "Token-that-nobody-may-see-0815"
ACCOUNT = Account("AKLAB", SECRET, PROJECT)
MODULES = "ansible_collections.cloudreset.huaweicloud.plugins.modules"


class HeldClock:
    """Goes on only when somebody sleeps."""

    def __init__(self) -> None:
        self.start = datetime.now(timezone.utc)
        self.passed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(round(seconds, 3))
        self.passed += seconds


@dataclass(frozen=True)
class CloudUnderTest:
    port: int
    ca: Path
    control: CloudControl

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def params(self, **more: Any) -> dict[str, Any]:
        """A module's options that lead here."""
        return {
            "access_key": ACCOUNT.access_key,
            "secret_key": ACCOUNT.secret_key,
            "region": ACCOUNT.region,
            "endpoints": {"ecs": self.url, "iam": self.url, "vpc": self.url},
            "ca_path": str(self.ca),
            "project_id": PROJECT,
            "requests_per_second": 0,
            **more,
        }

    def client(
        self,
        clock: HeldClock | None = None,
        account: Account = ACCOUNT,
        limits: Limits | None = None,
        wire: Wire | None = None,
        project_id: str = PROJECT,
    ) -> Client:
        """A client whose clock is held still."""
        clock = clock or HeldClock()
        given = {
            "access_key": account.access_key,
            "secret_key": account.secret_key,
            "security_token": account.security_token,
        }
        places = Places(("options",), {}, lambda: None, given)
        return Client(
            Keyring(places, clock.now),
            Endpoints(account.region, None, {"ecs": self.url, "iam": self.url, "vpc": self.url}),
            wire or Wire(5.0, True, str(self.ca), ""),
            limits or Limits(requests_per_second=0),
            project_id,
            clock,
            lambda: 0.5,
        )


def environment() -> dict[str, str]:
    """The tests' environment without anything that a module would take its options from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HW_", "HUAWEICLOUD_"))}
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        kept.pop(name, None)
    paths = [str(ROOT / ".ansible" / "collections"), os.environ.get("PYTHONPATH", "")]
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def run_module(name: str, params: dict[str, Any], *, check: bool = False, **variables: str) -> dict[str, Any]:
    """A module, run as Ansible would, in a process of its own."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": {**params, "_ansible_check_mode": check}})
    done = subprocess.run(
        [sys.executable, "-m", f"{MODULES}.{name}"],
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        env={**environment(), **variables},
        cwd=ROOT,
        check=False,
    )
    assert done.stdout, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert TOKEN not in done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert bool(result.get("failed")) == bool(done.returncode), done.stdout
    return result
