# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the one exception of the cloud side, and how an answer's error is read.

The shapes of bodies: ECS `{"error": {code, message}}`, with `internalError[]` beside it after a batch; the gateway's
`{"error_code", "error_msg", "request_id"}`; Nova's `{"badRequest": {...}}`. A proxy may send none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .hints import hint_for

# input: refused before anything was sent. unreachable: it was not sent. refused: the cloud said no.
# no_answer: it was sent and no whole answer came, so that nobody knows whether it was done. timeout: a wait was over.
Kind = Literal["input", "unreachable", "refused", "no_answer", "timeout"]

_LONGEST = 500
_HIDDEN = "********"


@dataclass(frozen=True)
class Fault:
    """What an answer says of a failure. `internal_errors` is `internalError[]` as it came."""

    code: str = ""
    message: str = ""
    request_id: str = ""
    internal_errors: tuple[dict[str, Any], ...] = ()

    def without(self, secrets: Iterable[str]) -> Fault:
        """The same with the secrets blotted out: an API may repeat what it was sent."""
        hidden = tuple(secret for secret in secrets if secret)
        return Fault(
            _blot(self.code, hidden),
            _blot(self.message, hidden),
            _blot(self.request_id, hidden),
            tuple(_blot(entry, hidden) for entry in self.internal_errors),
        )


class CloudError(Exception):
    """Anything that keeps the cloud side from doing what it was asked for; its text is a sentence for the operator."""

    def __init__(
        self, attempted: str, problem: str, *, kind: Kind, status: int = 0, fault: Fault | None = None, hint: str = ""
    ) -> None:
        """Takes what was attempted ("listing the servers"), what was in the way, and what the answer said."""
        self.attempted = attempted
        self.kind = kind
        self.status = status
        self.fault = fault or Fault()
        hint = hint or (hint_for(self.fault.code, self.fault.message) if kind == "refused" else "")
        super().__init__(f"{attempted[:1].upper()}{attempted[1:]} failed: {problem}{'; ' if hint else ''}{hint}.")

    @property
    def code(self) -> str:
        """The cloud's error code, or nothing."""
        return self.fault.code

    def result(self) -> dict[str, Any]:
        """The machine-readable fields, for a module's result."""
        return {
            "attempted": self.attempted,
            "kind": self.kind,
            "code": self.fault.code or None,
            "message": self.fault.message or None,
            "request_id": self.fault.request_id or None,
            "status": self.status or None,
            "internal_errors": list(self.fault.internal_errors),
        }


def refusal(attempted: str, status: int, fault: Fault, hint: str = "") -> CloudError:
    """The exception for an answer that is an error."""
    said = f"{fault.code} '{fault.message}'" if fault.code else f"'{fault.message}'" if fault.message else "no reason"
    where = f"HTTP {status}" + (f", request id {fault.request_id}" if fault.request_id else "")
    about = "".join(f"; {_one(entry)}" for entry in fault.internal_errors[:3])
    more = len(fault.internal_errors) - 3
    about += f"; and {more} more" if more > 0 else ""
    return CloudError(
        attempted, f"the API answered {said} ({where}){about}", kind="refused", status=status, fault=fault, hint=hint
    )


def read_fault(body: bytes, headers: Mapping[str, str]) -> Fault:
    """What a body says of a failure; an empty Fault when it says nothing of one. Takes headers in lower case."""
    request_id = headers.get("x-request-id", "")
    parsed = parse(body)
    if not isinstance(parsed, dict):
        return Fault(message=_plain(body), request_id=request_id)
    internal = parsed.get("internalError", parsed.get("internalErrors"))
    inner = _inner(parsed)
    code = _first(inner, "code", "error_code", "errorCode", "type")
    message = _first(inner, "message", "error_msg", "errorMsg", "error_message", "title")
    return Fault(
        code=code,
        message=message[:_LONGEST],
        request_id=_first(parsed, "request_id", "requestId") or request_id,
        internal_errors=tuple(entry for entry in internal if isinstance(entry, dict))
        if isinstance(internal, list)
        else (),
    )


def parse(body: bytes) -> Any:
    """A body's JSON, or None for what is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _inner(parsed: dict[str, Any]) -> dict[str, Any]:
    error = parsed.get("error")
    if isinstance(error, dict):
        return error
    if any(name in parsed for name in ("error_code", "error_msg", "errorCode", "code")):
        return parsed
    only = list(parsed.values())
    return only[0] if len(only) == 1 and isinstance(only[0], dict) and "message" in only[0] else {}


def _first(source: Mapping[str, Any], *names: str) -> str:
    return next((str(source[name]) for name in names if isinstance(source.get(name), (str, int))), "")


def _plain(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())[:_LONGEST]
    return "".join(letter for letter in text if letter.isprintable())


def _one(entry: Mapping[str, Any]) -> str:
    code, message = _first(entry, "error_code", "code"), _first(entry, "error_message", "error_msg", "message")
    return f"{_first(entry, 'id', 'server_id') or 'a server'}: {code} '{message}'"


def _blot(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, _HIDDEN)
        return value
    if isinstance(value, dict):
        return {key: _blot(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_blot(item, secrets) for item in value]
    return value
