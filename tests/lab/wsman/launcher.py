"""winrshost.exe: compiled once into the lab's cache, then copied to where Windows has it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from lab.process import run

SOURCE = Path(__file__).parent / "winrshost.c"
COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-municode", "-static", "-s")


def compile_launcher(cache: Path) -> Path:
    """The program (gcc-mingw-w64-x86-64). Raises LabError with the compiler's words."""
    digest = hashlib.sha256(" ".join(FLAGS).encode() + SOURCE.read_bytes() + run(COMPILER, "--version").encode())
    binary = cache / f"winrshost-{digest.hexdigest()[:16]}.exe"
    if not binary.exists():
        cache.mkdir(parents=True, exist_ok=True)
        temporary = binary.with_name(f".{binary.name}.{os.getpid()}")
        run(COMPILER, *FLAGS, "-o", str(temporary), str(SOURCE))
        temporary.replace(binary)
    return binary


def install(prefix: Path, cache: Path) -> None:
    """Put it into a host's C:\\windows\\system32."""
    binary = compile_launcher(cache)
    target = prefix / "drive_c" / "windows" / "system32" / "winrshost.exe"
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(binary, temporary)
    temporary.replace(target)
