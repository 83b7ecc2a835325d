# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the lab's cloud that no module makes: signed by the collection, over TLS."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.signing import (
    Unsigned,
    query_string,
    signed_headers,
)
from lab.client import Lab
from lab.cloud.account import ACCOUNT
from lab.network import API


@dataclass(frozen=True)
class CloudApi:
    """The lab's cloud, with the lab's account."""

    lab: Lab

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, Any]:
        """Return the status and the JSON of an answer; `/P/` in a path stands for the project."""
        path = path.replace("/P/", f"/{ACCOUNT.project_id}/")
        data = b"" if body is None else json.dumps(body).encode()
        unsigned = Unsigned(method, path, query, {"Host": API}, data)
        headers = signed_headers(unsigned, ACCOUNT.access_key, ACCOUNT.secret_key, datetime.now(timezone.utc))
        request = Request(f"https://{API}{path}?{query_string(query)}", data or None, headers, method=method)
        trusted = ssl.create_default_context(cafile=self.lab.ca)
        try:
            with urlopen(request, context=trusted, timeout=30) as answer:
                return answer.status, _parsed(answer.read())
        except HTTPError as error:
            with error:
                return error.code, _parsed(error.read())

    def do(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Return the JSON of an answer; an assertion fails when the cloud refuses."""
        status, answer = self.ask(method, path, body, **query)
        assert status < 300, (status, answer)
        return answer


def _parsed(body: bytes) -> Any:
    return json.loads(body) if body else None
