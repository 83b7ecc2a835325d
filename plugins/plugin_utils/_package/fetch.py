# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: an agent package, fetched and verified once a run however many hosts ask for it.

The worker processes that Ansible forks, one a host, find each other's answers in the cache directory (cache.py).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from .archive import inspect
from .cache import Cache, Record, digest_of, key_of, settle, signature, told
from .download import Download, Watch, small
from .errors import ChecksumError, FetchError, UnavailableError
from .model import Package, PackageRequest
from .payload import payload_name, write_payload
from .places import Place, pinned_digest, places
from .retry import Meter
from .run import default_run_id
from .sidecar import MAX_BYTES, parse_sidecar
from .source import is_url, shown, variant_os
from .transport import Wire

__all__ = ["Package", "PackageRequest", "default_run_id", "obtain", "payload", "wanted_digest"]


def wanted_digest(request: PackageRequest) -> str:
    """The SHA-256 of the package that is wanted, without a download of the package.

    It is the pinned one, or that of the checksum file, asked for once in the run. A local package with neither
    `checksum` nor a `.sha256` file beside it is the operator's own file and is taken as it is: the digest is its own.
    Raises PackageError.
    """
    opened = _Fetch(request, lambda _line: None)
    return opened.first(lambda _place, digest: digest)


def obtain(request: PackageRequest, progress: Callable[[str], None]) -> Package:
    """The package, verified and inspected, in the cache. Calls `progress` with a line when it takes long.

    Each place is tried in turn, with its own checksum file; one that has the checksum file and not the package is
    passed over like one that has neither. Raises PackageError; a failure holds for the run (for ten minutes of it).
    """
    opened = _Fetch(request, progress)
    answer = opened.cache.once(f"package {opened.identity}", opened.package, _is_in_place)
    return Package(**{**answer["package"], "zip_path": Path(answer["package"]["zip_path"])})


def payload(package: Package, compress: bool) -> Path:
    """The tar archive to send to a guest (gzip when `compress`), made once and kept in the cache.

    It holds the setup folder's content at top level, so `setup.sh` and `CloudrResetPwdAgent/`. Raises ArchiveError or
    CacheError.
    """
    root = package.zip_path.parent
    name = payload_name(package.sha256, compress)
    cache = Cache(root, package.run_id, timeout=0)
    note = root / f"{name}.sha256"

    def make() -> Record:
        with cache.alone(name), told("used", root):
            if not _is_sound(root / name, note):
                write_payload(package.zip_path, variant_os(package.variant), root / name, compress)
                note.write_text(digest_of(root / name), encoding="ascii")
            return {"path": str(root / name), "signature": signature(root / name)}

    answer = cache.once(
        f"payload {name}", make, lambda known: bool(known["signature"] == signature(Path(known["path"])))
    )
    return Path(answer["path"])


class _Fetch:
    """One request at work. Its options are checked, all of them, before anything is asked of anyone."""

    def __init__(self, request: PackageRequest, progress: Callable[[str], None]) -> None:
        variant_os(request.variant)
        self._request = request
        self._progress = progress
        self._pinned = pinned_digest(request.checksum)
        self._wire = Wire(request.ca_path, request.validate_certs, request.timeout)
        self.places = places(request)
        self.cache = Cache(request.cache_dir, request.run_id, request.timeout)
        files = [place.files() for place in self.places]
        known = [request.variant, self._pinned, request.ca_path, request.validate_certs, self.places, files]
        self.identity = key_of(repr(known))

    def first(self, use: Callable[[Place, str], str]) -> str:
        """What `use` makes of the first place that has what it needs, and its digest."""
        missed: list[str] = []
        for place in self.places:
            try:
                return use(place, self._digest(place))
            except UnavailableError as error:  # noqa: PERF203 - a handful of places
                missed.append(str(error))
        raise FetchError(
            f"No {self._request.variant} package could be fetched: {'; '.join(missed)}; set region, fallback_region or "
            "base_url to a bucket that has it, or package to a path or URL of the package."
        )

    def package(self) -> Record:
        """Fetches, verifies and inspects; returns the package as a record with the signature of its file."""
        found: list[Place] = []

        def use(place: Place, digest: str) -> str:
            self._bring(place, digest)
            found.append(place)
            return digest

        digest = self.first(use)
        zip_path = self._zip(digest)
        inspection = inspect(zip_path, variant_os(self._request.variant), self.cache.beat)
        package = Package(
            sha256=digest,
            source=shown(found[0].where),
            variant=self._request.variant,
            zip_path=zip_path,
            setup_folder=inspection.setup_folder,
            files=inspection.files,
            has_updater=inspection.has_updater,
            unpacked_bytes=inspection.unpacked_bytes,
            packed_bytes=inspection.packed_bytes,
            run_id=self._request.run_id,
        )
        return {"package": {**asdict(package), "zip_path": str(zip_path)}, "signature": signature(zip_path)}

    def _zip(self, digest: str) -> Path:
        return self.cache.root / f"{digest}.zip"

    def _digest(self, place: Place) -> str:
        if self._pinned:
            return self._pinned

        def read() -> Record:
            return {"digest": self._read_digest(place)}

        name = f"digest {place} {place.files()} {self._wire.ca_path} {self._wire.validate_certs}"
        return str(self.cache.once(name, read)["digest"])

    def _read_digest(self, place: Place) -> str:
        if place.sidecar is None:
            return digest_of(Path(place.where), self.cache.beat)
        if is_url(place.sidecar):
            data = small(self._wire, place.sidecar, MAX_BYTES, self.cache.beat)
        else:
            data = _read_some(Path(place.sidecar))
        return parse_sidecar(data, f"The checksum file {shown(place.sidecar)}")

    def _bring(self, place: Place, digest: str) -> None:
        """Has the package in the cache under its digest: verified there, or copied, or downloaded."""
        final = self._zip(digest)
        with self.cache.alone(digest), told("used", self.cache.root):
            if final.exists():
                if digest_of(final, self.cache.beat) == digest:
                    return
                final.unlink()
            if place.local:
                self._copy(Path(place.where), digest)
            else:
                self._download(place.where, digest)

    def _download(self, url: str, digest: str) -> None:
        part = self.cache.root / f"{digest}.part"
        meter = Meter(f"the {self._request.variant} package from {shown(url)}", self._progress)
        Download(self._wire, url, digest, part, Watch(self.cache.beat, meter.at)).run()
        settle(part, self._zip(digest))

    def _copy(self, path: Path, digest: str) -> None:
        temporary = self.cache.root / f"{digest}.{os.getpid()}.tmp"
        try:
            shutil.copyfile(path, temporary)
            temporary.chmod(0o600)
            found = digest_of(temporary, self.cache.beat)
            if found != digest:
                raise ChecksumError(
                    f"The package {path} has the SHA-256 {found} and should have {digest}; set package to the right "
                    "file, or checksum to its digest."
                )
            settle(temporary, self._zip(digest))
        finally:
            temporary.unlink(missing_ok=True)


def _is_in_place(known: Record) -> bool:
    return bool(known["signature"] == signature(Path(known["package"]["zip_path"])))


def _is_sound(file: Path, note: Path) -> bool:
    return file.exists() and note.exists() and digest_of(file) == note.read_text(encoding="ascii", errors="replace")


def _read_some(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
