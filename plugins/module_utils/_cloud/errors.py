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
    """What an answer says of a failure.

    `internal_errors` is `internalError[]` as it came. `accepted` are the ids of the servers with which it was done all
    the same (`response[]` beside the error of a batch).
    """

    code: str = ""
    message: str = ""
    request_id: str = ""
    internal_errors: tuple[dict[str, Any], ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def by_server(self) -> dict[str, tuple[str, str]]:
        """Code and message of each server that `internal_errors` names."""
        named = ((_first(entry, "id", "server_id"), entry) for entry in self.internal_errors)
        return {server_id: _reason(entry) for server_id, entry in named if server_id}

    def without(self, secrets: Iterable[str]) -> Fault:
        """The same with the secrets blotted out: an API may repeat what it was sent."""
        hidden = tuple(secret for secret in secrets if secret)
        return Fault(
            _blot(self.code, hidden),
            _blot(self.message, hidden),
            _blot(self.request_id, hidden),
            tuple(_blot(entry, hidden) for entry in self.internal_errors),
            self.accepted,
        )


class CloudError(Exception):
    """Anything that keeps the cloud side from doing what it was asked for; its text is a sentence for the operator."""

    def __init__(
        self, attempted: str, problem: str, *, kind: Kind, status: int = 0, fault: Fault | None = None, hint: str = ""
    ) -> None:
        """Takes what was attempted ("listing the servers"), what was in the way, and what the answer said."""
        self.attempted = attempted
        self.problem = problem
        self.kind = kind
        self.status = status
        self.fault = fault or Fault()
        hint = hint or (hint_for(self.fault.code, self.fault.message) if kind == "refused" else "")
        super().__init__(f"{attempted[:1].upper()}{attempted[1:]} failed: {problem}{'; ' if hint else ''}{hint}.")

    @property
    def code(self) -> str:
        """The cloud's error code, or nothing."""
        return self.fault.code

    @property
    def doubtful(self) -> bool:
        """Whether it may have been done all the same: nobody answered, or only something on the way did."""
        passing = self.status in (500, 502, 504) and not self.fault.code.startswith("Ecs.")
        return passing or self.kind in ("no_answer", "timeout")

    @property
    def denied(self) -> bool:
        """Whether the permission for it is missing."""
        return self.status == 403 and self.kind == "refused"

    @property
    def not_published(self) -> bool:
        """Whether this cloud or region does not have the API at all."""
        return self.status == 404 and (not self.fault.code or self.fault.code.startswith(("APIGW.", "APIG.")))

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
    inner = _inner(parsed)
    code = _first(inner, "code", "error_code", "errorCode", "type")
    message = _first(inner, "message", "error_msg", "errorMsg", "error_message", "title")
    return Fault(
        code=code,
        message=message[:_LONGEST],
        request_id=_first(parsed, "request_id", "requestId") or request_id,
        internal_errors=internal_errors(parsed),
        accepted=accepted_ids(parsed),
    )


def internal_errors(parsed: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """What a batch's answer says of single servers that it could not be done with; a good answer may hold it, too."""
    internal = parsed.get("internalError", parsed.get("internalErrors"))
    return tuple(entry for entry in internal if isinstance(entry, dict)) if isinstance(internal, list) else ()


def accepted_ids(parsed: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids in the `response[]` of a batch's answer."""
    listed = parsed.get("response")
    entries = listed if isinstance(listed, list) else ()
    return tuple(str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("id"))


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
    code, message = _reason(entry)
    return f"{_first(entry, 'id', 'server_id') or 'a server'}: {code} '{message}'"


def _reason(entry: Mapping[str, Any]) -> tuple[str, str]:
    return _first(entry, "error_code", "code"), _first(entry, "error_message", "error_msg", "message")


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
