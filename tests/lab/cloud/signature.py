"""Checks of SDK-HMAC-SHA256, made from the vendor's description and not from the collection's own signer."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import quote, unquote

_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 Access=(?P<access>[^,]+), SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW_SECONDS = 15 * 60
_FAILURES_UNTIL_LOCKED = 5
_NEEDED = frozenset({"host", "x-sdk-date"})


@dataclass(frozen=True)
class Account:
    """Whose key it is, and what it may do: `denied` holds IAM actions, as shell patterns."""

    access_key: str
    secret_key: str = field(repr=False)
    project_id: str
    region: str = "lab-1"
    security_token: str = field(default="", repr=False)
    denied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signed:
    """A request as it came over the wire."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes


class SignatureError(Exception):
    """The gateway's code, and what it says."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Verifier:
    """Knows the accounts, and locks the keys that fail too often in a row."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._failures: dict[str, int] = {}

    def declare(self, accounts: list[Account]) -> None:
        """Replace all accounts; none is locked then."""
        self._accounts = {account.access_key: account for account in accounts}
        self._failures = {}

    def check(self, request: Signed, now: datetime) -> Account:
        """Whose request it is. Raises SignatureError for one that the gateway does not let in."""
        found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: missing authorization")
        access_key = found["access"]
        account = self._accounts.get(access_key)
        if account is None:
            raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: Get secretKey failed")
        if self._failures.get(access_key, 0) > _FAILURES_UNTIL_LOCKED:
            raise SignatureError(
                "APIGW.0301",
                "Incorrect IAM authentication information: AK access failed to reach the limit, forbidden",
            )
        try:
            _check(request, account, found["names"], found["signature"], now)
        except SignatureError:
            self._failures[access_key] = self._failures.get(access_key, 0) + 1
            raise
        self._failures.pop(access_key, None)
        return account


def _check(request: Signed, account: Account, names: str, signature: str, now: datetime) -> None:
    signed = names.split(";")
    if signed != sorted(set(signed)) or not set(signed) >= _NEEDED or not set(signed) <= set(request.headers):
        raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: signed headers")
    date = request.headers["x-sdk-date"]
    try:
        then = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: x-sdk-date") from error
    if abs((now - then).total_seconds()) > _SKEW_SECONDS:
        raise SignatureError("APIGW.0303", "Incorrect app authentication information: signature expired")
    lines = [
        request.method,
        _path(request.raw_path),
        _query(request.raw_query),
        *(f"{name}:{request.headers[name].strip()}" for name in signed),
        "",
        names,
        hashlib.sha256(request.body).hexdigest(),
    ]
    to_sign = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"
    wanted = hmac.new(account.secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, signature):
        raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: verify aksk signature fail")
    if request.headers.get("x-security-token", "") != account.security_token:
        raise SignatureError("APIGW.0301", "Incorrect IAM authentication information: decrypt token fail")


def _path(raw: str) -> str:
    path = "/".join(quote(unquote(part), safe="~") for part in raw.split("/"))
    return path if path.endswith("/") else path + "/"


def _query(raw: str) -> str:
    pairs = [part.partition("=") for part in raw.split("&") if part]
    # In a query of this API a plus is a plus.
    encoded = sorted((unquote(key), unquote(value)) for key, _equals, value in pairs)
    return "&".join(f"{quote(key, safe='~')}={quote(value, safe='~')}" for key, value in encoded)
