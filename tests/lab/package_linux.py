"""The files of a Linux package (facts/agent-protocol.md, "Package and installer")."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.agent_binary import wrapper_for
from lab.package_options import PackageOptions
from lab.package_parts import JAR_BYTES, Entry, conf, depend, jar, jars, noise

SOURCE = Path(__file__).parent / "agent" / "linux"

CUSTOMISED_UNIT = """\
[Unit]
Description=cloudResetPwdAgent, customised

[Service]
Type=forking
ExecStart=/CloudrResetPwdAgent/bin/cloudResetPwdAgent.script start sysd

[Install]
WantedBy=multi-user.target
"""


def _conf(options: PackageOptions, app: str, more: dict[str, str]) -> bytes:
    registration: dict[str, str] = {}
    if options.registration == "disabled":
        registration["lab.registration"] = "DISABLED"
    if options.registration.startswith("systemd"):
        registration["lab.use_systemd"] = "TRUE"
    return conf(options, app, registration | more).encode()


def agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    """The agent and its installer."""
    folder = "CloudResetPwdAgent.Linux/"
    inner = f"{folder}CloudrResetPwdAgent/"
    yield Entry(f"{folder}setup.sh", (SOURCE / "setup.sh").read_bytes())
    yield Entry(f"{inner}bin/cloudResetPwdAgent.script", (SOURCE / "service.sh").read_bytes())
    yield Entry(f"{inner}bin/wrapper", wrapper_for(options.variant, cache))
    if options.registration == "systemd_customised":
        yield Entry(f"{inner}bin/cloudResetPwdAgent.service", CUSTOMISED_UNIT.encode())
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, "cloudResetPwdAgent", {}))
    yield Entry(f"{inner}depend/jre/bin/java", b"#!/bin/sh\nexit 1\n")
    for name, data in depend(options).items():
        yield Entry(f"{inner}depend/{name}", data)
    yield Entry(f"{inner}lib/libwrapper.so", noise("libwrapper.so", JAR_BYTES))
    for name, version in jars(options).items():
        yield Entry(f"{inner}lib/{name}", jar(name, version))
    yield Entry(f"{inner}logs/")


def update_agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    """The old auto-updater: same frame, but it stays in memory and resets nothing."""
    app, folder = "cloudResetPwdUpdateAgent", "CloudResetPwdUpdateAgent.Linux/"
    inner = f"{folder}CloudResetPwdUpdateAgent/"
    script = (SOURCE / "service.sh").read_text("utf-8").replace("cloudResetPwdAgent", app)
    yield Entry(f"{folder}setup.sh", (SOURCE / "setup-update.sh").read_bytes())
    yield Entry(f"{inner}bin/{app}.script", script.encode())
    yield Entry(f"{inner}bin/wrapper", wrapper_for(options.variant, cache))
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, app, {"lab.resident": "TRUE"}))
    yield Entry(f"{inner}depend/jre/bin/java", b"#!/bin/sh\nexit 1\n")
    for name, version in jars(options).items():
        yield Entry(f"{inner}lib/{name}", jar(name, version))
    yield Entry(f"{inner}logs/")
