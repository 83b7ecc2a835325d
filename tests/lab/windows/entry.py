"""Into a Windows host from the machine below it, past its network and its accounts."""

from __future__ import annotations

from lab.windows.files import HOME, PREFIX
from lab.windows.wine import POWERSHELL, WINE, environment

SHELLS = {
    "cmd": (WINE, r"C:\windows\system32\cmd.exe"),
    "powershell": (WINE, POWERSHELL, "-NoProfile"),
}


def enter(leader: int) -> list[str]:
    """What to put before variables and a program that shall run in the host, in its user's folder."""
    variables = [f"{name}={value}" for name, value in environment(PREFIX).items()]
    return [
        "nsenter",
        f"--target={leader}",
        "--all",
        "--",
        "env",
        "--ignore-environment",
        f"--chdir={HOME}",
        *variables,
    ]
