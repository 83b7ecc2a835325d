# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a file that is read whole, and replaced whole or not at all, by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import StoreError

_PAUSE_SECONDS = (0.01, 0.05)


@dataclass(frozen=True)
class Content:
    """A file's bytes, and what tells whether it is still the same: inode, size, time of the last change."""

    data: bytes
    identity: tuple[int, ...]


class DurableFile:
    """A file of mode 0600 in a directory that is there."""

    def __init__(self, path: Path) -> None:
        """Take the path. A link is followed: it is the file behind it that is replaced."""
        self.path = Path(os.path.realpath(path))

    def read(self, known: Content | None = None) -> Content | None:
        """Return the content, None when there is no file, or what is known where the file is still that one.

        Raises StoreError for a file that others may read, one of another user, and one that cannot be read.
        """
        try:
            # Not waiting for the writer of a pipe.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            self._check_directory()
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror}).") from None
        try:
            return self._content(descriptor, known)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read ({error.strerror}).") from None
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, known: Content | None) -> Content:
        status = os.fstat(descriptor)
        self._check(status)
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if known and known.identity == identity:
            return known
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return Content(file.read(), identity)

    @contextmanager
    def locked(self, timeout: float) -> Iterator[None]:
        """Keep other writers out for the time of the block, a killed one's lock is gone with it.

        Raises StoreError when another has the lock for longer than ``timeout`` seconds.
        """
        self._check_directory()
        # Beside the file and never removed: the file itself is replaced by another with each write.
        path = self.path.with_name(f".{self.path.name}.lock")
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(f"The lock {path} cannot be made ({error.strerror}); see to its directory.") from None
        try:
            until = time.monotonic() + timeout
            while not _taken(lock):
                if time.monotonic() > until:
                    raise StoreError(
                        f"Another run has held {path} for {timeout:g} s; wait for it, or raise lock_timeout. "
                        "Nothing was written."
                    )
                time.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - no secret: that not all come at once
            yield
        finally:
            os.close(lock)

    def replace(self, data: bytes, check: Callable[[bytes], bool]) -> None:
        """Put the data in the file's place, which is locked, and make sure that it has got to the disk.

        It is read back and has to pass ``check`` before it takes the old one's place; then it is read once more.
        Raises StoreError; up to the renaming, the file is as it was.
        """
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            # What a killed run may have left.
            new.unlink(missing_ok=True)
            _write(new, data)
            if not check(new.read_bytes()):
                raise StoreError(f"What was written to {new} reads back as something else; see to that disk.")
            new.rename(self.path)
        except OSError as error:
            raise StoreError(
                f"{self.path} could not be written ({error.strerror}) and is as it was; see to its disk and directory."
            ) from None
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
        try:
            _sync_directory(self.path.parent)
            same = self.path.read_bytes() == data
        except OSError as error:
            raise StoreError(f"{self.path} was written, but not for certain ({error.strerror}); rerun.") from None
        if not same:
            raise StoreError(f"What was written to {self.path} reads back as something else; see to that disk.")

    def _check_directory(self) -> None:
        directory = self.path.parent
        if not directory.is_dir():
            raise StoreError(
                f"file is {str(self.path)!r}, and the directory {directory} is not there; make it, with mode 0700."
            )

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise StoreError(f"file is {str(self.path)!r}, which is no file; set it to one.")
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077:
            raise StoreError(
                f"{self.path} has mode {mode:04o}, so others can reach it; see who may have read it, then: "
                f"chmod 600 {self.path}"
            )
        if status.st_uid != os.geteuid():
            raise StoreError(f"{self.path} belongs to user id {status.st_uid}; run as that user, or give it to yours.")


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
