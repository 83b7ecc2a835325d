"""Into a Windows host from the machine below it, past its network and its accounts."""

from __future__ import annotations

from pathlib import Path

from lab.windows.files import HOME, PREFIX
from lab.windows.wine import POWERSHELL, WINE, environment

# What process 1 has in its environment, another one at each boot; it writes that to the file when Windows is up.
BOOT = "LAB_BOOT"
UP = Path("run/up")

SHELLS = {
    "cmd": (WINE, r"C:\windows\system32\cmd.exe"),
    "powershell": (WINE, POWERSHELL, "-NoProfile"),
}


def boot_id(leader: int) -> str:
    """The boot whose process 1 this is. Raises OSError if it has ended."""
    variables = Path(f"/proc/{leader}/environ").read_text().split("\0")
    return next((value.partition("=")[2] for value in variables if value.startswith(f"{BOOT}=")), "")


def is_up(leader: int) -> bool:
    """Whether Windows is up in there; the file may be that of an earlier boot. Raises OSError if there is none."""
    return (Path(f"/proc/{leader}/root") / UP).read_text().strip() == boot_id(leader)


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
