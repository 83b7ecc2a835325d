# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the cloud's half of the prerequisites, as a table of pure functions over what was asked.

Facts from the vendor's pages "Installing the One-Click Password Reset Plug-in" (en-us_topic_0068095385) and "Login with
the New Password Fails" (en-us_topic_0105187294), and from the agent's published source for what the flag means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Union

from .._prerequisite import FAIL, PASS, UNKNOWN, WARN, Prerequisite
from .egress import Verdict
from .record import Record, record_for, records_of
from .servers import RUNNING, STOPPED, Server, eips_of

REFUSED_SYSTEMS = {"coreos": "CoreOS", "flatcar": "CoreOS (Flatcar)", "kylin": "KylinOS"}
PUBLIC_IMAGE = "gold"
HEALTHY = "installed"

_METADATA_RULE = (
    "Allow TCP port 80 to 169.254.0.0/16 in the egress rules of the server's security groups, above what denies it."
)


@dataclass(frozen=True)
class Untold:
    """What could not be asked, why, and what to do."""

    found: str
    hint: str


@dataclass(frozen=True)
class Guest:
    """The guest's half: what reset_agent or reset_agent_info returned for the server."""

    agent_state: str
    prerequisites: tuple[Prerequisite, ...] = ()


# Unions, since these are expressions and not annotations.
Flag = Union[str, Untold]  # noqa: UP007
Egress = Union[Verdict, Untold]  # noqa: UP007
Dhcp = Union[bool, Untold]  # noqa: UP007


@dataclass(frozen=True)
class CloudFacts:
    """What is known of a server."""

    server: Server
    flag: Flag
    egress: Egress
    dhcp: Dhcp
    guest: Guest | None = None


def assess(facts: CloudFacts) -> list[Prerequisite]:
    """Every prerequisite of the cloud's half, always all of them and in the same order."""
    return [check(facts) for check in _CHECKS]


def read_guest(raw: Any) -> Guest | None:
    """The guest's half in a registered result; None where the result does not hold it, as of a guest out of reach."""
    agent = raw.get("agent") if isinstance(raw, Mapping) else None
    entries = raw.get("prerequisites") if isinstance(raw, Mapping) else None
    if not isinstance(agent, Mapping) or not isinstance(entries, list):
        return None
    told = ("name", "status", "found", "wanted", "hint")
    prerequisites = (
        Prerequisite(*(str(entry.get(field) or "") for field in told))
        for entry in entries
        if isinstance(entry, Mapping)
    )
    return Guest(str(agent.get("state") or ""), tuple(prerequisites))


def _state(facts: CloudFacts) -> Prerequisite:
    server, wanted = facts.server, f"{RUNNING} or {STOPPED}"
    found = f"{server.status}, task {server.task}" if server.task else server.status
    if server.status in (RUNNING, STOPPED) and not server.task:
        return Prerequisite("state", PASS, found, wanted)
    return Prerequisite("state", FAIL, found, wanted, "Wait for what is going on, or look at it in the console.")


def _lock(facts: CloudFacts) -> Prerequisite:
    if not facts.server.locked:
        return Prerequisite("lock", PASS, "not locked", "not locked")
    source = facts.server.metadata.get("lockSource", "")
    return Prerequisite("lock", FAIL, f"locked by {source}" if source else "locked", "not locked", "Unlock it there.")


def _freeze(facts: CloudFacts) -> Prerequisite:
    if not facts.server.frozen:
        return Prerequisite("freeze", PASS, "not frozen", "not frozen")
    hint = "See to the account's balance or the order behind it."
    return Prerequisite("freeze", FAIL, "frozen", "not frozen", hint)


def _agent(facts: CloudFacts) -> Prerequisite:
    wanted = "installed, registered and enabled at boot"
    if facts.guest is None:
        hint = "Only the guest can tell: run reset_agent_info there, and give its result in guests."
        return Prerequisite("agent", UNKNOWN, "the guest was not asked", wanted, hint)
    if facts.guest.agent_state == HEALTHY:
        return Prerequisite("agent", PASS, HEALTHY, wanted)
    return Prerequisite("agent", FAIL, facts.guest.agent_state or "nothing", wanted, "Install it with reset_agent.")


def _flag(facts: CloudFacts) -> Prerequisite:
    wanted = "True"
    if isinstance(facts.flag, Untold):
        return Prerequisite("resetpwd_flag", UNKNOWN, facts.flag.found, wanted, facts.flag.hint)
    if facts.flag == "True":
        hint = "An agent once ran here and reached the metadata service; it need not be there any more."
        return Prerequisite("resetpwd_flag", PASS, facts.flag, wanted, hint)
    if facts.guest and facts.guest.agent_state == HEALTHY:
        hint = (
            "The guest says that the agent is installed; it sets the flag when it runs, at the latest at the next boot."
        )
        return Prerequisite("resetpwd_flag", WARN, facts.flag, wanted, hint)
    hint = "No agent ever reached the metadata service from here; install it with reset_agent, and see egress and DHCP."
    return Prerequisite("resetpwd_flag", FAIL, facts.flag, wanted, hint)


