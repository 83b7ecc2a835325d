"""What a host is to the rest of the lab: a name, an address, an identity and a flavour."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.flavours import FLAVOURS, LIGHT, Flavour
from lab.keys import KeyPair, new_key_pair
from lab.process import LabError

_FULL_FROM = ipaddress.IPv4Address("10.213.1.10")
_LIGHT_FROM = ipaddress.IPv4Address("10.213.4.1")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class HostSpec:
    """A host by declaration; what is running of it is a `Machine`."""

    name: str
    address: str
    flavour: Flavour
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    host_key: KeyPair = field(default_factory=new_key_pair, repr=False)

    @property
    def machine(self) -> str:
        """The name of its network namespace, cgroup and container."""
        return f"clab-{self.name}"

    @property
    def port(self) -> str:
        """The name of its link's end at the bridge (at most 15 characters, so not the host's name)."""
        third, fourth = self.address.split(".")[2:]
        return f"clab-{third}-{fourth}"

    @property
    def mac(self) -> str:
        """Its network card's address."""
        return "02:d5:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(self.address).packed)


@dataclass(frozen=True)
class Wanted:
    """A host that somebody asks for."""

    name: str
    flavour: str


def parse_wanted(text: str) -> list[Wanted]:
    """Read ``debian12,web=debian11``: flavours, each optionally with a name for the host."""
    wanted = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _any, flavour = item.rpartition("=")
        wanted.append(Wanted(name or flavour, flavour))
    for host in wanted:
        _check(host)
    return wanted


def light_wanted(count: int) -> list[Wanted]:
    """The first `count` light hosts."""
    return [Wanted(f"light{number:03}", LIGHT) for number in range(1, count + 1)]


def allocate(existing: Iterable[HostSpec], wanted: Wanted) -> HostSpec:
    """Give a new host the next free address of its kind."""
    _check(wanted)
    flavour = FLAVOURS[wanted.flavour]
    taken = {host.address for host in existing}
    address = _LIGHT_FROM if flavour.group == LIGHT else _FULL_FROM
    while str(address) in taken or address.packed[3] in (0, 255):
        address += 1
    return HostSpec(wanted.name, str(address), flavour)


def _check(wanted: Wanted) -> None:
    if wanted.flavour not in FLAVOURS:
        raise LabError(f"there is no flavour '{wanted.flavour}'; there are {', '.join(FLAVOURS)}")
    if not _NAME.fullmatch(wanted.name):
        raise LabError(f"'{wanted.name}' cannot be a host's name: use lower-case letters, digits and '-'")
