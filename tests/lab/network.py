"""The lab's network: one bridge in a namespace of its own, a link for each host, DHCP and DNS.

The root namespace has one leg in it and routes nothing, so hosts reach the lab and nowhere else.  The metadata
address is never put into the root namespace: this machine may be a cloud server itself.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.flavours import NetworkSetup
from lab.hosts import HostSpec
from lab.paths import Paths, write_atomically
from lab.process import run_async

CLOUD = "clab-cloud"
BRIDGE = "clab-bridge"
ROOT_LINK = "clab0"
CONTROLLER = "10.213.0.1"
BUCKET = "10.213.0.2"
API = "10.213.0.3"
PAGE_PORT = 8080
PAGE_URL = f"http://{API}:{PAGE_PORT}/"
GATEWAY = "10.213.0.254"
METADATA = "169.254.169.254"
PREFIX = 16
NETMASK = "255.255.0.0"
# A bridge takes the lowest address among its ports unless it is given one: then each host that comes or goes may change
# it, and for half a minute nobody reaches the services, until all have forgotten the one before.
BRIDGE_MAC = "02:c1:ab:00:00:01"

_CLOUD_SETUP = f"""
link set lo up
link add {BRIDGE} address {BRIDGE_MAC} type bridge forward_delay 0
addr add {GATEWAY}/{PREFIX} dev {BRIDGE}
addr add {BUCKET}/{PREFIX} dev {BRIDGE}
addr add {API}/{PREFIX} dev {BRIDGE}
addr add {METADATA}/32 dev {BRIDGE}
link set {BRIDGE} up
link add clab-root type veth peer name {ROOT_LINK} netns {{root}}
link set clab-root master {BRIDGE} up
"""

_DNSMASQ = f"""
keep-in-foreground
user=root
bind-interfaces
interface={BRIDGE}
listen-address={GATEWAY}
no-resolv
no-hosts
domain=lab
expand-hosts
local=/lab/
addn-hosts={{directory}}/names
dhcp-authoritative
no-ping
dhcp-range=10.213.0.0,static,255.255.0.0,12h
dhcp-hostsfile={{directory}}/hosts
dhcp-leasefile={{directory}}/leases
dhcp-option=option:dns-server,{GATEWAY}
dhcp-option=option:router
dhcp-option=tag:metadata,option:router,{GATEWAY}
dhcp-option=tag:metadata,option:classless-static-route,{METADATA}/32,{GATEWAY},0.0.0.0/0,{GATEWAY}
log-dhcp
log-facility=-
"""


async def create_cloud() -> None:
    """Make the bridge and the addresses of the cloud's services, and join the root namespace to it."""
    await run_async("ip", "netns", "add", CLOUD)
    await run_async("ip", "-n", CLOUD, "-batch", "-", text=_CLOUD_SETUP.format(root=os.getpid()))
    await run_async("ip", "address", "add", f"{CONTROLLER}/{PREFIX}", "dev", ROOT_LINK)
    await run_async("ip", "link", "set", ROOT_LINK, "up")
    # Ask ten times a second, not once, who has an address: hosts boot faster than that.
    Path(f"/proc/sys/net/ipv4/neigh/{ROOT_LINK}/retrans_time_ms").write_text("100")


async def plug(host: HostSpec) -> None:
    """Give the host a network namespace with one link, as new as its network card is after a power cycle."""
    await run_async("ip", "netns", "add", host.machine)
    link = (
        f"link add {host.port} type veth peer name eth0 address {host.mac} netns {host.machine}\n"
        f"link set {host.port} master {BRIDGE} up\n"
    )
    await run_async("ip", "-n", CLOUD, "-batch", "-", text=link)
    inside = "link set lo up\n"
    if host.flavour.network is NetworkSetup.NONE:  # it has no program to set its address, so we do
        inside += f"addr add {host.address}/{PREFIX} dev eth0\nlink set eth0 up\nroute add default via {GATEWAY}\n"
    await run_async("ip", "-n", host.machine, "-batch", "-", text=inside)


async def unplug(host: HostSpec) -> None:
    """Take the host off the network."""
    await run_async("ip", "-n", CLOUD, "link", "delete", host.port)
    await run_async("ip", "netns", "delete", host.machine)


@contextmanager
def namespace(host: HostSpec) -> Iterator[Path]:
    """A path to the host's network namespace that holds in every mount namespace; /run/netns does not."""
    descriptor = os.open(f"/run/netns/{host.machine}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)


def in_cloud(*argv: str) -> tuple[str, ...]:
    """A command, to be run where the cloud's services are."""
    return ("ip", "netns", "exec", CLOUD, *argv)


def write_dnsmasq_files(paths: Paths, hosts: Sequence[HostSpec], ignored: Collection[str] = ()) -> None:
    """Declare the hosts to the DHCP and DNS server; it does not answer the DHCP of those whose names are `ignored`."""
    paths.dnsmasq.mkdir(exist_ok=True)
    leases = "".join(_dhcp_host(host, host.name in ignored) for host in hosts if host.flavour.dhcp)
    names = f"{BUCKET} bucket.lab\n{API} cloud.lab\n"
    names += "".join(f"{host.address} {host.name}.lab {host.name}\n" for host in hosts)
    write_atomically(paths.dnsmasq / "hosts", leases)
    write_atomically(paths.dnsmasq / "names", names)
    write_atomically(paths.dnsmasq / "dnsmasq.conf", _DNSMASQ.format(directory=paths.dnsmasq))


def _dhcp_host(host: HostSpec, ignored: bool) -> str:
    tag = "set:metadata," if host.flavour.metadata else ""
    return f"{host.mac},ignore\n" if ignored else f"{host.mac},{tag}{host.address},{host.name}\n"


def dnsmasq_command(paths: Paths) -> tuple[str, ...]:
    """The DHCP and DNS server."""
    return in_cloud("dnsmasq", f"--conf-file={paths.dnsmasq}/dnsmasq.conf")


@dataclass(frozen=True)
class WayIn:
    """A server of a host by which one comes in: what it is asked, and how its answer begins."""

    name: str
    port: int
    question: bytes
    answer: bytes


SSH = WayIn("SSH", 22, b"", b"SSH-")
WINRM = WayIn("WinRM", 5985, b"GET /wsman HTTP/1.0\r\n\r\n", b"HTTP")


async def wait_for(way: WayIn, address: str, deadline: float, goes_on: Callable[[], bool]) -> bool:
    """Wait until the server says its first word at the address, as long as there is hope."""
    loop = asyncio.get_running_loop()
    while loop.time() < deadline and goes_on():
        if await _answers(way, address):
            return True
        await asyncio.sleep(0.05)
    return False


async def _answers(way: WayIn, address: str) -> bool:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(address, way.port), 0.2)
    except (OSError, asyncio.TimeoutError):
        return False
    try:
        writer.write(way.question)
        return await asyncio.wait_for(reader.readexactly(len(way.answer)), 2) == way.answer
    except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()
