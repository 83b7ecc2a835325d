"""The lab, for tests: its hosts as objects.

lab = Lab.connect()
host = lab.host("debian12")
host.sh("systemctl is-enabled cloudResetPwdAgent")
lab.windows_host("win2019").ps("Get-Service cloudResetPwdAgent")
"""

from __future__ import annotations

import base64
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

from lab import control
from lab.flavours import System
from lab.inventory import BASE_URL
from lab.paths import Paths
from lab.process import LabError
from lab.windows.entry import boot_id, enter, is_up
from lab.windows.files import ACCOUNTS, PREFIX
from lab.windows.wine import POWERSHELL, VERBATIM, WINE

_GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UP_WITHIN = 60.0
_UTF8_OUT = "[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false\n"


@dataclass(frozen=True)
class AnyHost(ABC):
    """What all hosts of the lab have: power, a disk, a place in the network."""

    name: str
    address: str
    uuid: str
    flavour: str
    group: str
    paths: Paths = field(repr=False, compare=False)

    @abstractmethod
    def _boot_id_of(self, leader: int) -> str:
        """What changes with every boot. Raises OSError if this one has ended."""

    def boot_id(self) -> str:
        """What changes with every boot."""
        return self._boot_id_of(self._needed_leader())

    def state(self) -> str:
        """``running``, ``stopped`` or ``failed``."""
        return str(self.describe()["state"])

    def describe(self) -> dict[str, Any]:
        """All that the supervisor knows of it."""
        described: dict[str, Any] = self._ask("host")
        return described

    def reboot(self, *, hard: bool = False, wait: bool = True) -> None:
        """Reboot it from outside, as the cloud does."""
        self._ask("reboot", hard=hard)
        if wait:
            self.wait_up()

    def stop(self, *, hard: bool = False) -> None:
        """Shut it down and wait until it is off."""
        self._ask("stop", hard=hard)

    def start(self, *, wait: bool = True) -> None:
        """Power it on; nothing if it is on."""
        self._ask("start")
        if wait:
            self.wait_up()

    def restore(self, *, wait: bool = True) -> None:
        """Give it a fresh root file system (and nothing else: address, identity, keys and egress stay)."""
        self._ask("restore")
        if wait:
            self.wait_up()

    def egress(self, rules: str) -> None:
        """Set its security group: ``allow``, ``deny``, or rules such as ``deny tcp 169.254.169.254 80, allow any``.

        The first rule that matches decides; what none matches is denied.
        """
        self._ask("egress", rules=rules)

    def dhcp(self, *, on: bool) -> None:
        """Have the DHCP server answer it, or ignore it."""
        self._ask("dhcp", on=on)

    def wait_up(self, timeout: float = _UP_WITHIN) -> None:
        """Wait until its SSH server answers, or its WinRM if it is a Windows."""
        self._ask("wait_up", seconds=timeout)

    def wait_boot(self, previous: str, timeout: float = _UP_WITHIN, *, up: bool = True) -> None:
        """Wait until it has booted again, by itself or by somebody else, and it answers if it can."""
        deadline = time.monotonic() + timeout
        while self._boot_id_or_nothing() in ("", previous):
            if time.monotonic() > deadline:
                raise LabError(f"'{self.name}' did not boot again within {timeout:.0f} s")
            time.sleep(0.05)
        if up:
            self.wait_up()

    def _boot_id_or_nothing(self) -> str:
        leader: int | None = self._ask("host")["leader"]
        try:
            return self._boot_id_of(leader) if leader else ""
        except OSError:  # between two boots
            return ""

    def _needed_leader(self) -> int:
        description = self._ask("host")
        if description["leader"] is None:
            raise LabError(f"'{self.name}' is {description['state']}, so nothing can be run in it")
        return int(description["leader"])

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return control.request(self.paths, verb, name=self.name, **arguments)


@dataclass(frozen=True)
class Host(AnyHost):
    """A Linux host of the lab."""

    def sh(self, script: str, *, check: bool = True, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a script in the guest as root, past its SSH server, whatever its network or users are like."""
        command = [*self._enter(), "/bin/sh", "-c", script]
        environment = {"PATH": _GUEST_PATH, "HOME": "/root", "USER": "root", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise LabError(f"on '{self.name}', status {done.returncode} of: {script}\n{done.stdout}{done.stderr}")
        return done

    def write(self, path: str, text: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file in the guest; the folders on the way are made."""
        data = text.encode() if isinstance(text, str) else text
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"'
        command = [*self._enter(), "/bin/sh", "-c", script, "write", path, f"{mode:o}"]
        done = subprocess.run(command, input=data, capture_output=True, check=False, env={"PATH": _GUEST_PATH})
        if done.returncode != 0:
            raise LabError(f"{path} could not be written on '{self.name}': {done.stderr.decode(errors='replace')}")

    def _boot_id_of(self, leader: int) -> str:
        return Path(f"/proc/{leader}/root/proc/sys/kernel/random/boot_id").read_text().strip()

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._needed_leader()}", "--all", "--"]


