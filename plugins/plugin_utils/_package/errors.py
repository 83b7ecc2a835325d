# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what can go wrong with a package. Every message is one sentence for the operator."""

from __future__ import annotations


class PackageError(Exception):
    """Anything that keeps a package from being used; its text says what was tried, found, wanted and what to do."""


class OptionError(PackageError):
    """An option (region, base_url, package, checksum, ca_path, …) has a value that cannot be used."""


class UnsupportedPlatform(PackageError):  # noqa: N818 - it says what is wrong already
    """The vendor makes no package for this operating system and architecture."""


class FetchError(PackageError):
    """A download failed in a way that another try or another region would not mend."""


class UnavailableError(FetchError):
    """One address does not have it or cannot be reached; the next region may."""


class TransientError(UnavailableError):
    """A fault that another try may mend: a connection that broke, a server that is busy."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        """Takes the sentence and the seconds that the server asked us to wait (0: it said nothing)."""
        super().__init__(message)
        self.retry_after = retry_after


class ChecksumError(PackageError):
    """The SHA-256 is not the wanted one, or no wanted one could be read."""


class ArchiveError(PackageError):
    """The archive is not an agent package, or holds what no agent package may hold."""


class CacheError(PackageError):
    """The cache directory cannot be used or trusted."""


KINDS: dict[str, type[PackageError]] = {
    kind.__name__: kind
    for kind in (
        PackageError,
        OptionError,
        UnsupportedPlatform,
        FetchError,
        UnavailableError,
        ChecksumError,
        ArchiveError,
        CacheError,
    )
}


def recorded(error: PackageError) -> dict[str, str]:
    """What a run's record keeps of a failure."""
    kind = "UnavailableError" if isinstance(error, TransientError) else type(error).__name__
    return {"kind": kind, "message": str(error)}


def revived(record: dict[str, str]) -> PackageError:
    """The failure that `recorded` kept."""
    return KINDS.get(record["kind"], PackageError)(record["message"])
