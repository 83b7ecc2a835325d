# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a request's options mean: where to look, and the digest or where that is found."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .cache import signature
from .errors import OptionError
from .model import PackageRequest
from .source import SIDECAR_SUFFIX, candidate_urls, checked_url, is_url, shown, sidecar_url

MAX_PACKAGE = 512 * 1024 * 1024
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_TAG = re.compile(r"([A-Za-z][A-Za-z0-9_-]+):(?!//)(.*)", re.DOTALL)
_WANTED_CHECKSUM = "wanted sha256:<64 hexadecimal digits>, or the path or https URL of a checksum file"


@dataclass(frozen=True)
class Place:
    """One place a package may be at: its URL or path, and the URL or path of its checksum file, if there is one."""

    where: str
    sidecar: str | None
    local: bool

    def files(self) -> list[list[int]]:
        """What changes when a local file of this place does."""
        paths = [self.where] if self.local else []
        paths += [self.sidecar] if self.sidecar and not is_url(self.sidecar) else []
        return [signature(Path(path)) for path in paths]


def pinned_digest(checksum: str | None) -> str | None:
    """The digest that the option itself gives, in lower case; None when it names a file. Raises OptionError."""
    text = _untagged(checksum)
    return text.lower() if text and _HEX.fullmatch(text) else None


def places(request: PackageRequest) -> list[Place]:
    """Where the package is looked for, in order. Raises OptionError for an option that cannot be used."""
    pinned = pinned_digest(request.checksum) is not None
    sidecar = None if pinned or request.checksum is None else _checksum_file(_untagged(request.checksum))
    if request.package is not None and not _is_remote(request.package):
        return [_local(_path(request.package), sidecar, pinned)]
    if request.package is not None:
        option, urls = "package", [checked_url("package", request.package)]
    else:
        option = "base_url"
        urls = candidate_urls(request.variant, request.region, request.base_url, request.fallback_region)
    return [_remote(option, url, sidecar, pinned) for url in urls]


def _remote(option: str, url: str, sidecar: str | None, pinned: bool) -> Place:
    if urlsplit(url).scheme != "https" and not pinned and sidecar is None:
        raise OptionError(
            f"{option} is '{shown(url)}', and over http anybody on the way can change a package and its checksum file; "
            "set checksum to the package's SHA-256, or use https."
        )
    return Place(url, None if pinned else sidecar or sidecar_url(url), local=False)


def _local(path: Path, sidecar: str | None, pinned: bool) -> Place:
    if not os.access(path, os.R_OK) or not path.is_file():
        raise OptionError(
            f"package is '{path}', which is no file that can be read; wanted an agent package or its URL."
        )
    if path.stat().st_size > MAX_PACKAGE:
        raise OptionError(f"package is '{path}', which is larger than {MAX_PACKAGE} bytes, so it is no agent package.")
    beside = path.with_name(path.name + SIDECAR_SUFFIX)
    if not pinned and sidecar is None and beside.is_file():
        sidecar = str(beside)
    return Place(str(path), sidecar, local=True)


def _checksum_file(text: str) -> str:
    if _is_remote(text):
        url = checked_url("checksum", text)
        if urlsplit(url).scheme != "https":
            raise OptionError(
                f"checksum is '{shown(url)}', and over http anybody on the way can change it; set it to the package's "
                "SHA-256, or use https."
            )
        return url
    path = _path(text)
    if not os.access(path, os.R_OK) or not path.is_file():
        raise OptionError(
            f"checksum is '{text}', which is neither a digest nor a file that can be read; {_WANTED_CHECKSUM}."
        )
    return str(path)


def _untagged(checksum: str | None) -> str:
    text = (checksum or "").strip()
    if checksum is not None and not text:
        raise OptionError(f"checksum is empty; {_WANTED_CHECKSUM}.")
    tagged = _TAG.fullmatch(text)
    if tagged is None:
        return text
    if tagged[1].lower() != "sha256":
        raise OptionError(f"checksum is of the kind '{tagged[1]}', which is not used here; {_WANTED_CHECKSUM}.")
    return tagged[2].strip()


def _is_remote(text: str) -> bool:
    return is_url(text) and not text.startswith("file://")


def _path(text: str) -> Path:
    path = unquote(urlsplit(text).path) if text.startswith("file://") else text
    return Path(path).expanduser().absolute()
