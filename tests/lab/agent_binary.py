"""Compiling the stand-in agent: one static binary, kept in the lab's cache under the digest of what made it."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path

from lab.package_options import Variant
from lab.process import run

SOURCE = Path(__file__).parent / "agent" / "wrapper"
# _FORTIFY_SOURCE and the like are left to the distribution; -s and no build id keep the result the same everywhere.
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-Wl,--build-id=none")
NATIVE: dict[str, Variant] = {"x86_64": "linux/64", "i686": "linux/32", "aarch64": "arm/linux/64"}
STUB = b"#!/bin/sh\necho 'wrapper: a placeholder; the lab has no compiler for this architecture' >&2\nexit 1\n"


def compile_wrapper(cache: Path) -> Path:
    """The agent for this machine (gcc, libc6-dev, libssl-dev). Raises LabError with the compiler's words."""
    sources = sorted(SOURCE.glob("*.c"))
    digest = hashlib.sha256(" ".join(FLAGS).encode() + run("gcc", "--version").encode())
    for source in [*sources, *SOURCE.glob("*.h")]:
        digest.update(source.read_bytes())
    binary = cache / f"wrapper-{digest.hexdigest()[:16]}"
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        temporary = binary.with_name(f".{binary.name}.{os.getpid()}")
        run("gcc", *FLAGS, "-o", str(temporary), *map(str, sources), "-lcrypto")
        temporary.replace(binary)
    return binary


def wrapper_for(variant: Variant, cache: Path) -> bytes:
    """The agent of a variant: a real one for this machine's, a placeholder that fails for the others."""
    if NATIVE.get(platform.machine()) == variant:
        return compile_wrapper(cache).read_bytes()
    return STUB
