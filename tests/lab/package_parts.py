"""What packages for Linux and for Windows have in common: entries, jars, wrapper.conf."""

from __future__ import annotations

import io
import random
import zipfile
from dataclasses import dataclass

from lab.package_options import REAL_WAIT_INTERVAL, PackageOptions

EPOCH = (2022, 1, 10, 8, 0, 0)
START_TIMEOUT = 120  # seconds, WAIT_FOR_STARTED_TIMEOUT
JAR_BYTES = 12_000


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


def noise(seed: str, size: int) -> bytes:
    """Bytes that do not compress, the same every time."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - not for secrets


def jar(name: str, version: str) -> bytes:
    """A jar that says what it is."""
    manifest = f"Manifest-Version: 1.0\r\nImplementation-Title: {name}\r\nImplementation-Version: {version}\r\n\r\n"
    return archive(
        [
            Entry("META-INF/MANIFEST.MF", manifest.encode()),
            Entry("Placeholder.class", noise(f"{name} {version}", JAR_BYTES)),
        ]
    )


def jars(options: PackageOptions) -> dict[str, str]:
    """Name and version of the jars in lib/."""
    return {
        "commons-codec-1.14.jar": "1.14",
        "json-20160810.jar": "20160810",
        f"log4j-api-{options.log4j}.jar": options.log4j,
        f"log4j-core-{options.log4j}.jar": options.log4j,
        "resetpwdagent.jar": options.version,
        "wrapper.jar": "3.5.51",
    }


def depend(options: PackageOptions) -> dict[str, bytes]:
    """What lies in depend/ beside the Java program: name and content."""
    files: dict[str, bytes] = {}
    if options.padding:
        files["jre/lib/rt.jar"] = noise("rt.jar", options.padding)
    if options.odd_names:
        files["jre/lib/Program Files/Größe 密码.txt"] = b"odd\n"
    return files


def conf(options: PackageOptions, app: str, more: dict[str, str]) -> str:
    """The text of wrapper.conf; `more` are further keys (without `wrapper.`), and win."""
    rounds = round(START_TIMEOUT * REAL_WAIT_INTERVAL / options.wait_interval)
    values = {
        "name": app,
        "displayname": app,
        "logfile": "../logs/wrapper.log",
        "logfile.maxsize": "10m",
        "logfile.maxfiles": "2",
        "startup.timeout": "7200",
        "ping.timeout": "3600",
        "ntservice.starttype": "AUTO_START",
        "backend.type": options.backend,
        "lab.version": options.version,
        "lab.setup": options.setup,
        "lab.wait_interval": str(options.wait_interval),
        "lab.wait_rounds": str(rounds),
        "lab.tries": str(options.tries),
        "lab.delay_ms": str(options.delay_ms),
        "lab.address": options.address,
        "lab.port": str(options.port),
    }
    if options.start == "fails":
        values["lab.start"] = "FAILS"
    if options.resident:
        values["lab.resident"] = "TRUE"
    lines = [f"wrapper.{key}={value}" for key, value in (values | more).items()]
    head = "# The stand-in agent of the lab; lab/package_options.py says what the keys of wrapper.lab do."
    return "".join(f"{line}\n" for line in [head, *lines])
