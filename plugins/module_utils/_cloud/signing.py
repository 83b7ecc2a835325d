# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: SDK-HMAC-SHA256, the signature of Huawei Cloud's APIs (devg-apisign)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Union
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"

# Union, since this is an expression and not an annotation.
QueryValue = Union[str, int, bool, Sequence[str]]  # noqa: UP007


@dataclass(frozen=True)
class Unsigned:
    """A request to sign. `path` is as it goes over the wire; `query` is not encoded yet."""

    method: str
    path: str
    query: Mapping[str, QueryValue]
    headers: Mapping[str, str]
    body: bytes = b""


def query_string(query: Mapping[str, QueryValue]) -> str:
    """The query, sorted and encoded: the same for the signature and for the wire."""
    pairs = (f"{_encode(key)}={_encode(text)}" for key in sorted(query) for text in _texts(query[key]))
    return "&".join(pairs)


def signed_headers(request: Unsigned, access_key: str, secret_key: str, when: datetime) -> dict[str, str]:
    """The request's headers with `X-Sdk-Date` and `Authorization`. All but those with a `_` in their names are signed.

    Takes a time in UTC. The headers have to hold `Host`.
    """
    stamp = when.strftime(DATE_FORMAT)
    headers = {**request.headers, "X-Sdk-Date": stamp}
    canonical, names = canonical_request(request, headers)
    to_sign = f"{ALGORITHM}\n{stamp}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["Authorization"] = f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"
    return headers


def canonical_request(request: Unsigned, headers: Mapping[str, str]) -> tuple[str, str]:
    """The canonical request, and the list of the headers that are signed."""
    lower = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = ";".join(sorted(lower))
    payload = hashlib.sha256(request.body).hexdigest()
    if request.body:
        payload = next((v.strip() for n, v in headers.items() if n.lower() == "x-sdk-content-sha256"), payload)
    lines = [
        request.method.upper(),
        _canonical_path(request.path),
        query_string(request.query),
        *(f"{name}:{lower[name]}" for name in sorted(lower)),
        "",
        names,
        payload,
    ]
    return "\n".join(lines), names


def _canonical_path(path: str) -> str:
    encoded = "/".join(_encode(part) for part in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _texts(value: QueryValue) -> list[str]:
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, (str, int)):
        return [str(value)]
    return sorted(value)


def _encode(text: str) -> str:
    return quote(text, safe="~")
