# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: reading the SHA-256 out of a checksum file, whatever wrote it.

The vendor does not document the content of `CloudResetPwdAgent.zip.sha256`, so every usual form is understood:
sha256sum, BSD and openssl, certutil and Get-FileHash, a bare sum; in ASCII, UTF-8 or UTF-16 with a byte order mark.
"""

from __future__ import annotations

import codecs
import re

from .errors import ChecksumError

MAX_BYTES = 64 * 1024

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COMMENT = re.compile(r"\s*(#|;|//)")
_SUM = re.compile(r"(?<![0-9A-Za-z_])[0-9a-fA-F]{64}(?![0-9A-Za-z_])")
_SPACED_SUM = re.compile(r"(?:[0-9a-fA-F]{2} ){31}[0-9a-fA-F]{2}")


def parse_sidecar(data: bytes, name: str = "The checksum file") -> str:
    """The one SHA-256 in a checksum file, as 64 lower-case hexadecimal digits.

    Takes the file's bytes, and what to call it in an error. Raises ChecksumError for none, for two different ones, for
    a page of HTML or XML, and for more than 64 KiB.
    """
    if len(data) > MAX_BYTES:
        raise ChecksumError(f"{name} is larger than {MAX_BYTES} bytes, so it is none; {_REMEDY}.")
    text = _decoded(data, name)
    if text.lstrip().startswith("<"):
        raise ChecksumError(f"{name} is a page of HTML or XML instead of a SHA-256; {_REMEDY}.")
    digests = {digest for line in text.splitlines() for digest in _digests(line)}
    if len(digests) != 1:
        found = "two or more different ones" if digests else "none"
        raise ChecksumError(f"{name} should hold one SHA-256 of 64 hexadecimal digits and holds {found}; {_REMEDY}.")
    return digests.pop()


_REMEDY = "set checksum to the package's SHA-256 or to its right checksum file"


def _decoded(data: bytes, name: str) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            try:
                return data[len(bom) :].decode(encoding, "strict" if encoding != "utf-8" else "replace")
            except UnicodeDecodeError as error:
                raise ChecksumError(f"{name} is no text ({error.reason}); {_REMEDY}.") from error
    return data.decode("utf-8", "replace")


def _digests(line: str) -> list[str]:
    if _COMMENT.match(line):
        return []
    if _SPACED_SUM.fullmatch(line.strip()):
        return [line.replace(" ", "").strip().lower()]
    return [found.lower() for found in _SUM.findall(line)]
