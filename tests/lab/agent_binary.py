"""Compiling the stand-in agent: a static binary for each system, in the cache under the digest of what made it."""

from __future__ import annotations

import hashlib
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.package_options import Variant
from lab.process import LabError, run

System = Literal["linux", "windows"]

SOURCE = Path(__file__).parent / "agent" / "wrapper"
WARNINGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Toolchain:
    """A compiler, the Debian packages that bring it, and how it is called."""

    compiler: str
    packages: str
    flags: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    precompiled: str = ""  # a header that is compiled once and put before every file


# _FORTIFY_SOURCE and the like are left to the distribution; without build id and time the result is always the same.
TOOLCHAINS: dict[System, Toolchain] = {
    "linux": Toolchain("gcc", "gcc and libc6-dev", ("-O2", "-static", "-s", "-Wl,--build-id=none")),
    "windows": Toolchain(
        "x86_64-w64-mingw32-gcc",
        "gcc-mingw-w64-x86-64-win32",
        ("-Os", "-static", "-s", "-DWIN32_LEAN_AND_MEAN", "-Wl,--no-insert-timestamp"),
        ("-lws2_32", "-ladvapi32", "-lshell32"),
        precompiled="system_headers.h",
    ),
}
NATIVE: dict[str, Variant] = {"x86_64": "linux/64", "i686": "linux/32", "aarch64": "arm/linux/64"}
STUB = b"#!/bin/sh\necho 'wrapper: a placeholder; the lab has no compiler for this architecture' >&2\nexit 1\n"


def compile_wrapper(cache: Path, system: System = "linux") -> Path:
    """The agent for this machine, or for Windows on x86-64. Raises LabError with the compiler's words."""
    tools = TOOLCHAINS[system]
    if not shutil.which(tools.compiler):
        raise LabError(
            f"the agent for {system} cannot be compiled: there is no {tools.compiler} here;"
            f" install the Debian package {tools.packages}"
        )
    headers = [*SOURCE.glob("*.h"), *(SOURCE / system).glob("*.h")]
    sources = sorted([*SOURCE.glob("*.c"), *(SOURCE / system).glob("*.c")])
    command = (tools.compiler, *WARNINGS, *tools.flags)
    digest = hashlib.sha256(" ".join((*command, *tools.libraries)).encode() + run(tools.compiler, "--version").encode())
    for source in [*sources, *sorted(headers)]:
        digest.update(source.read_bytes())
    binary = cache / f"wrapper-{digest.hexdigest()[:16]}"
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            made = Path(scratch) / "wrapper.exe"  # mingw appends .exe to a name that has none
            before: tuple[str, ...] = ()
            if tools.precompiled:
                before = _precompile(command, SOURCE / system / tools.precompiled, Path(scratch))
            run(*command, *before, "-o", str(made), *map(str, sources), *tools.libraries)
            made.replace(binary)
    return binary


def _precompile(command: tuple[str, ...], header: Path, scratch: Path) -> tuple[str, ...]:
    """Compile a header; returns the flags that put it before a file."""
    run(*command, "-c", "-x", "c-header", "-o", str(scratch / f"{header.name}.gch"), str(header))
    return "-Winvalid-pch", "-include", str(scratch / header.name)


def wrapper_for(variant: Variant, cache: Path) -> bytes:
    """The agent of a variant: real for this machine's and for Windows, a placeholder that fails for the others."""
    if variant == "windows":
        return compile_wrapper(cache, "windows").read_bytes()
    if NATIVE.get(platform.machine()) == variant:
        return compile_wrapper(cache).read_bytes()
    return STUB
