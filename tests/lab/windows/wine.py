"""How Wine is called, in one place."""

from __future__ import annotations

from pathlib import Path

WINE = "/usr/lib/wine/wine64"
WINESERVER = "/usr/lib/wine/wineserver64"
COMPILER = "x86_64-w64-mingw32-gcc"
POWERSHELL = r"C:\windows\system32\WindowsPowerShell\v1.0\powershell.exe"
VERBATIM = r"C:\windows\system32\verbatim.exe"


def environment(prefix: Path) -> dict[str, str]:
    """The whole environment of a Windows program.

    .NET dies under Wine 8 at a garbage collection without the last; without a UTF-8 locale Wine makes no file whose
    name is not ASCII.
    """
    return {
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        "LC_ALL": "C.UTF-8",
        "DOTNET_EnableWriteXorExecute": "0",
    }