def _since_rebuild(facts: CloudFacts) -> Prerequisite:
    name, wanted = "agent_since_rebuild", "the system disk and image that the agent was last used on"
    server = facts.server
    if facts.guest:
        # The guest was asked on the disk that it has now.
        healthy = facts.guest.agent_state == HEALTHY
        hint = "" if healthy else "Install it with reset_agent."
        found = f"the guest says that the agent is {facts.guest.agent_state or 'nothing'}"
        return Prerequisite(name, PASS if healthy else FAIL, found, wanted, hint)
    changes = [_changes(record, record_for(server, "")) for record in records_of(server).values()]
    if not changes:
        hint = "Nothing is remembered beside the server; ecs_password_reset with a generation does it."
        return Prerequisite(name, UNKNOWN, "no record", wanted, hint)
    if "" in changes:
        return Prerequisite(name, PASS, "the same as at the last reset", wanted)
    if server.metadata.get("metering.imagetype") == PUBLIC_IMAGE:
        hint = "The new public image should have the agent; see it with reset_agent_info."
        return Prerequisite(name, WARN, changes[0], wanted, hint)
    return Prerequisite(name, FAIL, changes[0], wanted, "Install the agent again with reset_agent.")


def _changes(before: Record, now: Record) -> str:
    changed = [
        what
        for what, same in (("system disk", before.disk == now.disk), ("image", before.image == now.image))
        if not same
    ]
    return f"another {' and '.join(changed)} since the last reset" if changed else ""


def _egress(facts: CloudFacts) -> Prerequisite:
    wanted = "TCP port 80 to 169.254.0.0/16"
    if isinstance(facts.egress, Untold):
        return Prerequisite("egress", UNKNOWN, facts.egress.found, wanted, facts.egress.hint)
    told = ", ".join(rule.told for rule in facts.egress.rules)
    found, status, hint = {
        "all": (f"allowed by {told or 'a port without security groups'}", PASS, ""),
        "partial": (
            f"169.254.169.254 only, by {told}",
            WARN,
            "That is enough for the agent of today; the vendor asks for the whole of 169.254.0.0/16.",
        ),
        "none": (f"denied by {told}" if told else "no rule allows it", FAIL, _METADATA_RULE),
        "undecided": (f"it hangs on {told}", UNKNOWN, f"See whom it is about. {_METADATA_RULE}"),
    }[facts.egress.reach]
    return Prerequisite("egress", status, found, wanted, hint)


def _subnet_dhcp(facts: CloudFacts) -> Prerequisite:
    if isinstance(facts.dhcp, Untold):
        return Prerequisite("subnet_dhcp", UNKNOWN, facts.dhcp.found, "on", facts.dhcp.hint)
    if facts.dhcp:
        return Prerequisite("subnet_dhcp", PASS, "on", "on")
    hint = "Turn DHCP on in the VPC subnet; it brings the route to 169.254.169.254."
    return Prerequisite("subnet_dhcp", FAIL, "off", "on", hint)


def _eip(facts: CloudFacts) -> Prerequisite:
    wanted = "one, if the guest is to download the package itself"
    if eips := eips_of(facts.server):
        return Prerequisite("eip", PASS, ", ".join(eips), wanted)
    if facts.guest and facts.guest.agent_state == HEALTHY:
        return Prerequisite("eip", PASS, "none, and the agent is installed", wanted)
    hint = "A reset does not need it, and reset_agent can bring the package from the controller."
    return Prerequisite("eip", WARN, "none", wanted, hint)


def _os(facts: CloudFacts) -> Prerequisite:
    wanted = "Linux or Windows, neither CoreOS nor KylinOS"
    metadata = facts.server.metadata
    system, image = metadata.get("os_type", ""), metadata.get("image_name", "")
    for word, name in REFUSED_SYSTEMS.items():
        if word in image.lower():
            hint = "The vendor does not support the plug-in here; reset the password by other means."
            return Prerequisite("os", FAIL, f"{name}, by the image's name {image}", wanted, hint)
    found = ", ".join(word for word in (system, image) if word)
    if system.lower() in ("linux", "windows"):
        return Prerequisite("os", PASS, found, wanted)
    return Prerequisite("os", UNKNOWN, found or "not told", wanted, "Check the operating system by hand.")


def _image(facts: CloudFacts) -> Prerequisite:
    wanted = "a public image, which has the agent"
    kind = facts.server.metadata.get("metering.imagetype", "")
    if kind == PUBLIC_IMAGE:
        return Prerequisite("image", PASS, "public", wanted)
    if facts.guest and facts.guest.agent_state == HEALTHY:
        return Prerequisite("image", PASS, f"{kind or 'not told'}, and the agent is installed", wanted)
    hint = "Servers of private images often lack the agent; see it with reset_agent_info."
    return Prerequisite("image", WARN if kind else UNKNOWN, kind or "not told", wanted, hint)


_CHECKS: tuple[Callable[[CloudFacts], Prerequisite], ...] = (
    _state,
    _lock,
    _freeze,
    _agent,
    _flag,
    _since_rebuild,
    _egress,
    _subnet_dhcp,
    _eip,
    _os,
    _image,
)
