# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is asked for, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class PackageRequest:
    """Which package is wanted, and how it may be fetched.

    `package` (a local path or a URL) wins over `region` and `base_url`. `checksum` is `sha256:<hex>`, bare hex, or the
    path or URL of a checksum file; None means the package's own `.sha256`. `timeout` is in seconds without progress.
    Two requests with the same `run_id` share what the first of them found out.
    """

    variant: str
    region: str | None = None
    base_url: str | None = None
    fallback_region: str | None = None
    package: str | None = None
    checksum: str | None = None
    ca_path: str | None = None
    validate_certs: bool = True
    timeout: int = 30
    cache_dir: Path
    run_id: str


@dataclass(frozen=True)
class Package:
    """A package that was verified and inspected, and lies in the cache.

    `source` is the URL (without credentials) or path that it came from; `setup_folder` the folder in the archive that
    holds the one setup file; `files` maps each path below the agent's install folder (`bin/wrapper`) to the SHA-256 of
    its content, logs/ included when the archive has files there; `unpacked_bytes` is the size of the payload's files,
    `packed_bytes` what they take in the archive.
    """

    sha256: str
    source: str
    variant: str
    zip_path: Path
    setup_folder: str
    files: Mapping[str, str]
    has_updater: bool
    unpacked_bytes: int
    packed_bytes: int
    run_id: str = ""
