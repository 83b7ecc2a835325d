# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a probe found on a Windows guest."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import HostFacts, agent_facts
from .wire import Answer

NEEDED = ("bin/wrapper.exe", "conf/wrapper.conf")
# .NET Framework 4.5, the first with ZipFile, by the registry's Release ("How to determine which .NET Framework versions
# are installed", Microsoft).
ZIP_RELEASE = 378389


@dataclass(frozen=True)
class WindowsFacts(HostFacts):
    """A Windows guest as the probe found it. Versions are tuples of numbers, empty where they were not told."""

    system = "windows"

    account: str
    administrator: bool
    drive_error: str | None
    name: str
    version: tuple[int, ...]
    is_server: bool
    powershell: tuple[int, ...]
    dotnet_release: int | None

    @property
    def cannot_pull(self) -> tuple[str, ...]:
        """Why the guest cannot fetch a package itself; empty when it can."""
        has_zip = (self.dotnet_release or 0) >= ZIP_RELEASE
        return () if has_zip else ("the guest's .NET Framework is older than 4.5, which cannot read zip files",)


def windows_facts(answer: Answer) -> WindowsFacts:
    """Return the facts from a probe's answer."""
    return WindowsFacts(
        answer=answer,
        agent=agent_facts(answer, NEEDED),
        architecture=answer.first("architecture"),
        # One package is for all of them.
        userland_bits=None,
        free_kb=answer.number("free_kb"),
        boot_id=answer.first("boot_id"),
        fingerprint=answer.first("fingerprint"),
        account=answer.first("account"),
        administrator=answer.first("administrator") == "yes",
        drive_error=None if answer.first("drive_writable") == "yes" else answer.first("drive_error", "not told"),
        name=answer.first("os_ProductName"),
        version=_version(answer),
        is_server=answer.first("os_InstallationType").lower() != "client",
        powershell=_numbers(answer.first("powershell")),
        dotnet_release=answer.number("dotnet"),
    )


def _version(answer: Answer) -> tuple[int, ...]:
    """Return the version with the build; since Windows 10 CurrentVersion stays at 6.3 and the major number is apart."""
    major = answer.number("os_CurrentMajorVersionNumber")
    first = (major, 0) if major else _numbers(answer.first("os_CurrentVersion"))
    build = answer.number("os_CurrentBuildNumber")
    return (*first, build) if first and build else first


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else ()
