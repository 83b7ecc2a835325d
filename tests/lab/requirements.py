"""The programs that the lab needs, the Debian packages they are in, and why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from lab.process import LabError
from lab.windows.wine import COMPILER, WINE


@dataclass(frozen=True)
class Requirement:
    """A program, the package that holds it, and what it is for."""

    program: str
    package: str
    why: str


REQUIREMENTS = (
    Requirement("systemd-nspawn", "systemd-container", "boots the hosts"),
    Requirement("mmdebstrap", "mmdebstrap", "makes their root file systems"),
    Requirement("ip", "iproute2", "makes their network"),
    Requirement("nft", "nftables", "is the security groups"),
    Requirement("dnsmasq", "dnsmasq-base", "is the DHCP and DNS server"),
    Requirement("nsenter", "util-linux", "runs commands in hosts"),
    Requirement("ssh", "openssh-client", "logs in to them"),
    Requirement("sshpass", "sshpass", "lets Ansible log in with a password"),
)


FOR_WINDOWS = (
    Requirement(WINE, "wine64", "runs the Windows hosts"),
    Requirement(COMPILER, "gcc-mingw-w64-x86-64-win32", "builds programs for them"),
)


def missing(*, windows: bool) -> list[Requirement]:
    """Those that are not on this machine, with or without what only Windows hosts need."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    needed = [*REQUIREMENTS, *(FOR_WINDOWS if windows else ())]
    return [requirement for requirement in needed if not shutil.which(requirement.program, path=path)]


def check(*, windows: bool = False) -> None:
    """Refuse to go on without root or without a needed program."""
    if os.geteuid() != 0:
        raise LabError("the lab needs root, for namespaces and mounts: run it as root or with sudo")
    if absent := missing(windows=windows):
        listed = "; ".join(f"'{item.program}' {item.why} (package {item.package})" for item in absent)
        command = " ".join(_install_command(absent))
        raise LabError(f"missing here: {listed}. Install with 'make lab-deps' or '{command}'")


def install(consent: bool, *, windows: bool) -> None:
    """Install what is missing, after saying what and why; without root through sudo, if the user agrees."""
    absent = missing(windows=windows)
    if not absent:
        print("Everything that the lab needs is installed.", file=sys.stderr)
        return
    print("The lab needs these Debian packages:", file=sys.stderr)
    for item in absent:
        print(f"  {item.package:27} {item.program} {item.why}", file=sys.stderr)
    command = _install_command(absent)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    if sudo:
        _ask([*sudo, *command], consent)
    for step in (["apt-get", "update"], command):
        if subprocess.run([*sudo, *step], check=False).returncode != 0:
            raise LabError(f"'{' '.join([*sudo, *step])}' failed: see what it printed")


def _install_command(absent: list[Requirement]) -> list[str]:
    packages = dict.fromkeys(item.package for item in absent)
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def _ask(command: list[str], consent: bool) -> None:
    if consent:
        return
    answer = input(f"Run '{' '.join(command)}'? [y/N] ") if sys.stdin.isatty() else ""
    if not answer.strip().lower().startswith("y"):
        raise LabError("nothing was installed; agree with 'y' or --yes")
