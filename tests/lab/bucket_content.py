"""What the bucket has on its shelf: packages by variant, and a checksum file for each."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal, get_args

from lab.package import FILE_NAME, package_bytes
from lab.package_options import VARIANTS, PackageOptions

Sidecar = Literal[
    "bare",
    "bare_no_newline",
    "sum_name",
    "sum_star_name",
    "sum_path",
    "bsd",
    "upper",
    "bom",
    "bom_utf16",
    "crlf",
    "twice",
    "two_digests",
    "none",
    "empty",
    "garbage",
    "html",
    "wrong",
    "too_short",
]

OTHER_DIGEST = hashlib.sha256(b"something else").hexdigest()

SIDECARS: dict[Sidecar, Callable[[str], bytes | None]] = {
    "bare": lambda digest: f"{digest}\n".encode(),
    "bare_no_newline": lambda digest: digest.encode(),
    "sum_name": lambda digest: f"{digest}  {FILE_NAME}\n".encode(),
    "sum_star_name": lambda digest: f"{digest} *{FILE_NAME}\n".encode(),
    "sum_path": lambda digest: f"{digest}  /root/build/{FILE_NAME}\n".encode(),
    "bsd": lambda digest: f"SHA256 ({FILE_NAME}) = {digest}\n".encode(),
    "upper": lambda digest: f"{digest.upper()}\n".encode(),
    "bom": lambda digest: f"\ufeff{digest}  {FILE_NAME}\n".encode(),
    "bom_utf16": lambda digest: f"{digest}\r\n".encode("utf-16"),
    "crlf": lambda digest: f"{digest}  {FILE_NAME}\r\n".encode(),
    "twice": lambda digest: f"{digest}\n{digest}  {FILE_NAME}\n".encode(),
    "two_digests": lambda digest: f"{digest}  {FILE_NAME}\n{OTHER_DIGEST}  {FILE_NAME}\n".encode(),
    "none": lambda _digest: None,
    "empty": lambda _digest: b"",
    "garbage": lambda _digest: b"\x00\xff\xfe this is not a checksum \x80\n",
    "html": lambda _digest: b"<html><body>NoSuchKey</body></html>\n",
    "wrong": lambda _digest: f"{OTHER_DIGEST}\n".encode(),
    "too_short": lambda digest: f"{digest[:40]}\n".encode(),
}
"""A checksum file's text from a digest, by format; None where there is no such file (404)."""

assert set(SIDECARS) == set(get_args(Sidecar))


@dataclass(frozen=True)
class Content:
    """Bytes under a path."""

    data: bytes
    media_type: str

    @cached_property
    def sha256(self) -> str:
        """Its digest."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def etag(self) -> str:
        """As object stores make it: the MD5 in quotes."""
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'

    def replaced(self) -> Content:
        """Other bytes of the same size."""
        return Content(bytes(byte ^ 0xFF for byte in self.data), self.media_type)


class Shelf:
    """Packages, made when first asked for, and the format of their checksum files."""

    def __init__(self) -> None:
        self._options: dict[str, PackageOptions] = {}
        self._made: dict[PackageOptions, Content] = {}
        self._sidecars: list[tuple[str, Sidecar]] = []
        self._lock = asyncio.Lock()

    def options(self, variant: str) -> PackageOptions:
        """What is served for a variant: the default package unless told otherwise. Raises ValueError."""
        if variant in self._options:
            return self._options[variant]
        known = {str(name): name for name in VARIANTS}
        if variant not in known:
            raise ValueError(f"there is no variant {variant}")
        return PackageOptions(variant=known[variant])

    def put(self, options: PackageOptions) -> None:
        """Serve this package for its variant from now on."""
        self._options[options.variant] = options

    def set_sidecar(self, path: str, style: Sidecar) -> None:
        """Serve checksum files whose path matches the pattern in this format; the last one set wins."""
        self._sidecars.append((path, style))

    def clear(self) -> None:
        """Default packages, bare checksums."""
        self._options.clear()
        self._sidecars.clear()

    async def package(self, variant: str) -> Content:
        """The package of a variant, made without holding up other requests. Raises LabError, ValueError."""
        options = self.options(variant)
        async with self._lock:
            if options not in self._made:
                data = await asyncio.to_thread(package_bytes, options)
                self._made[options] = Content(data, "application/zip")
        return self._made[options]

    def sidecar(self, path: str, package: Content) -> Content | None:
        """The checksum file of a package, or None if there is none."""
        style: Sidecar = next((style for glob, style in reversed(self._sidecars) if fnmatchcase(path, glob)), "bare")
        text = SIDECARS[style](package.sha256)
        return None if text is None else Content(text, "application/octet-stream")
