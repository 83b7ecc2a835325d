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


class System(Enum):
    """The operating system, as the cloud calls it."""

    LINUX = "Linux"
    WINDOWS = "Windows"


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
class WindowsVersion:
    """What a Windows says that it is, in its registry and to programs that ask."""

    product: str
    edition: str
    version: str
    build: int
    wine: str  # what Wine calls it
    server: bool = True
    dotnet: int = 0  # the number of its .NET 4, if it has one
    release: str = ""


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
    windows: WindowsVersion | None = None

    @property
    def system(self) -> System:
        """Its operating system."""
        return System.WINDOWS if self.windows else System.LINUX

    @property
    def group(self) -> str:
        """The inventory group of its hosts."""
        if self.windows:
            return WINDOWS
        return LIGHT if self.init is Init.SSHD else FULL


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

_WIN2019 = WindowsVersion(
    "Windows Server 2019 Datacenter", "ServerDatacenter", "6.3", 17763, "win10", dotnet=461814, release="1809"
)
_WIN2012 = WindowsVersion("Windows Server 2012 Datacenter", "ServerDatacenter", "6.2", 9200, "win8", dotnet=378389)
_WIN7 = WindowsVersion("Windows 7 Professional", "Professional", "6.1", 7601, "win7", server=False)

# The lab's own SSH server and DHCP client for Windows hosts are taken out of this image: nothing is installed for them.
TOOLS = "busybox"


def _windows(
    name: str, summary: str, version: WindowsVersion, *, dhcp: bool = True, metadata: bool = True, disk_mb: int = 1024
) -> Flavour:
    return Flavour(name, summary, TOOLS, dhcp=dhcp, metadata=metadata, disk_mb=disk_mb, windows=version)


FULL = "full"
LIGHT = "light"
WINDOWS = "windows"

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
        _windows("win2019", "Windows Server 2019 (the default Windows)", _WIN2019),
        _windows("win2012", "Windows Server 2012", _WIN2012),
        _windows("win7", "Windows 7 with .NET 3.5 alone", _WIN7),
        _windows("winsmall", "less than 300 MB free on C:", _WIN2019, disk_mb=260),
        _windows("winstatic", "a static address instead of DHCP", _WIN2019, dhcp=False),
        _windows("winnometadata", "no route to the metadata service", _WIN2019, metadata=False),
    )
}

DEFAULT = "debian12"
DEFAULT_WINDOWS = "win2019"


def is_windows(flavour: str) -> bool:
    """Whether hosts of this flavour are Windows hosts."""
    return FLAVOURS[flavour].system is System.WINDOWS
