"""Where the PowerShell of the Windows hosts comes from: a folder that the user names."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lab.process import LabError

VARIABLE = "CLOUDRESET_LAB_POWERSHELL"
PROGRAM = "powershell.exe"
OFFICIAL_PROGRAM = "pwsh.exe"
REMEDY = (
    f"unpack an official PowerShell zip for win-x64 (https://github.com/PowerShell/PowerShell/releases) into a folder "
    f"and set {VARIABLE} to it"
)


def folder() -> Path | None:
    """The folder that is set, or nothing if none is. Raises LabError if there is no PowerShell in it."""
    value = os.environ.get(VARIABLE, "")
    if not value:
        return None
    path = Path(value)
    if not path.is_absolute():
        raise LabError(f"{VARIABLE} is '{value}', but it has to be an absolute path")
    if not any((path / name).is_file() for name in (PROGRAM, OFFICIAL_PROGRAM)):
        raise LabError(f"there is no {PROGRAM} and no {OFFICIAL_PROGRAM} in '{value}' ({VARIABLE}): {REMEDY}")
    return path


def needed() -> Path:
    """The folder, for those who cannot do without."""
    if found := folder():
        return found
    raise LabError(f"Windows hosts need a PowerShell, and none is set: {REMEDY}")


def identity(path: Path) -> str:
    """What tells this PowerShell from another: the names, sizes and times of its files."""
    files = sorted(file for file in path.rglob("*") if file.is_file())
    rows = [f"{file.relative_to(path)} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
