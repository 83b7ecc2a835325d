# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: downloading a file of known digest, going on where a broken connection left off.

What has arrived lies in `<sha256>.part`; beside it `<sha256>.part.json` says which answer of which address it is part
of. A server is asked for the rest only with the validator it gave (If-Range), so parts of two files are never joined;
one that ignores the question is read from the start.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .cache import key_of, read_json, told, write_json
from .errors import ChecksumError, FetchError, TransientError
from .retry import with_retries
from .source import shown
from .transport import RangeRefusedError, Wire, answer

MAX_BYTES = 512 * 1024 * 1024
SLOWEST = 1024
_BLOCK = 64 * 1024
_RESTART_GAIN = 1024 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


class Digest(Protocol):
    """A running SHA-256."""

    def update(self, data: bytes, /) -> None:
        """Takes the next bytes."""

    def hexdigest(self) -> str:
        """The digest of the bytes so far."""


@dataclass(frozen=True)
class Watch:
    """Who is told about progress: `beat` at every block, `meter` with the bytes there and, if known, those in all."""

    beat: Callable[[], None] = lambda: None
    meter: Callable[[int, int | None], None] = lambda _done, _total: None


def small(wire: Wire, url: str, limit: int, beat: Callable[[], None]) -> bytes:
    """The body of a small answer, up to `limit` bytes and one. Raises UnavailableError or FetchError."""

    def attempt() -> bytes:
        beat()
        with answer(wire, url) as response:
            body = response.read(limit + 1)
            expected = min(_length(response) or 0, limit + 1)
            if len(body) < expected:
                raise TransientError(f"{shown(url)} broke off after {len(body)} of {expected} bytes")
            return body

    return with_retries(attempt)


class Download:
    """One download of one file, in as many attempts as it takes."""

    def __init__(self, wire: Wire, url: str, sha256: str, part: Path, watch: Watch) -> None:
        """Takes how and from where, the digest wanted, the file to collect in, and who watches."""
        self._wire = wire
        self._url = url
        self._sha256 = sha256
        self._part = part
        self._note = part.with_name(f"{part.name}.json")
        self._watch = watch
        self._resumed = False
        self._most = 0
        self._counted = 0

    def run(self) -> None:
        """Returns when the part file is whole and its digest is the wanted one.

        A wrong digest of a download that was joined from parts is tried once more from the start: a crash may have cost
        the part some of its bytes. Raises ChecksumError, with nothing left of the file, when it is another;
        UnavailableError or FetchError when the file cannot be had, with the part left for the next run.
        """
        found = with_retries(self._attempt, self._gained)
        if found != self._sha256 and self._resumed:
            self._forget()
            found = with_retries(self._attempt, self._gained)
        if found != self._sha256:
            self._forget()
            raise ChecksumError(
                f"The package from {shown(self._url)} has the SHA-256 {found} and should have {self._sha256}; it was "
                "thrown away, so try again, or set checksum or package if the wanted one is out of date."
            )
        self._note.unlink(missing_ok=True)

    def _gained(self) -> bool:
        gained = self._most >= self._counted + _RESTART_GAIN
        self._counted = self._most
        return gained

    def _attempt(self) -> str:
        self._watch.beat()
        digest = hashlib.sha256()
        start, validator = self._resumable(digest)
        if start and digest.hexdigest() == self._sha256:
            return self._sha256
        asked = {"Range": f"bytes={start}-", "If-Range": validator} if start else {}
        try:
            with answer(self._wire, self._url, asked) as response:
                return self._receive(response, start, digest)
        except RangeRefusedError as error:
            self._forget()
            raise TransientError(str(error)) from error

    def _resumable(self, digest: Digest) -> tuple[int, str]:
        """The size of the part that can be gone on with, fed to the digest, and its validator."""
        note = read_json(self._note) or {}
        validator = note.get("validator") or ""
        if note.get("url") != key_of(self._url) or not validator or not self._part.exists():
            self._forget()
            return 0, ""
        start = 0
        with told("read", self._part.parent), self._part.open("rb") as part:
            while block := part.read(_BLOCK):
                digest.update(block)
                start += len(block)
                self._watch.beat()
        return start, validator

    def _receive(self, response: http.client.HTTPResponse, start: int, digest: Digest) -> str:
        length = _length(response)
        if response.status == 206:
            _check_range(response, self._url, start)
            self._resumed = True
        else:
            start, digest = 0, hashlib.sha256()
        total = start + length if length is not None else None
        with told("written to", self._part.parent):
            handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            os.ftruncate(handle, start)
            os.lseek(handle, start, os.SEEK_SET)
            write_json(self._note, {"url": key_of(self._url), "validator": _validator(response)})
        try:
            done = self._copy(response, handle, start, total, digest)
        finally:
            os.close(handle)
        if total is not None and done < total:
            raise TransientError(f"{shown(self._url)} broke off after {done} of {total} bytes")
        return digest.hexdigest()

    def _copy(
        self, response: http.client.HTTPResponse, handle: int, done: int, total: int | None, digest: Digest
    ) -> int:
        floor = _Floor(self._wire.timeout, done)
        while block := response.read1(_BLOCK):
            with told("written to", self._part.parent):
                _write_all(handle, block)
            digest.update(block)
            done += len(block)
            self._most = max(self._most, done)
            if max(done, total or 0) > MAX_BYTES:
                self._forget()
                raise FetchError(f"{shown(self._url)} is larger than {MAX_BYTES} bytes, so it is no agent package.")
            self._watch.beat()
            self._watch.meter(done, total)
            if floor.is_missed(done):
                raise TransientError(f"{shown(self._url)} sent less than {SLOWEST} bytes in {self._wire.timeout} s")
        return done

    def _forget(self) -> None:
        self._note.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)


class _Floor:
    """A server that trickles makes no progress: fewer than 1 KiB within the time-out."""

    def __init__(self, timeout: int, done: int) -> None:
        self._timeout = timeout
        self._since, self._from = time.monotonic(), done

    def is_missed(self, done: int) -> bool:
        now = time.monotonic()
        if now - self._since <= self._timeout:
            return False
        missed = done - self._from < SLOWEST
        self._since, self._from = now, done
        return missed


def _check_range(response: http.client.HTTPResponse, url: str, start: int) -> None:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != start:
        raise RangeRefusedError(f"{shown(url)} did not go on at byte {start} as it was asked to")


def _length(response: http.client.HTTPResponse) -> int | None:
    """The Content-Length, in bytes; None for a body whose end is told in another way."""
    text = response.headers.get("Content-Length", "")
    chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
    return int(text) if text.isascii() and text.isdigit() and not chunked else None


def _validator(response: http.client.HTTPResponse) -> str:
    """What may stand in If-Range: a strong ETag, else the Last-Modified date."""
    etag: str = response.headers.get("ETag", "")
    last_modified: str = response.headers.get("Last-Modified", "")
    return etag if etag.startswith('"') else last_modified


def _write_all(handle: int, block: bytes) -> None:
    view = memoryview(block)
    while view:
        view = view[os.write(handle, view) :]
