"""Security groups: what a host may open connections to, as a packet filter at its port of the bridge.

The filter is outside of the guest, so that root in the guest neither sees nor changes it.  The bridge has no
connection tracking, so "opening a connection" is decided by packet: a TCP SYN, any UDP datagram but DHCP, an ICMP
echo request.  Answers always pass, as they do in the cloud.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lab.hosts import HostSpec
from lab.network import CLOUD
from lab.process import LabError, run_async

ALLOW_ALL = "allow any"
DENY_ALL = "deny any"
_SHORT = {"allow": ALLOW_ALL, "deny": DENY_ALL}
_RULE = re.compile(r"(allow|deny)\s+(?:(tcp|udp|icmp)\s+)?(any|[0-9./]+)(?:\s+(\d+)(?:-(\d+))?)?")
_GRAMMAR = "(allow|deny) [tcp|udp|icmp] (any|ADDRESS[/BITS]) [PORT[-PORT]]"
_VERDICT = {"allow": "accept", "deny": "drop"}

BASE_RULESET = """
table bridge clab {
  map ports {
    type ifname : verdict
  }
  chain egress {
    type filter hook prerouting priority 0; policy accept;
    iifname vmap @ports
  }
}
"""


@dataclass(frozen=True)
class EgressRule:
    """One line of a security group; the first that matches decides, and what none matches is denied."""

    action: str
    protocol: str
    remote: str
    ports: str

    def nft(self) -> str:
        """The rule in nftables' language."""
        remote = "" if self.remote == "any" else f"ip daddr {self.remote} "
        protocol = f"ip protocol {self.protocol} " if self.protocol else ""
        ports = f"th dport {self.ports} " if self.ports else ""
        return f"{remote}{protocol}{ports}{_VERDICT[self.action]}"


def parse_rules(text: str) -> list[EgressRule]:
    """Read ``allow``, ``deny``, or rules such as ``deny tcp 169.254.169.254/32 80, allow any``."""
    text = _SHORT.get(text.strip(), text)
    return [_parse_rule(part.strip()) for part in re.split(r"[,;\n]", text) if part.strip()]


def _parse_rule(text: str) -> EgressRule:
    match = _RULE.fullmatch(text)
    if not match:
        raise LabError(f"'{text}' is no egress rule; write {_GRAMMAR}")
    action, protocol, remote, first, last = match.groups()
    if first and protocol not in ("tcp", "udp"):
        raise LabError(f"the egress rule '{text}' names a port, so it has to name tcp or udp too")
    if remote != "any":
        try:
            remote = str(ipaddress.IPv4Network(remote, strict=False))
        except ValueError as error:
            raise LabError(f"the egress rule '{text}' has a wrong address: {error}") from error
    ports = f"{first}-{last}" if last else first or ""
    return EgressRule(action, protocol or "", remote, ports)


def ruleset(host: HostSpec, rules: Sequence[EgressRule]) -> str:
    """The nftables commands that put the rules in force at the host's port, at once and instead of older ones."""
    chain = f"bridge clab {host.port}"
    body = [
        "ether type != ip accept",
        "udp sport 68 udp dport 67 accept",
        "tcp flags & (syn | ack) != syn accept",
        "icmp type != echo-request accept",
        *(rule.nft() for rule in rules),
        "drop",
    ]
    lines = [f"add chain {chain}", f"flush chain {chain}", *(f"add rule {chain} {line}" for line in body)]
    return "\n".join([*lines, f"add element bridge clab ports {{ {host.port} : jump {host.port} }}", ""])


async def create_filter() -> None:
    """Make the empty filter: a host without rules may reach everything."""
    await _nft(BASE_RULESET)


async def apply(host: HostSpec, text: str) -> None:
    """Put a security group's rules in force for a host."""
    await _nft(ruleset(host, parse_rules(text)))


async def _nft(commands: str) -> None:
    await run_async("ip", "netns", "exec", CLOUD, "nft", "-f", "-", text=commands)
