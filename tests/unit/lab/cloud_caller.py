"""A caller of the lab's cloud that sends whatever it is told to, signed well."""

from __future__ import annotations

import json
import ssl
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.signing import (
    QueryValue,
    Unsigned,
    query_string,
    signed_headers,
)
from lab.cloud.client import CloudControl
from lab.cloud.signature import Account

ACCOUNT = Account("AK", "the-secret", "p")


class Caller:
    def __init__(self, port: int, ca: Path, control: CloudControl) -> None:
        self.port = port
        self.ca = ca
        self.control = control

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 10, **query: QueryValue
    ) -> tuple[int, Any]:
        """A request that is signed well."""
        data = b"" if body is None else json.dumps(body).encode()
        unsigned = Unsigned(method, path, query, {"Host": f"127.0.0.1:{self.port}"}, data)
        headers = signed_headers(unsigned, ACCOUNT.access_key, ACCOUNT.secret_key, datetime.now(timezone.utc))
        return self.send(method, f"{path}?{query_string(query)}", headers, data, timeout)

    def send(
        self, method: str, target: str, headers: dict[str, str], data: bytes = b"", timeout: float = 10
    ) -> tuple[int, Any]:
        request = Request(f"https://127.0.0.1:{self.port}{target}", data or None, headers, method=method)
        try:
            with urlopen(request, context=ssl.create_default_context(cafile=self.ca), timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, json.load(error)
