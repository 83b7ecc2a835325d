"""Where the lab keeps its things."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MARKER = ".cloudreset-lab"
RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Paths:
    """The state of one running lab (gone after ``down``) and the cache that outlives it."""

    state: Path
    cache: Path

    @classmethod
    def from_environment(cls) -> Paths:
        """The usual places, or those that CLOUDRESET_LAB_STATE and CLOUDRESET_LAB_CACHE name."""
        return cls(
            state=Path(os.environ.get("CLOUDRESET_LAB_STATE", "/run/cloudreset-lab")),
            cache=Path(os.environ.get("CLOUDRESET_LAB_CACHE", "/var/cache/cloudreset-lab")),
        )

    @property
    def marker(self) -> Path:
        """A file that says: this directory is a lab's state and may be removed."""
        return self.state / MARKER

    @property
    def control(self) -> Path:
        """The supervisor's control socket."""
        return self.state / "control.sock"

    @property
    def log(self) -> Path:
        """The supervisor's log."""
        return self.state / "supervisor.log"

    @property
    def hosts(self) -> Path:
        """What the services know about the hosts."""
        return self.state / "hosts.json"

    @property
    def inventory(self) -> Path:
        """Ansible's inventory of all hosts."""
        return self.state / "inventory.yml"

    @property
    def known_hosts(self) -> Path:
        """The hosts' public SSH keys."""
        return self.state / "known_hosts"

    @property
    def key(self) -> Path:
        """The SSH key that every user of every host accepts."""
        return self.state / "id_ed25519"

    @property
    def public_key(self) -> Path:
        """The public half of that key."""
        return self.state / "id_ed25519.pub"

    @property
    def tls(self) -> Path:
        """The lab's certificate authority and its server certificate."""
        return self.state / "tls"

    @property
    def ca(self) -> Path:
        """The certificate with which the lab's HTTPS servers verify."""
        return self.tls / "ca.pem"

    @property
    def credentials(self) -> Path:
        """The key of the lab's account in its cloud, in the form of the vendor's SDK."""
        return self.state / "credentials"

    @property
    def limits(self) -> Path:
        """What the kernel's limits were before the lab raised them."""
        return self.state / "limits.json"

    @property
    def dnsmasq(self) -> Path:
        """The DHCP and DNS server's files."""
        return self.state / "dnsmasq"

    @property
    def mount(self) -> Path:
        """Where a host's disk is mounted, in that host's own mount namespace and nowhere else."""
        return self.state / "mnt"

    @property
    def cgroup_mount(self) -> Path:
        """Where a cgroup2 hierarchy is mounted if the machine has none."""
        return self.state / "cgroup"

    @property
    def images(self) -> Path:
        """The cached root file systems."""
        return self.cache / "images"

    @property
    def packages(self) -> Path:
        """Downloaded Debian packages."""
        return self.cache / "apt"

    def console(self, name: str) -> Path:
        """What a host printed on its console."""
        return self.state / "hosts" / name / "console.log"

    def service_socket(self, name: str) -> Path:
        """The control socket of a service."""
        return self.state / f"{name}.sock"

    def service_log(self, name: str) -> Path:
        """The log of a service."""
        return self.state / f"{name}.log"


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)
