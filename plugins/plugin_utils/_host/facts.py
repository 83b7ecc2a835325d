# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a probe found on a guest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from .redaction import redact
from .wire import Answer

# conf/wrapper.conf is the operator's to edit (the guide itself says to set PIPE there): its content is nobody's damage.
EDITABLE = frozenset({"conf/wrapper.conf"})
# The first log4j-core without each of its holes, and the same on the branches kept for Java 7 (2.12) and Java 6 (2.3)
# (Apache Log4j's security page).
LOG4J_CVES = (
    ("CVE-2021-44228", ((2, 15, 0), (2, 12, 2), (2, 3, 1))),
    ("CVE-2021-45046", ((2, 16, 0), (2, 12, 2), (2, 3, 1))),
    ("CVE-2021-45105", ((2, 17, 0), (2, 12, 3), (2, 3, 1))),
    ("CVE-2021-44832", ((2, 17, 1), (2, 12, 4), (2, 3, 2))),
)
# The vendor's newest package has log4j 2.17.0, and this hole is open only to who can write its configuration already.
NEEDS_CONFIG_ACCESS = frozenset({"CVE-2021-44832"})
_LOG4J = re.compile(r"^log4j-(?P<part>[a-z0-9-]+?)-(?P<version>\d+(?:\.\d+)*)[^/]*\.jar$")
# The record begins with the package, and has a line a file: sha256sum's, or cksum's.
_PACKAGE = re.compile(r"package (?P<digest>[0-9a-f]{64})")
_RECORDED = re.compile(r"\\?([0-9a-f]{64}|\d+ \d+) +\./.+")
_VERSIONED = re.compile(r"^(?:cloud)?resetpwdagent-(?P<version>\d[\w.]*)\.jar$", re.IGNORECASE)


@dataclass(frozen=True)
class Log4j:
    """One log4j library of the agent, and the holes that its version has."""

    name: str
    version: str
    cves: tuple[str, ...]


@dataclass(frozen=True)
class AgentFacts:
    """The agent as it lies on the guest. ``needed`` are the files without which it cannot start."""

    needed: tuple[str, ...]
    installed: bool
    # Whether something is where setup puts the agent.
    occupied: bool
    present: frozenset[str]
    digests: Mapping[str, str]
    # Files that another program has for itself, so that nothing is known of their content.
    in_use: frozenset[str]
    recorded: Mapping[str, str]
    record_corrupt: bool
    package_sha256: str | None
    mode_wrong: tuple[str, ...]
    backend: str
    backend_set: bool
    registered: str
    enabled: bool
    masked: bool
    remains: bool
    updaters: tuple[str, ...]
    unzipped: str | None
    interrupted: bool
    leftover: str | None
    backup: str | None
    running_pid: int | None
    log: tuple[str, ...]

    @property
    def settled(self) -> AgentFacts:
        """The same without what changes by itself: its log and its process."""
        return replace(self, log=(), running_pid=None)

    @property
    def damage(self) -> tuple[str, ...]:
        """What is broken in the files, a sentence part each; empty for an agent that is whole or not there."""
        if not self.installed:
            return ()
        found = [f"{name} is missing or empty" for name in self.needed if name not in self.present]
        if not any(name.startswith("lib/") for name in self.digests):
            found.append("lib is empty")
        if self.record_corrupt:
            found.append("the record of what was installed is corrupt")
        for name, digest in self.recorded.items():
            if name in self.in_use or (name in self.needed and name not in self.present):
                continue
            if name not in self.digests:
                found.append(f"{name} is missing")
            elif self.digests[name] != digest and name not in EDITABLE:
                found.append(f"{name} was changed")
        if self.interrupted:
            found.append("an earlier run was interrupted")
        return tuple(found)

    @property
    def log4j(self) -> tuple[Log4j, ...]:
        """The log4j libraries, told by their names."""
        return tuple(filter(None, (_log4j(name.rpartition("/")[2]) for name in sorted(self.digests))))

    @property
    def version(self) -> str | None:
        """The agent's version where the name of its jar tells it."""
        for name in self.digests:
            match = _VERSIONED.match(name.rpartition("/")[2])
            if match:
                return match["version"]
        return None

    @property
    def state(self) -> str:
        """One word: absent, unzipped, damaged, unregistered, disabled or installed."""
        if not self.installed:
            return "unzipped" if self.unzipped else "absent"
        if self.damage:
            return "damaged"
        if self.registered == "none":
            return "unregistered"
        return "installed" if self.enabled else "disabled"

    def report(self) -> dict[str, Any]:
        """Return the facts for the module's result."""
        return {
            "state": self.state,
            "damage": list(self.damage),
            "registered": self.registered != "none",
            "registered_as": self.registered,
            "enabled": self.enabled,
            "modes_wrong": list(self.mode_wrong),
            "backend": self.backend,
            "version": self.version,
            "package_sha256": self.package_sha256,
            "log4j": [{"name": jar.name, "version": jar.version, "cves": list(jar.cves)} for jar in self.log4j],
            "log4j_vulnerable": any(not NEEDS_CONFIG_ACCESS.issuperset(jar.cves) for jar in self.log4j),
            "updaters": list(self.updaters),
            "unzipped": self.unzipped,
            "backup": self.backup,
            "running": self.running_pid is not None,
            "log": list(self.log),
        }


