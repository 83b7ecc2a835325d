"""The files that make a root file system this host's own: name, keys, network, SELinux stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.flavours import NetworkSetup
from lab.hosts import HostSpec
from lab.network import GATEWAY, METADATA, PREFIX

_NETWORKD = "[Match]\nName=eth0\n\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
_NETWORKD_STATIC = """\
Address={address}/{prefix}
Gateway={gateway}

[Route]
Destination={metadata}/32
Gateway={gateway}
"""
_IFUPDOWN = "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet {method}\n"
_IFUPDOWN_STATIC = "    address {address}/{prefix}\n    gateway {gateway}\n"


@dataclass(frozen=True)
class GuestFile:
    """A file in a guest, by its path below the root."""

    path: str
    text: str
    mode: int = 0o644

    def write(self, root: Path) -> None:
        """Write it into a root file system that is not in use."""
        target = root / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.touch(self.mode)
        target.write_text(self.text, encoding="utf-8")


def files(host: HostSpec, authorized_key: str) -> list[GuestFile]:
    """All files that tell a host who it is."""
    return [
        GuestFile("etc/hostname", f"{host.name}\n"),
        GuestFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host.name}.lab {host.name}\n"),
        GuestFile("etc/resolv.conf", f"search lab\nnameserver {GATEWAY}\n"),
        GuestFile("etc/machine-id", host.uuid.replace("-", "") + "\n", 0o444),
        GuestFile("etc/ssh/ssh_host_ed25519_key", host.host_key.private, 0o600),
        GuestFile("etc/ssh/ssh_host_ed25519_key.pub", host.host_key.public),
        GuestFile("etc/ssh/lab_authorized_keys", authorized_key),
        *_NETWORK[host.flavour.network](host),
        *(_selinux() if host.flavour.selinux else ()),
    ]


def links(host: HostSpec) -> dict[str, str]:
    """The symbolic links, beside the files."""
    wanted = {}
    if host.flavour.network is NetworkSetup.NETWORKD:
        wanted["etc/systemd/system/multi-user.target.wants/systemd-networkd.service"] = (
            "/lib/systemd/system/systemd-networkd.service"
        )
    return wanted


def _addresses(host: HostSpec, template: str) -> str:
    return template.format(address=host.address, prefix=PREFIX, gateway=GATEWAY, metadata=METADATA)


def _networkd(host: HostSpec) -> list[GuestFile]:
    rest = "DHCP=ipv4\n" if host.flavour.dhcp else _addresses(host, _NETWORKD_STATIC)
    return [GuestFile("etc/systemd/network/20-eth0.network", _NETWORKD + rest)]


def _ifupdown(host: HostSpec) -> list[GuestFile]:
    rest = "" if host.flavour.dhcp else _addresses(host, _IFUPDOWN_STATIC)
    method = "dhcp" if host.flavour.dhcp else "static"
    return [GuestFile("etc/network/interfaces", _IFUPDOWN.format(method=method) + rest)]


def _selinux() -> list[GuestFile]:
    return [GuestFile("etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n")]


_NETWORK: dict[NetworkSetup, Callable[[HostSpec], list[GuestFile]]] = {
    NetworkSetup.NETWORKD: _networkd,
    NetworkSetup.IFUPDOWN: _ifupdown,
    NetworkSetup.NONE: lambda _host: [],
}
