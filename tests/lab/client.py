"""The lab, for tests: its hosts as objects.

lab = Lab.connect()
host = lab.host("debian12")
host.sh("systemctl is-enabled cloudResetPwdAgent")
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import control
from lab.inventory import BASE_URL
from lab.paths import Paths
from lab.process import LabError

_GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SSH_WITHIN = 60.0


@dataclass(frozen=True)
class Host:
    """One host of the lab."""

    name: str
    address: str
    uuid: str
    flavour: str
    group: str
    paths: Paths = field(repr=False, compare=False)

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

    def boot_id(self) -> str:
        """What changes with every boot."""
        return self.sh("cat /proc/sys/kernel/random/boot_id").stdout.strip()

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
            self.wait_ssh()

    def stop(self, *, hard: bool = False) -> None:
        """Shut it down and wait until it is off."""
        self._ask("stop", hard=hard)

    def start(self, *, wait: bool = True) -> None:
        """Power it on; nothing if it is on."""
        self._ask("start")
        if wait:
            self.wait_ssh()

    def restore(self, *, wait: bool = True) -> None:
        """Give it a fresh root file system (and nothing else: address, identity, keys and egress stay)."""
        self._ask("restore")
        if wait:
            self.wait_ssh()

    def egress(self, rules: str) -> None:
        """Set its security group: ``allow``, ``deny``, or rules such as ``deny tcp 169.254.169.254 80, allow any``.

        The first rule that matches decides; what none matches is denied.
        """
        self._ask("egress", rules=rules)

    def dhcp(self, *, on: bool) -> None:
        """Have the DHCP server answer it, or ignore it."""
        self._ask("dhcp", on=on)

    def wait_ssh(self, timeout: float = _SSH_WITHIN) -> None:
        """Wait until its SSH server answers."""
        self._ask("wait_ssh", seconds=timeout)

    def wait_boot(self, previous: str, timeout: float = _SSH_WITHIN, *, ssh: bool = True) -> None:
        """Wait until it has booted again, by itself or by somebody else, and its SSH server answers if it can."""
        deadline = time.monotonic() + timeout
        while self._boot_id_or_nothing() in ("", previous):
            if time.monotonic() > deadline:
                raise LabError(f"'{self.name}' did not boot again within {timeout:.0f} s")
            time.sleep(0.05)
        if ssh:
            self.wait_ssh()

    def _boot_id_or_nothing(self) -> str:
        leader = self._ask("host")["leader"]
        try:
            return Path(f"/proc/{leader}/root/proc/sys/kernel/random/boot_id").read_text().strip()
        except OSError:  # between two boots
            return ""

    def _enter(self) -> list[str]:
        description = self._ask("host")
        if description["leader"] is None:
            raise LabError(f"'{self.name}' is {description['state']}, so nothing can be run in it")
        return ["nsenter", f"--target={description['leader']}", "--all", "--"]

    def _ask(self, verb: str, **arguments: Any) -> Any:
        return control.request(self.paths, verb, name=self.name, **arguments)


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
    def hosts(self) -> list[Host]:
        """All hosts."""
        return [self._host(description) for description in control.request(self.paths, "status")["hosts"]]

    def host(self, name: str) -> Host:
        """One host by its name."""
        return self._host(control.request(self.paths, "host", name=name))

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

    def _host(self, description: dict[str, Any]) -> Host:
        names = ("name", "address", "uuid", "flavour", "group")
        return Host(**{name: description[name] for name in names}, paths=self.paths)
