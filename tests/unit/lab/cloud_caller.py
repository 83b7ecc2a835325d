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


class SignedCaller:
    """Asks the cloud at an authority with an account."""

    def __init__(self, authority: str, ca: Path, account: Account) -> None:
        self._authority = authority
        self._account = account
        self._ca = ca

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 30, **query: QueryValue
    ) -> tuple[int, Any]:
        """A request that is signed well: the status and the JSON of its answer."""
        data = b"" if body is None else json.dumps(body).encode()
        unsigned = Unsigned(method, path, query, {"Host": self._authority}, data)
        account = self._account
        headers = signed_headers(unsigned, account.access_key, account.secret_key, datetime.now(timezone.utc))
        return self.send(method, f"{path}?{query_string(query)}", headers, data, timeout)

    def send(
        self, method: str, target: str, headers: dict[str, str], data: bytes = b"", timeout: float = 30
    ) -> tuple[int, Any]:
        """A request as it is."""
        request = Request(f"https://{self._authority}{target}", data or None, headers, method=method)
        try:
            with urlopen(request, context=ssl.create_default_context(cafile=self._ca), timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, json.load(error)


class Caller(SignedCaller):
    """Asks a cloud on loopback, which it also steers."""

    def __init__(self, port: int, ca: Path, control: CloudControl) -> None:
        super().__init__(f"127.0.0.1:{port}", ca, ACCOUNT)
        self.port = port
        self.control = control
