"""What kinds of hosts there are: tables, and nothing else.

A new kind of host is a new row in FLAVOURS; a new operating system is a new row in IMAGES and a recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class NetworkSetup(Enum):
    """The program in the guest that configures its network."""

    NETWORKD = "systemd-networkd"
    IFUPDOWN = "ifupdown"
    NONE = "none"


class Init(Enum):
    """What runs as process 1 in the guest."""

    SYSTEMD = "systemd"
    SYSV = "sysvinit"
    SSHD = "sshd alone"


@dataclass(frozen=True)
class Image:
    """A root file system: made by mmdebstrap from a suite, or by a recipe from another image."""

    name: str
    recipes: tuple[str, ...]
    suite: str = ""
    parent: str = ""
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flavour:
    """A kind of host."""

    name: str
    summary: str
    image: str
    init: Init = Init.SYSTEMD
    network: NetworkSetup = NetworkSetup.NETWORKD
    dhcp: bool = True
    metadata: bool = True
    disk_mb: int = 1024
    read_only: bool = False
    selinux: bool = False

    @property
    def group(self) -> str:
        """The inventory group of its hosts."""
        return "light" if self.init is Init.SSHD else "full"


_SERVER = ("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "procps", "iproute2", "tcsh", "fish")

IMAGES = {
    image.name: image
    for image in (
        Image("debian12", ("guest.sh",), suite="bookworm", packages=_SERVER),
        Image("debian13", ("guest.sh",), suite="trixie", packages=_SERVER),
        Image("debian11", ("guest.sh",), suite="bullseye", packages=_SERVER),
        Image("sysv", ("sysv.sh",), parent="debian12"),
        Image("busybox", ("busybox.sh",), parent="debian12"),
        Image("python", ("python.sh",), parent="debian12"),
    )
}

FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("debian12", "Debian 12 minimal, systemd, no Python, no curl, no unzip (the default)", "debian12"),
        Flavour("debian13", "Debian 13 minimal", "debian13"),
        Flavour("debian11", "Debian 11 minimal", "debian11"),
        Flavour("sysv", "Debian 12 with SysV init", "sysv", init=Init.SYSV, network=NetworkSetup.IFUPDOWN),
        Flavour("busybox", "sh, tar, sed and the other tools are busybox's; no bash, no perl", "busybox"),
        Flavour("python", "Debian 12 with Python, curl, wget and unzip", "python"),
        Flavour("smalldisk", "less than 200 MB free on its root", "debian12", disk_mb=180),
        Flavour("readonly", "its root file system is mounted read-only", "debian12", read_only=True),
        Flavour("selinux", "SELinux stand-in that says enforcing", "debian12", selinux=True),
        Flavour("static", "a static address instead of DHCP", "debian12", dhcp=False),
        Flavour("nometadata", "no route to the metadata service", "debian12", metadata=False),
        Flavour(
            "light",
            "sshd alone, for the bench (made by --light)",
            "python",
            init=Init.SSHD,
            network=NetworkSetup.NONE,
            dhcp=False,
            disk_mb=512,
        ),
    )
}

DEFAULT = "debian12"
LIGHT = "light"
