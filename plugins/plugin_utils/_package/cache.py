# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the cache directory on the controller, and what the workers of one run remember together.

<sha256>.zip        a package; verified once in each run that uses it
<sha256>.*.tar[.gz] its payloads
<sha256>.part[.json] a download that was cut, and what is needed to go on with it
locks/              one file a package
runs/<run>/         answers of one run, failures included; swept when old
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import CacheError, PackageError, recorded, revived
from .lock import Locks

Record = dict[str, Any]

RUN_KEPT = 2 * 86400
LEFTOVER_KEPT = 7 * 86400
FAILURE_KEPT = 600
_BLOCK = 1024 * 1024


class Cache:
    """One run's view of the cache directory."""

    def __init__(self, root: Path, run_id: str, timeout: int) -> None:
        """Makes and checks the directory. `timeout`: the seconds without progress that a download may take."""
        self.root = root
        self.locks = Locks(stall=max(120.0, 10.0 * timeout))
        self._run = root / "runs" / hashlib.sha256(run_id.encode()).hexdigest()[:32]
        with told("used", root):
            _safe_directory(root)
            (root / "locks").mkdir(mode=0o700, exist_ok=True)
            if not self._run.is_dir():
                _sweep(root)
            self._run.mkdir(mode=0o700, parents=True, exist_ok=True)

    def beat(self) -> None:
        """There is progress: those who wait for a lock of ours shall go on waiting."""
        self.locks.beat()

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Only one process on this machine at a time is in the block, of whatever run."""
        with self.locks.hold(self.root / "locks" / f"{name}.lock"):
            yield

    def once(self, name: str, work: Callable[[], Record], usable: Callable[[Record], bool] = lambda _: True) -> Record:
        """What `work` returned, or raised, the first time in this run, for all of its worker processes.

        Takes a name for the answer, the work, and a test of whether a remembered answer still holds. A failure is
        remembered for ten minutes, so that a fleet does not wait once a host for the same time-out, and a console that
        stays open may try again.
        """
        path = self._run / f"{key_of(name)}.json"
        known = _remembered(path, usable)
        if known is None:
            with self.locks.hold(path.with_suffix(".lock")):
                known = _remembered(path, usable) or self._work(path, work)
        if "failure" in known:
            raise revived(known["failure"])
        answer: Record = known["answer"]
        return answer

    def _work(self, path: Path, work: Callable[[], Record]) -> Record:
        try:
            known: Record = {"answer": work()}
        except PackageError as error:
            known = {"failure": recorded(error), "until": time.time() + FAILURE_KEPT}
        with told("written to", self.root):
            write_json(path, known)
        return known


def key_of(text: str) -> str:
    """A file name for any text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def signature(path: Path) -> list[int]:
    """What changes when a file is replaced or written to; an empty list when it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def digest_of(path: Path, beat: Callable[[], None] = lambda: None) -> str:
    """The SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            beat()
    return digest.hexdigest()


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a small file so that a reader sees all of it or the one before."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value), encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Record | None:
    """What `write_json` wrote; None when there is nothing readable."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def settle(temporary: Path, final: Path) -> None:
    """Gives a finished file its name, so that after a crash the name means the whole content."""
    _sync(temporary)
    temporary.replace(final)
    _sync(final.parent)


@contextmanager
def told(what: str, path: Path) -> Iterator[None]:
    """Turns an OSError of the block into a sentence about the cache directory."""
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"The package cache {path} could not be {what} ({error.strerror or error}); free or mend it, or use "
            "another cache directory."
        ) from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remembered(path: Path, usable: Callable[[Record], bool]) -> Record | None:
    known = read_json(path)
    if known is None:
        return None
    holds = known["until"] > time.time() if "failure" in known else usable(known["answer"])
    return known if holds else None


def _safe_directory(root: Path) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        root.mkdir(mode=0o700)
    for found in (root.lstat(), root.stat()):
        if found.st_uid != os.geteuid():
            raise CacheError(
                f"The package cache {root} belongs to the user with id {found.st_uid} and not to us ({os.geteuid()}), "
                "so its content cannot be trusted; use a cache directory of your own."
            )
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o022:
        raise CacheError(
            f"The package cache {root} can be written by others (mode {mode:04o}), so its content cannot be trusted; "
            f"remove it, or make it 0700 after a look at what is in it."
        )


def _sweep(root: Path) -> None:
    now = time.time()
    for run in (root / "runs").glob("*"):
        if _age(run, now) > RUN_KEPT:
            shutil.rmtree(run, ignore_errors=True)
    for pattern in ("*.part", "*.part.json", "*.tmp"):
        for leftover in root.glob(pattern):
            if _age(leftover, now) > LEFTOVER_KEPT:
                leftover.unlink(missing_ok=True)


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
