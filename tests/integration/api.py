# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the lab's cloud that no module makes."""

from __future__ import annotations

from typing import Any

from unit.lab.cloud_caller import SignedCaller

from lab.client import Lab
from lab.cloud.account import ACCOUNT
from lab.network import API


class CloudApi:
    """The lab's cloud, with the lab's account. `/P/` in a path stands for the project."""

    def __init__(self, lab: Lab) -> None:
        self._caller = SignedCaller(API, lab.ca, ACCOUNT)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        """Return the status and the JSON of an answer."""
        return self._caller.ask(method, path.replace("/P/", f"/{ACCOUNT.project_id}/"), body, **query)

    def do(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Return the JSON of an answer; an assertion fails when the cloud refuses."""
        status, answer = self.ask(method, path, body, **query)
        assert status < 300, (status, answer)
        return answer
