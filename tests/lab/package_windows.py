"""The files of a Windows package (facts/agent-protocol.md, "Package and installer"; facts/huawei-cloud.md 1.3, 1.5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lab.agent_binary import wrapper_for
from lab.package_options import PackageOptions, Registration
from lab.package_parts import JAR_BYTES, Entry, conf, depend, jar, jars, noise

SOURCE = Path(__file__).parent / "agent" / "windows"
COMMANDS = ("App.bat", "InstallApp-NT.bat", "StartApp-NT.bat", "StopApp-NT.bat")
UNINSTALL = "UninstallApp-NT.bat"
START_TYPES: dict[Registration, str] = {"disabled": "DISABLED", "manual": "DEMAND_START"}
UPDATE_AGENT_SHOWN_AS = "cloud reset password update agent"


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def _batch(name: str, **values: str) -> bytes:
    """A .bat file with the line ends that cmd wants, and values in the place of @NAME@."""
    text = (SOURCE / name).read_text("utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return _crlf(text)


def _conf(options: PackageOptions, app: str, more: dict[str, str]) -> bytes:
    registration = {"ntservice.starttype": START_TYPES.get(options.registration, "AUTO_START")}
    if options.registration == "unregistered":
        registration["lab.registration"] = "UNREGISTERED"
    if options.asks_long:
        registration["lab.asks_long"] = "TRUE"
    return _crlf(conf(options, app, registration | more))


def _common(options: PackageOptions, cache: Path, inner: str) -> Iterator[Entry]:
    """What both agents have."""
    for name in COMMANDS:
        yield Entry(f"{inner}bin/{name}", _batch(name))
    yield Entry(f"{inner}bin/wrapper.exe", wrapper_for(options.variant, cache))
    yield Entry(f"{inner}depend/jre/bin/java.exe", noise("java.exe", JAR_BYTES))
    yield Entry(f"{inner}lib/wrapper.dll", noise("wrapper.dll", JAR_BYTES))
    for name, version in jars(options).items():
        yield Entry(f"{inner}lib/{name}", jar(name, version))
    yield Entry(f"{inner}logs/")


def agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    """The agent and its installer."""
    folder = "CloudResetPwdAgent.Windows/"
    inner = f"{folder}cloudResetPwdAgent/"
    yield Entry(f"{folder}setup.bat", _batch("setup.bat", SETUP=options.setup))
    yield from _common(options, cache, inner)
    yield Entry(f"{inner}bin/{UNINSTALL}", _batch(UNINSTALL, BIN=""))
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, "cloudResetPwdAgent", {}))
    for name, data in depend(options).items():
        yield Entry(f"{inner}depend/{name}", data)


def update_agent(options: PackageOptions, cache: Path) -> Iterator[Entry]:
    """The old auto-updater: same frame, but it stays in memory and resets nothing."""
    folder = "CloudResetPwdUpdateAgent.Windows/"
    inner = f"{folder}CloudResetPwdUpdateAgent/"
    more = {"lab.resident": "TRUE", "displayname": UPDATE_AGENT_SHOWN_AS}
    yield Entry(f"{folder}setup.bat", _batch("setup-update.bat"))
    yield from _common(options, cache, inner)
    if options.uninstaller == "top":
        yield Entry(f"{inner}{UNINSTALL}", _batch(UNINSTALL, BIN="bin\\"))
    else:
        yield Entry(f"{inner}bin/{UNINSTALL}", _batch(UNINSTALL, BIN=""))
    yield Entry(f"{inner}conf/wrapper.conf", _conf(options, "cloudResetPwdUpdateAgent", more))
