# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the guest's half of the prerequisites, and what is asked of every guest.

Facts from the vendor's pages "Installing the One-Click Password Reset Plug-in" (en-us_topic_0068095385) and "Login with
the New Password Fails" (en-us_topic_0105187294).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ...module_utils._prerequisite import FAIL, PASS, UNKNOWN, WARN, Prerequisite
from .._package.errors import UnsupportedPlatform
from .._package.source import variant_for
from .facts import HostFacts

# Where the agent is installed.
PLACES = {"linux": "/", "windows": "C:"}
# What there are packages for, as the guests call it.
ARCHITECTURES = {"linux": "x86_64, i686 or aarch64", "windows": "AMD64 or x86"}


@dataclass(frozen=True)
class Limits:
    """What the caller's options ask of a guest."""

    minimum_free_mb: int = 300
    selinux: str = "require_off"
    backend: str = "keep"


def override(prerequisites: Sequence[Prerequisite], ignored: Sequence[str]) -> tuple[Prerequisite, ...]:
    """Return the prerequisites with the failed ones among the ignored names turned into warnings that say so."""
    return tuple(
        replace(item, status=WARN, hint=f"Ignored by ignore_prerequisites. {item.hint}")
        if item.status == FAIL and item.name in ignored
        else item
        for item in prerequisites
    )


def free_space(facts: HostFacts, limits: Limits) -> Prerequisite:
    """Check the free space where the agent is installed."""
    place = PLACES[facts.system]
    wanted = f"at least {limits.minimum_free_mb} MB"
    if facts.free_kb is None:
        return Prerequisite(
            "free_space", UNKNOWN, "the guest did not tell", wanted, f"Check the free space of {place} by hand."
        )
    free_mb = facts.free_kb // 1024
    if free_mb >= limits.minimum_free_mb:
        return Prerequisite("free_space", PASS, f"{free_mb} MB", wanted)
    return Prerequisite(
        "free_space", FAIL, f"{free_mb} MB", wanted, f"Free space on {place}, or lower minimum_free_mb."
    )


def metadata(facts: HostFacts, _limits: Limits) -> Prerequisite:
    """Check that the guest reaches the metadata service."""
    wanted = "an answer from 169.254.169.254 port 80"
    lines = facts.answer.all("metadata")
    if lines and lines[0] == "no-client":
        hint = "The guest has none of curl, bash, perl, wget and busybox to ask with; check by hand."
        return Prerequisite("metadata", UNKNOWN, "no program to ask with", wanted, hint)
    status = lines[0] if lines and lines[0].startswith("HTTP/") else ""
    uuid = server_id(lines)
    if uuid and (not status or " 200" in status):
        return Prerequisite("metadata", PASS, f"server {uuid}", wanted)
    hint = (
        "Allow TCP port 80 to 169.254.0.0/16 in the egress rules of the server's security groups and keep the route "
        "that DHCP sets."
    )
    if status and " 200" not in status:
        return Prerequisite("metadata", FAIL, status, wanted, hint)
    # wget shows no status line; its own status tells an answer from words of its own.
    if status or facts.answer.number("metadata_status") == 0:
        return Prerequisite("metadata", FAIL, "an answer without a server's uuid", wanted, hint)
    said = [line for line in lines if line.strip()]
    # The last word of bash, perl or curl, without who said it where.
    return Prerequisite("metadata", FAIL, said[-1].rpartition(": ")[2] if said else "no answer", wanted, hint)


def architecture(facts: HostFacts, _limits: Limits) -> Prerequisite:
    """Check that there is a package for the guest."""
    wanted = ARCHITECTURES[facts.system]
    try:
        variant_for(facts.system, facts.architecture, facts.userland_bits)
    except UnsupportedPlatform:
        hint = "There is no package of the plug-in for this architecture."
        return Prerequisite("architecture", FAIL, facts.architecture or "nothing", wanted, hint)
    return Prerequisite("architecture", PASS, facts.architecture, wanted)


def server_id(lines: Sequence[str]) -> str | None:
    """Return the uuid in an answer of the metadata service (its headers, if any, come first), or None."""
    # No header begins with a brace, though one may have a brace in it.
    body = "\n".join(itertools.dropwhile(lambda line: not line.lstrip().startswith("{"), lines))
    try:
        document = json.loads(body[: body.rfind("}") + 1])
    except ValueError:
        return None
    uuid = document.get("uuid") if isinstance(document, dict) else None
    return uuid if isinstance(uuid, str) and uuid else None


def ports(listening: Collection[int], backend: str, limits: Limits) -> Prerequisite:
    """Check the ports among which the wrapper looks for a free one. ``backend`` is the agent's own mode."""
    wanted = "no other listener on 31000-32999 in AUTO mode"
    mode = backend if limits.backend == "keep" else limits.backend.upper()
    if mode == "PIPE":
        return Prerequisite("ports", PASS, "PIPE mode", wanted)
    if not listening:
        return Prerequisite("ports", PASS, f"{mode} mode, none", wanted)
    found = f"{mode} mode, listening: {', '.join(map(str, sorted(listening)))}"
    hint = "The wrapper takes the lowest free port of that range; set backend: pipe so that it takes none."
    return Prerequisite("ports", WARN, found, wanted, hint)
