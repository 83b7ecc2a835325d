"""The files of a package, before they become an archive (facts/agent-protocol.md, "Package and installer")."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.agent_binary import wrapper_for
from lab.package_options import REAL_WAIT_INTERVAL, PackageOptions

SOURCE = Path(__file__).parent / "agent" / "linux"
EPOCH = (2022, 1, 10, 8, 0, 0)
START_TIMEOUT = 120  # seconds, WAIT_FOR_STARTED_TIMEOUT
JAR_BYTES = 12_000

LAYOUT_ROOTS = {"standard": "CloudResetPwdAgent/", "nested": "CloudResetPwdAgent/CloudResetPwdAgent/", "root": ""}


@dataclass(frozen=True)
class Entry:
    """One entry of an archive; a name that ends in a slash is a folder."""

    name: str
    data: bytes = b""
    mode: int = 0o100644

    def info(self) -> zipfile.ZipInfo:
        """What the archive says about it: nothing in it depends on when or where it was made."""
        info = zipfile.ZipInfo(self.name, EPOCH)
        info.create_system = 3  # Unix
        info.external_attr = (0o40755 if self.name.endswith("/") else self.mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        return info


def archive(entries: list[Entry]) -> bytes:
    """The entries as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for entry in entries:
            target.writestr(entry.info(), entry.data)
    return buffer.getvalue()


def _noise(seed: str, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - bytes that do not compress, the same every time


def _jar(name: str, version: str) -> bytes:
    manifest = f"Manifest-Version: 1.0\r\nImplementation-Title: {name}\r\nImplementation-Version: {version}\r\n\r\n"
    return archive(
        [
            Entry("META-INF/MANIFEST.MF", manifest.encode()),
            Entry("Placeholder.class", _noise(f"{name} {version}", JAR_BYTES)),
        ]
    )


def _jars(options: PackageOptions) -> dict[str, str]:
    """Name and version of what lies in lib/."""
    return {
        "commons-codec-1.14.jar": "1.14",
        "json-20160810.jar": "20160810",
        f"log4j-api-{options.log4j}.jar": options.log4j,
        f"log4j-core-{options.log4j}.jar": options.log4j,
        "resetpwdagent.jar": options.version,
        "wrapper.jar": "3.5.51",
    }


def _conf(options: PackageOptions, app: str) -> bytes:
    rounds = round(START_TIMEOUT * REAL_WAIT_INTERVAL / options.wait_interval)
    lines = [
        "# The stand-in agent of the lab.",
        f"wrapper.name={app}",
        f"wrapper.displayname={app}",
        "wrapper.logfile=../logs/wrapper.log",
        "wrapper.logfile.maxsize=10m",
        "wrapper.logfile.maxfiles=2",
        "wrapper.startup.timeout=7200",
        "wrapper.ping.timeout=3600",
        "wrapper.ntservice.starttype=AUTO_START",
        f"wrapper.backend.type={options.backend}",
        "# Keys of the lab: lab/package_options.py says what they do.",
        f"wrapper.lab.version={options.version}",
        f"wrapper.lab.setup={options.setup}",
        f"wrapper.lab.wait_interval={options.wait_interval}",
        f"wrapper.lab.wait_rounds={rounds}",
        f"wrapper.lab.tries={options.tries}",
        f"wrapper.lab.delay_ms={options.delay_ms}",
        f"wrapper.lab.address={options.address}",
        f"wrapper.lab.port={options.port}",
    ]
    if options.start == "fails":
        lines.append("wrapper.lab.start=FAILS")
    if options.registration == "disabled":
        lines.append("wrapper.lab.registration=DISABLED")
    if options.registration.startswith("systemd"):
        lines.append("wrapper.lab.use_systemd=TRUE")
    return "".join(f"{line}\n" for line in lines).encode()


CUSTOMISED_UNIT = """\
[Unit]
Description=cloudResetPwdAgent, customised

[Service]
Type=forking
ExecStart=/CloudrResetPwdAgent/bin/cloudResetPwdAgent.script start sysd

[Install]
WantedBy=multi-user.target
"""


def _agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    folder = "CloudResetPwdAgent.Linux/"
    inner = f"{folder}CloudrResetPwdAgent/"
    yield Entry(f"{folder}setup.sh", (SOURCE / "setup.sh").read_bytes())
    yield Entry(f"{inner}bin/cloudResetPwdAgent.script", (SOURCE / "service.sh").read_bytes())
    yield Entry(f"{inner}bin/wrapper", wrapper_for(options.variant, cache))
    if options.registration == "systemd_customised":
        yield Entry(f"{inner}bin/cloudResetPwdAgent.service", CUSTOMISED_UNIT.encode())
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, "cloudResetPwdAgent"))
    yield Entry(f"{inner}depend/jre/bin/java", b"#!/bin/sh\nexit 1\n")
    if options.padding:
        yield Entry(f"{inner}depend/jre/lib/rt.jar", _noise("rt.jar", options.padding))
    yield Entry(f"{inner}lib/libwrapper.so", _noise("libwrapper.so", JAR_BYTES))
    for name, version in _jars(options).items():
        yield Entry(f"{inner}lib/{name}", _jar(name, version))
    yield Entry(f"{inner}logs/")


def _update_agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    """The old auto-updater: same frame, but it stays in memory and resets nothing."""
    app, folder = "cloudResetPwdUpdateAgent", "CloudResetPwdUpdateAgent.Linux/"
    inner = f"{folder}CloudResetPwdUpdateAgent/"
    script = (SOURCE / "service.sh").read_text("utf-8").replace("cloudResetPwdAgent", app)
    yield Entry(f"{folder}setup.sh", (SOURCE / "setup-update.sh").read_bytes())
    yield Entry(f"{inner}bin/{app}.script", script.encode())
    yield Entry(f"{inner}bin/wrapper", wrapper_for(options.variant, cache))
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, app) + b"wrapper.lab.resident=TRUE\n")
    yield Entry(f"{inner}depend/jre/bin/java", b"#!/bin/sh\nexit 1\n")
    for name, version in _jars(options).items():
        yield Entry(f"{inner}lib/{name}", _jar(name, version))
    yield Entry(f"{inner}logs/")


def _windows(options: PackageOptions) -> Iterator[Entry]:
    """Layout only: the Windows lab brings its own installer."""
    folder = "CloudResetPwdAgent.Windows/"
    inner = f"{folder}cloudResetPwdAgent/"
    placeholder = b"@echo off\r\necho a placeholder of the lab\r\n"
    yield Entry(f"{folder}setup.bat", placeholder)
    for name in ("App.bat", "InstallApp-NT.bat", "UninstallApp-NT.bat"):
        yield Entry(f"{inner}bin/{name}", placeholder)
    yield Entry(f"{inner}bin/wrapper.exe", _noise("wrapper.exe", JAR_BYTES))
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, "cloudResetPwdAgent"))
    for name, version in _jars(options).items():
        yield Entry(f"{inner}lib/{name}", _jar(name, version))
    yield Entry(f"{inner}logs/")


def entries(options: PackageOptions, cache: Path) -> list[Entry]:
    """All entries of a package. Raises LabError if the agent cannot be compiled."""
    if options.variant == "windows":
        parts = [*_windows(options)]
    else:
        parts = [*_agent(options, cache)]
        if options.update_agent:
            parts += _update_agent(options, cache)
    root = LAYOUT_ROOTS[options.layout]
    return [Entry(root + part.name, part.data, part.mode) for part in parts]