def _log4j(name: str) -> Log4j | None:
    match = _LOG4J.match(name)
    if not match:
        return None
    version = tuple(int(part) for part in match["version"].split("."))
    cves = tuple(cve for cve, fixed in LOG4J_CVES if match["part"] == "core" and not _is_fixed(version, fixed))
    return Log4j(name, match["version"], cves)


def _is_fixed(version: tuple[int, ...], fixed: tuple[tuple[int, ...], ...]) -> bool:
    newest, *branches = fixed
    return version >= newest or any(version[:2] == branch[:2] and version >= branch for branch in branches)


@dataclass(frozen=True)
class HostFacts:
    """What a probe found on any guest. Sizes are in KiB; what the guest did not tell is None or empty."""

    system: ClassVar[str]

    answer: Answer
    agent: AgentFacts
    architecture: str
    userland_bits: int | None
    free_kb: int | None
    boot_id: str
    fingerprint: str

    @property
    def selinux(self) -> str:
        """Whether SELinux is enforcing, permissive or disabled."""
        return "disabled"

    @property
    def gunzips(self) -> bool:
        """Whether the guest can unpack what was compressed on its way."""
        return True

    @property
    def cannot_unpack(self) -> str:
        """Why the guest cannot unpack a package at all; empty when it can."""
        return ""

    @property
    def cannot_pull(self) -> tuple[str, ...]:
        """Why the guest cannot fetch a package itself; empty when it can."""
        return ()


def agent_facts(answer: Answer, needed: tuple[str, ...]) -> AgentFacts:
    """Return the agent's facts from a probe's answer; ``needed`` are the files without which it cannot start."""
    package, recorded, corrupt = _record(answer)
    return AgentFacts(
        needed=needed,
        installed=bool(answer.first("directory")),
        occupied=bool(answer.first("directory") or answer.first("occupied")),
        present=frozenset(answer.all("present")),
        digests=dict(_digest(line) for line in answer.all("digest")),
        in_use=frozenset(answer.all("in_use")),
        recorded=recorded,
        record_corrupt=corrupt,
        package_sha256=package,
        mode_wrong=tuple(answer.all("mode_wrong")),
        backend=_backend(answer),
        backend_set=bool(answer.first("backend")),
        registered=answer.first("registered", "none"),
        enabled=answer.first("enabled") == "yes",
        masked=answer.first("masked") == "yes",
        remains=bool(answer.first("remains")),
        updaters=tuple(answer.all("updater")),
        unzipped=answer.first("unzipped") or None,
        interrupted=bool(answer.first("interrupted")),
        leftover=answer.first("leftover") or None,
        backup=answer.first("backup") or None,
        running_pid=answer.number("running"),
        log=tuple(redact(line) for line in answer.all("log")),
    )


def _digest(line: str) -> tuple[str, str]:
    """Split a line of sha256sum (``hex  ./name``) or cksum (``crc size ./name``)."""
    digest, _blank, name = line.rpartition(" ./")
    return name, digest.strip()


def _record(answer: Answer) -> tuple[str | None, dict[str, str], bool]:
    """Return the package's digest, the files' digests, and whether the record is corrupt: then nothing of it counts."""
    lines = answer.all("record")
    if not lines:
        return None, {}, False
    package = _PACKAGE.fullmatch(lines[0])
    if not package or len(lines) == 1 or not all(map(_RECORDED.fullmatch, lines[1:])):
        return None, {}, True
    return package["digest"], dict(map(_digest, lines[1:])), False


def _backend(answer: Answer) -> str:
    """Return the backend mode: the last occurrence of the key wins, and AUTO is the wrapper's default."""
    values = [line.partition("=")[2].strip().upper() for line in answer.all("backend")]
    return values[-1] if values else "AUTO"
