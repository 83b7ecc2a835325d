# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: resetting passwords through the API, and remembering it beside the servers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .client import Client
from .ecs import SERVERS_AN_ACTION, BatchAnswer, chunks, reset_batch, reset_one, servers_by_id, set_metadata, set_tags
from .errors import CloudError
from .record import KEY, record_for
from .reset_plan import UNSETTLED, Line, ResetRequest, grouped, plan, summary, warnings_of
from .servers import Server

_NOT_TRIED = "it was not tried any more, since before it: "


def run(client: Client, request: ResetRequest) -> dict[str, Any]:
    """The module's result; with `failed` when the password of a server was not reset for sure.

    Raises CloudError for what was wrong before anything was sent.
    """
    servers = servers_by_id(client, list(request.passwords))
    lines = plan(request, servers)
    work = _Work(client, request, servers)
    for password, group in grouped(request, lines):
        for batch in chunks(group, SERVERS_AN_ACTION):
            work.reset(password, batch)
    told = summary(lines, check=request.check)
    failed = any(line.outcome in ("refused", "unknown") for line in lines)
    return {
        # One that nobody knows of may have changed.
        "changed": any(line.outcome in ("accepted", "planned", "unknown") for line in lines),
        "servers": [line.result(request.generation) for line in lines],
        "warnings": warnings_of(lines),
        "msg": told,
        "api_calls": client.calls,
        **({"failed": True} if failed else {}),
    }


@dataclass
class _Work:
    """One run. `stopped`: what was in the way in such a manner that nothing more is to be tried."""

    client: Client
    request: ResetRequest
    servers: Mapping[str, Server]
    stopped: CloudError | None = None

    def reset(self, password: str, batch: Sequence[Line]) -> None:
        """One password for some servers: the single API for one, a dry run and the batch API for more."""
        if self.stopped:
            for line in batch:
                line.refuse(f"{_NOT_TRIED}{self.stopped}", self.stopped.code)
            return
        batches = True
        if len(batch) > 1 or self.request.check:
            batches = self._try_out(password, batch)
        fit = [line for line in batch if line.outcome == "planned"]
        if self.request.check or not fit:
            return
        if len(fit) > 1 and batches:
            self._many(password, fit)
        else:
            for line in fit:
                self._one(password, line)
        self._remember([line for line in fit if line.outcome == "accepted"])

    def _try_out(self, password: str, batch: Sequence[Line]) -> bool:
        """Has the API say what it would refuse; returns whether there is a batch API here."""
        answer = reset_batch(self.client, [line.id for line in batch], password, dry_run=True)
        if answer.error and answer.error.not_published:
            for line in batch if self.request.check else ():
                line.warnings.append("this cloud has no dry run, so the API was not asked what it would say")
            return False
        named = _refuse_named(batch, answer)
        if answer.error and not named:
            for line in batch:
                line.broken(answer.error, doubtful=False)
                line.message += " It was only tried out, so nothing was changed."
            self._stop(answer.error)
        return True

    def _one(self, password: str, line: Line) -> None:
        if self.stopped:
            line.refuse(f"{_NOT_TRIED}{self.stopped}", self.stopped.code)
            return
        try:
            reset_one(self.client, line.id, password, checked=self.request.complexity)
        except CloudError as error:
            line.broken(error, doubtful=error.doubtful)
            self._stop(error)
        else:
            line.ended("accepted")

    def _many(self, password: str, lines: Sequence[Line], *, again: bool = False) -> None:
        """The batch, and once more those of which a partial answer says nothing: the same password, so it does no harm.

        Without that, nobody could say whether a refused server had kept the others from being reset.
        """
        answer = reset_batch(self.client, [line.id for line in lines], password, dry_run=False)
        for line in lines:
            if line.id in answer.accepted:
                line.ended("accepted")
        _refuse_named(lines, answer)
        left = [line for line in lines if line.outcome == "planned"]
        if not left:
            return
        if len(left) < len(lines) and not again:
            self._many(password, left, again=True)
            return
        for line in left:
            if answer.error:
                line.broken(answer.error, doubtful=again or answer.error.doubtful)
            else:
                line.ended("unknown", "the answer tells neither that it was accepted nor why not", remedy=UNSETTLED)
        if answer.error:
            self._stop(answer.error)

    def _remember(self, lines: Sequence[Line]) -> None:
        """Writes the record beside each server. That it could not be written undoes no reset, so it is a warning."""
        if not self.request.generation or self.request.place is None:
            return
        problem = self.stopped
        for line in lines:
            if not problem:
                try:
                    self._write(line)
                except CloudError as error:
                    self._unremembered(line, error)
                    problem = error if _hopeless(error) else None
                else:
                    line.recorded = True
            else:
                self._unremembered(line, problem)

    def _write(self, line: Line) -> None:
        entry = {KEY: record_for(self.servers[line.id], self.request.generation).text}
        write = set_metadata if self.request.place == "metadata" else set_tags
        write(self.client, line.id, entry)

    def _unremembered(self, line: Line, error: CloudError) -> None:
        line.recorded = False
        line.warnings.append(
            f"the reset was accepted, and its record was not written, so that a rerun would reset it again ({error})"
        )

    def _stop(self, error: CloudError) -> None:
        if _hopeless(error):
            self.stopped = error


def _refuse_named(lines: Sequence[Line], answer: BatchAnswer) -> int:
    """Refuses the servers that the answer names, and returns how many it names."""
    named = [line for line in lines if line.id in answer.refused]
    for line in named:
        code, message = answer.refused[line.id]
        line.refuse(f"the API answered {code} '{message}'", code)
        line.error = answer.error.result() if answer.error else {}
    return len(named)


def _hopeless(error: CloudError) -> bool:
    """Whether the next call would fare the same; some wrong signatures in a row would even lock the access key."""
    return error.status == 401 or error.kind in ("unreachable", "input")