@dataclass(frozen=True)
class WindowsHost(AnyHost):
    r"""A Windows host of the lab.  Paths in it are Windows paths, as C:\\windows\\x or C:/windows/x."""

    def ps(self, script: str, *, check: bool = True, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a PowerShell script in the guest as an administrator, past WinRM, its network and its accounts."""
        encoded = base64.b64encode((_UTF8_OUT + script).encode("utf-16-le")).decode()
        options = ("-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", encoded)
        return self._run((WINE, POWERSHELL, *options), {}, script, check=check, timeout=timeout)

    def cmd(self, line: str, *, check: bool = True, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a line as cmd reads it."""
        variables = {"LAB_COMMAND_LINE": rf"C:\windows\system32\cmd.exe /c {line}"}
        return self._run((WINE, VERBATIM), variables, line, check=check, timeout=timeout)

    def write(self, path: str, data: str | bytes) -> None:
        """Write a file in the guest; the folders on the way are made."""
        place = self.local(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)

    def read(self, path: str) -> bytes:
        """The content of a file in the guest."""
        return self.local(path).read_bytes()

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder in the guest."""
        return self.local(path).exists()

    def local(self, path: str) -> Path:
        """Where a Windows path of the guest is on this machine, as long as the guest runs; case does not count."""
        drive, *parts = PureWindowsPath(path).parts
        if drive.lower() != "c:\\":
            raise LabError(f"'{path}' is no path that begins with C:\\ or C:/, and there is no other drive")
        place = self._root() / (PREFIX / "drive_c").relative_to("/")
        for part in parts:
            place = _child(place, part)
        return place

    @property
    def accounts(self) -> Path:
        """Its list of accounts (`lab.accounts`), as long as it runs."""
        return self._root() / ACCOUNTS.relative_to("/")

    def _boot_id_of(self, leader: int) -> str:
        return boot_id(leader)

    def _when_up(self, seconds: float = _UP_WITHIN) -> int:
        """Its process 1, once Windows is up: for a program that comes earlier Wine would start all of it."""
        deadline = time.monotonic() + seconds
        while True:
            leader = self._needed_leader()
            with suppress(OSError):
                if is_up(leader):
                    return leader
            if time.monotonic() > deadline:
                raise LabError(f"Windows did not come up on '{self.name}' within {seconds:.0f} s")
            time.sleep(0.05)

    def _root(self) -> Path:
        return Path(f"/proc/{self._needed_leader()}/root")

    def _run(
        self, command: tuple[str, ...], variables: dict[str, str], told: str, *, check: bool, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        given = [f"{name}={value}" for name, value in variables.items()]
        done = subprocess.run(
            [*enter(self._when_up()), *given, *command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if check and done.returncode != 0:
            raise LabError(f"on '{self.name}', status {done.returncode} of: {told}\n{done.stdout}{done.stderr}")
        return done


def _child(folder: Path, name: str) -> Path:
    """The entry of a folder that Windows would take for this name."""
    exact = folder / name
    if exact.exists() or not folder.is_dir():
        return exact
    return next((entry for entry in folder.iterdir() if entry.name.lower() == name.lower()), exact)


@dataclass(frozen=True)
class Lab:
    """A lab that is up."""

    paths: Paths

    @classmethod
    def connect(cls, paths: Paths | None = None) -> Lab:
        """The lab that is up on this machine; an error that says what to do if none is."""
        paths = paths or Paths.from_environment()
        control.request(paths, "ping")
        return cls(paths)

    @property
    def hosts(self) -> list[AnyHost]:
        """All hosts."""
        return [self._any_host(description) for description in control.request(self.paths, "status")["hosts"]]

    def host(self, name: str) -> Host:
        """One Linux host by its name."""
        host = self.any_host(name)
        if not isinstance(host, Host):
            raise LabError(f"'{name}' is a Windows host: take it with windows_host()")
        return host

    def windows_host(self, name: str) -> WindowsHost:
        """One Windows host by its name."""
        host = self.any_host(name)
        if not isinstance(host, WindowsHost):
            raise LabError(f"'{name}' is a Linux host: take it with host()")
        return host

    def any_host(self, name: str) -> AnyHost:
        """One host by its name."""
        return self._any_host(control.request(self.paths, "host", name=name))

    @property
    def services(self) -> dict[str, str]:
        """The services and their states."""
        return dict(control.request(self.paths, "status")["services"])

    @property
    def inventory(self) -> Path:
        """Ansible's inventory."""
        return self.paths.inventory

    @property
    def key(self) -> Path:
        """The private SSH key that every user accepts."""
        return self.paths.key

    @property
    def known_hosts(self) -> Path:
        """The hosts' public SSH keys."""
        return self.paths.known_hosts

    @property
    def ca(self) -> Path:
        """The certificate with which the lab's HTTPS servers verify."""
        return self.paths.ca

    @property
    def base_url(self) -> str:
        """The package bucket."""
        return BASE_URL

    def _any_host(self, description: dict[str, Any]) -> AnyHost:
        names = ("name", "address", "uuid", "flavour", "group")
        kind = WindowsHost if description["system"] == System.WINDOWS.value else Host
        return kind(**{name: description[name] for name in names}, paths=self.paths)
