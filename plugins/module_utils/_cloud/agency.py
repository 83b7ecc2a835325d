# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: temporary credentials of an ECS's agency, from its metadata service."""

from __future__ import annotations

import http.client
from datetime import datetime, timezone

from .credentials import Credentials
from .errors import parse

METADATA = ("169.254.169.254", 80)
_TOKEN_PATH = "/meta-data/latest/api/token"  # noqa: S105 - a path
_KEY_PATH = "/openstack/latest/securitykey"
_TIMEOUT = 3.0
_LARGEST = 64 * 1024


def from_agency(address: tuple[str, int] = METADATA) -> Credentials | None:
    """The agency's credentials; None where there is no metadata service, or no agency."""
    try:
        status, token = _ask(address, "PUT", _TOKEN_PATH, {"X-Metadata-Token-Ttl-Seconds": "300"})
        # An older service knows no tokens and wants none.
        headers = {"X-Metadata-Token": token.decode("ascii", "ignore").strip()} if status == 200 else {}
        status, body = _ask(address, "GET", _KEY_PATH, headers)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return _read(body) if status == 200 else None


def _ask(address: tuple[str, int], method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=_TIMEOUT)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST)
    finally:
        connection.close()


def _read(body: bytes) -> Credentials | None:
    parsed = parse(body)
    found = parsed.get("credential") if isinstance(parsed, dict) else None
    if not isinstance(found, dict):
        return None
    access, secret, token = (str(found.get(name) or "") for name in ("access", "secret", "securitytoken"))
    if not access or not secret:
        return None
    return Credentials(access, secret, token, "", "agency", _time(str(found.get("expires_at") or "")))


def _time(text: str) -> datetime | None:
    # 2026-01-01T00:00:00.000000Z; Python 3.10 takes no Z.
    try:
        return datetime.fromisoformat(text.partition(".")[0].rstrip("Z")).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
