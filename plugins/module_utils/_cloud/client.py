# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the one function through which every request to the cloud goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from .clock import Clock, SystemClock
from .credentials import Credentials, Keyring
from .endpoints import Endpoints
from .errors import CloudError, parse, read_fault, refusal
from .rate import RateLimiter
from .retry import Pause, after_answer, after_fault, default_jitter
from .signing import QueryValue, Unsigned, query_string, signed_headers
from .transport import Answer, Wire, WireError

PROJECT = "{project_id}"
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_HARMLESS = frozenset({"GET", "HEAD"})
_ACCEPTED = frozenset(range(200, 300)) - {202}  # a 202 may hold an error all the same
_SKEW = timedelta(minutes=15)
_AGENT = "cloudreset.huaweicloud (Ansible collection)"


@dataclass(frozen=True)
class Call:
    """What is asked of a service.

    `attempted` begins a sentence: "listing the servers". `{project_id}` in `path` is replaced. A `repeatable` call may
    be done twice; None: by its method. What is in `secrets` is taken out of whatever the answer says.
    """

    service: str
    method: str
    path: str
    attempted: str
    query: Mapping[str, QueryValue] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    repeatable: bool | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def may_repeat(self) -> bool:
        """Whether doing it twice is as good as once."""
        return self.method in _REPEATABLE if self.repeatable is None else self.repeatable


@dataclass(frozen=True)
class Limits:
    """How patient a client is: tries after the first, seconds of pauses for one call, requests a second."""

    retries: int = 5
    retry_timeout: float = 300.0
    requests_per_second: float = 10.0


class Client:
    """Signs, paces, sends and tries again. What goes wrong is a CloudError."""

    def __init__(
        self,
        keyring: Keyring,
        endpoints: Endpoints,
        wire: Wire,
        limits: Limits | None = None,
        project_id: str = "",
        clock: Clock | None = None,
        jitter: Callable[[], float] = default_jitter,
    ) -> None:
        """Takes what to sign with, where to go and how, the project's id if it is given; for tests, clock and dice."""
        self._keyring = keyring
        self._endpoints = endpoints
        self._wire = wire
        self._limits = limits or Limits()
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._pace = RateLimiter(self._limits.requests_per_second, self._clock)
        self._project = project_id
        self.calls = 0

    @property
    def clock(self) -> Clock:
        """The clock, for those that wait."""
        return self._clock

    def send(self, call: Call) -> dict[str, Any]:
        """The JSON object that answers the call; an empty one for an answer without a body.

        Raises CloudError: `refused` when the cloud says no, `unreachable` when the request never left, `no_answer` when
        nobody knows whether it was done, `input` for credentials and addresses that cannot be used.
        """
        if PROJECT in call.path:
            self._project = self._project or self._find_project()
        attempt, paused, lost = 0, 0.0, False
        while True:
            outcome = self._attempt(call, attempt)
            if isinstance(outcome, dict):
                return outcome
            pause, error = outcome
            # What a later try says is not about an earlier one of which nobody knows whether it was done.
            error = _after_loss(error) if lost and call.method not in _HARMLESS else error
            lost = lost or error.doubtful
            too_late = pause is not None and paused + pause.seconds > self._limits.retry_timeout
            if pause is None or attempt == self._limits.retries or too_late:
                raise error
            if pause.everyone:
                self._pace.hold(pause.seconds)
            else:
                self._clock.sleep(pause.seconds)
            attempt, paused = attempt + 1, paused + pause.seconds

    def _attempt(self, call: Call, attempt: int) -> dict[str, Any] | tuple[Pause | None, CloudError]:
        """One try: what was answered, or how long to wait for another and the error if there is none."""
        credentials = self._keyring.current()
        try:
            answer = self._exchange(call, credentials)
        except WireError as error:
            pause = after_fault(error, attempt, repeatable=call.may_repeat, jitter=self._jitter)
            return pause, _cut(call, error)
        if answer.status in _ACCEPTED:
            return _object(call, answer)
        fault = read_fault(answer.body, answer.headers).without((*call.secrets, *credentials.secrets()))
        if answer.status == 202 and not fault.code:
            return _object(call, answer)
        pause = after_answer(
            answer.status, fault, answer.headers, attempt, repeatable=call.may_repeat, jitter=self._jitter
        )
        return pause, refusal(call.attempted, answer.status, fault, self._clock_hint(answer))

    def _exchange(self, call: Call, credentials: Credentials) -> Answer:
        endpoint = self._endpoints.of(call.service)
        path = endpoint.prefix + quote(call.path.replace(PROJECT, self._project), safe="/~%")
        body = b"" if call.body is None else json.dumps(call.body).encode()
        headers = {"Host": endpoint.authority, "Content-Type": "application/json"}
        if self._project and PROJECT in call.path:
            headers["X-Project-Id"] = self._project
        if credentials.security_token:
            headers["X-Security-Token"] = credentials.security_token
        self._pace.turn()
        unsigned = Unsigned(call.method, path, call.query, headers, body)
        headers = signed_headers(unsigned, credentials.access_key, credentials.secret_key, self._clock.now())
        target = f"{path}?{query_string(call.query)}" if call.query else path
        self.calls += 1
        return self._wire.exchange(endpoint, call.method, target, {**headers, "User-Agent": _AGENT}, body)

    def _find_project(self) -> str:
        """The project's id: what was given with the credentials, or else the one that is called like the region."""
        if given := self._keyring.current().project_id:
            return given
        region = self._endpoints.region
        attempted = "looking up the project's id"
        if not region:
            raise CloudError(attempted, "there is no region to look it up by", kind="input", hint="set project_id")
        answer = self.send(Call("iam", "GET", "/v3/projects", attempted, {"name": region}))
        found = [str(project["id"]) for project in answer.get("projects") or [] if project.get("name") == region]
        if len(found) == 1:
            return found[0]
        problem = f"there are {len(found)} projects called {region}, and one is wanted"
        raise CloudError(attempted, problem, kind="input", hint="set project_id")

    def _clock_hint(self, answer: Answer) -> str:
        """What to do about a clock that is wrong, for an answer that says no to a signature."""
        if answer.status != 401:
            return ""
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(timezone.utc)
        except (TypeError, ValueError, IndexError):
            return ""
        return _skew_hint(self._clock.now() - theirs)


def _skew_hint(skew: timedelta) -> str:
    if abs(skew) <= _SKEW:
        return ""
    minutes = round(abs(skew).total_seconds() / 60)
    return f"the controller's clock is {minutes} minutes {'ahead' if skew > timedelta() else 'behind'}, so set it right"


def _object(call: Call, answer: Answer) -> dict[str, Any] | tuple[None, CloudError]:
    parsed = parse(answer.body) if answer.body.strip() else {}
    if isinstance(parsed, dict):
        return parsed
    problem = f"the answer is no JSON object (HTTP {answer.status})"
    hint = "see whether region and endpoints lead to the cloud's API"
    return None, CloudError(call.attempted, problem, kind="no_answer", status=answer.status, hint=hint)


def _after_loss(error: CloudError) -> CloudError:
    if error.doubtful:
        return error
    problem = f"nobody knows whether an earlier try was done, and in the end: {error.problem}"
    return CloudError(error.attempted, problem, kind="no_answer", status=error.status, fault=error.fault)


def _cut(call: Call, error: WireError) -> CloudError:
    if not error.sent:
        return CloudError(call.attempted, str(error), kind="unreachable")
    return CloudError(call.attempted, f"{error}, so nobody knows whether it was done", kind="no_answer")
