# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what a probe found on a Linux guest."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import HostFacts, agent_facts
from .wire import Answer

NEEDED = ("bin/cloudResetPwdAgent.script", "bin/wrapper", "conf/wrapper.conf")
# What a guest needs to fetch a package itself: one of each.
_PULL_TOOLS = (("curl", "wget"), ("unzip", "bsdtar", "busybox"), ("sha256sum",))


@dataclass(frozen=True)
class LinuxFacts(HostFacts):
    """A Linux guest as the probe found it."""

    system = "linux"

    uid: int | None
    memory_kb: int | None
    root_writable: bool
    enforce: str
    init: str
    tools: frozenset[str]

    @property
    def selinux(self) -> str:
        """Whether SELinux is enforcing, permissive or disabled."""
        return {"1": "enforcing", "0": "permissive"}.get(self.enforce, "disabled")

    @property
    def gunzips(self) -> bool:
        """Whether there is gzip."""
        return "gzip" in self.tools

    @property
    def cannot_unpack(self) -> str:
        """Why the guest cannot unpack a package; empty when it can."""
        has_tar = "tar" in self.tools
        return "" if has_tar else "The guest has no tar, with which the package is unpacked there; install tar."

    @property
    def cannot_pull(self) -> tuple[str, ...]:
        """Why the guest cannot fetch a package itself; empty when it can."""
        missing = [" or ".join(tools) for tools in _PULL_TOOLS if not self.tools.intersection(tools)]
        return (f"the guest has no {', and no '.join(missing)}",) if missing else ()

    @property
    def os_release(self) -> dict[str, str]:
        """The wanted keys of /etc/os-release, unquoted."""
        pairs = (line.partition("=") for line in self.answer.all("os"))
        return {key: value.strip("\"'") for key, _equals, value in pairs}


def linux_facts(answer: Answer) -> LinuxFacts:
    """Return the facts from a probe's answer."""
    return LinuxFacts(
        answer=answer,
        agent=agent_facts(answer, NEEDED),
        uid=answer.number("uid"),
        architecture=answer.first("architecture"),
        userland_bits=answer.number("long_bit"),
        memory_kb=answer.number("memory_kb"),
        root_writable="rw" in answer.first("root_options").split(",") and answer.first("root_writable") == "yes",
        free_kb=answer.number("root_free_kb"),
        enforce=answer.first("selinux"),
        init=answer.first("init"),
        tools=frozenset(answer.all("tool")),
        boot_id=answer.first("boot_id"),
        fingerprint=answer.first("fingerprint"),
    )
