# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of Windows hosts share: where things are there, and what an agent leaves."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import Any

from controller import Controller
from story import package
from waiting import wait_for

from lab import accounts
from lab.accounts import Verdict
from lab.client import WindowsHost
from lab.metadata_client import MetadataControl

AGENT = "C:\\CloudResetPwdAgent"
UPDATER = "C:\\CloudResetPwdUpdateAgent"
WORK = "C:\\.cloudreset"
SERVICE = "cloudResetPwdAgent"
KEY = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{SERVICE}"
SC = "& $env:SystemRoot\\System32\\sc.exe"
ADMINISTRATOR = "Administrator"
# It runs for some seconds after the installation, and what runs cannot be removed.
IDLE = f"while ((Get-Service {SERVICE}).Status -ne 'Stopped') {{ Start-Sleep -Milliseconds 100 }}"
# So that a test takes seconds; the vendor's agent tries ten times, two seconds apart.
QUICK_AGENT = {"tries": 3, "delay_ms": 200}
FRESH = ["receive", "setup", "enable", "record", "finish"]
REINSTALL = ["receive", "backup", "setup", "backend", "enable", "record", "finish"]
# Without a conf there is no backend mode to keep.
NO_CONF = [step for step in REINSTALL if step != "backend"]
# The ways in beside winrm over http.
WAYS: dict[str, Mapping[str, Any]] = {
    "psrp": {"ansible_connection": "psrp", "ansible_psrp_auth": "ntlm", "ansible_psrp_protocol": "http"},
    "ssh cmd": {"ansible_connection": "ssh", "ansible_shell_type": "cmd", "ansible_port": 22},
    "ssh powershell": {"ansible_connection": "ssh", "ansible_shell_type": "powershell", "ansible_port": 2222},
    "winrm https": {
        "ansible_port": 5986,
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": "basic",
    },
}


def windows_package(controller: Controller, name: str = "package", **options: Any) -> dict[str, str]:
    """Build a package for Windows on the controller and return the options that name it."""
    return package(controller, name, **{"variant": "windows", **QUICK_AGENT, **options})


def accepts(host: WindowsHost, password: str, user: str = ADMINISTRATOR) -> bool:
    """Return whether the host's list of accounts has this password."""
    return accounts.check(host.accounts, user, password) is Verdict.OK


def traces(host: WindowsHost) -> list[str]:
    """What there is of the agent: folders at the top of C:, and services."""
    found = [path for path in (AGENT, UPDATER, WORK) if host.exists(path)]
    names = host.ps("Get-Service | Where-Object { $_.Name -like 'cloudReset*' } | ForEach-Object { $_.Name }").stdout
    return [*found, *names.split()]


def runs_at_boot(host: WindowsHost, metadata: MetadataControl, password: str) -> bool:
    """Whether the host's own services run the agent at boot, which sets the password that waits for it."""
    metadata.set_password(host.name, password)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "", 60)
    return accepts(host, password)


@contextmanager
def meanwhile(host: WindowsHost, script: str, flag: str) -> Iterator[None]:
    """A program of the host's own runs a script, which goes on as long as there is the file ``flag``, which it made."""
    wait = f"[IO.File]::WriteAllText('{flag}', 'x'); while (Test-Path {flag}) {{ Start-Sleep -Milliseconds 100 }}"
    loop = f"{script}; {wait}"
    with ThreadPoolExecutor(1) as pool:
        program = pool.submit(host.ps, loop, timeout=120)
        try:
            wait_for(lambda: host.exists(flag) or program.done())
            yield
        finally:
            host.local(flag).unlink(missing_ok=True)
        program.result()


def install_by_hand(host: WindowsHost, package: str, folder: str) -> None:
    """Run a package's setup.bat as who builds an image does."""
    with zipfile.ZipFile(package) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                host.write(f"C:\\image\\{info.filename}", archive.read(info))
    found = next(host.local("C:\\image").rglob(folder)).relative_to(host.local("C:\\image"))
    host.cmd(f"cd /d C:\\image\\{PureWindowsPath(found)} & setup.bat <NUL", check=False)
    host.ps("Remove-Item -Recurse -Force C:\\image")


def changed_package(
    controller: Controller, name: str, edit: tuple[str, str], more: Mapping[str, str], **options: Any
) -> dict[str, str]:
    """A package whose setup.bat is edited (what stands there, what it becomes) and has more files beside it."""
    plain = Path(windows_package(controller, f"plain {name}", **options)["package"])
    path = plain.with_name(f"{name}.zip")
    old, new = (text.replace("\n", "\r\n").encode() for text in edit)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("CloudResetPwdAgent.Windows/setup.bat"):
                assert data.count(old) == 1, data
                data = data.replace(old, new)
                for file, text in more.items():
                    target.writestr(info.filename.replace("setup.bat", file), text)
            target.writestr(info, data)
    return {"package": str(path), "checksum": hashlib.sha256(path.read_bytes()).hexdigest()}
