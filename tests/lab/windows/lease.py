"""A Windows host's DHCP: a real client (udhcpc) asks in its network namespace; here is what came of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from lab.network import GATEWAY, METADATA, PREFIX

# udhcpc calls it with what it got in the environment.
HOOK = '#!/bin/sh\n[ "$1" != bound ] || exec env\n'
_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Lease:
    """What the DHCP server gave."""

    address: str
    netmask: str
    server: str
    routers: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()


def parse(environment: str) -> Lease | None:
    """The lease in what the hook printed; nothing if there was no answer."""
    told = dict(line.partition("=")[::2] for line in environment.splitlines())
    if "ip" not in told:
        return None
    words = told.get("staticroutes", "").split()
    return Lease(
        address=told["ip"],
        netmask=told["subnet"],
        server=told.get("serverid", ""),
        routers=tuple(told.get("router", "").split()),
        name_servers=tuple(told.get("dns", "").split()),
        routes=tuple(zip(words[::2], words[1::2], strict=True)),
    )


def commands(lease: Lease | None) -> str:
    """The batch for ip(8) that configures the card; without a lease it stays without an address."""
    if lease is None:
        return ""
    bits = ipaddress.IPv4Network(f"0.0.0.0/{lease.netmask}").prefixlen
    # classless static routes, where they are given, stand in for the router (RFC 3442)
    routes = lease.routes or tuple((_EVERYWHERE, router) for router in lease.routers[:1])
    lines = [f"addr add {lease.address}/{bits} dev eth0"]
    return "".join(f"{line}\n" for line in [*lines, *(f"route add {to} via {router}" for to, router in routes)])


def static_commands(address: str) -> str:
    """The batch for ip(8) for a card with a static address."""
    return (
        f"addr add {address}/{PREFIX} dev eth0\n"
        f"route add default via {GATEWAY}\nroute add {METADATA}/32 via {GATEWAY}\n"
    )
