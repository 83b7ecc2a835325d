"""The one cached Wine prefix that every Windows host's disk is an overlay of.

It holds Wine's own Windows, the user's PowerShell (a copy, so that no guest can change the user's) and the lab's small
programs.  What one host says about itself is not in it: `settings` and `disk` add that.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from lab import images
from lab.paths import Paths
from lab.process import LabError
from lab.windows import powershell
from lab.windows.wine import COMPILER, WINE, WINESERVER, environment

NAME = "windows"
SYSTEM32 = Path("drive_c/windows/system32")
_POWERSHELL = SYSTEM32 / "WindowsPowerShell/v1.0"
_FOLDER = Path(__file__).parent
_START = (_FOLDER / "start.c", "-municode")
_COMPILE = (COMPILER, "-O2", "-s", "-Wall", "-Werror")
_PROGRAMS: dict[str, tuple[Path | str, ...]] = {
    "limited.exe": (*_START, "-DLIMITED"),
    "verbatim.exe": (*_START, "-DVERBATIM"),
    "session.exe": (_FOLDER / "session.c", "-mwindows"),
}
# Wine brings a prefix up to date when this file has changed, so that a prefix made with another one is not ours.
_WINE_INF = ("/usr/share/wine/wine.inf", "/usr/share/wine/wine/wine.inf")

# In namespaces of its own: a build that is killed leaves no processes, and Wine's socket in /tmp is not the user's.
_ISOLATED = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
_BUILD = """
set -eu
mount -t tmpfs tmpfs /tmp
cd "$WINEPREFIX"
"$1" wineboot -i
"$2" -k || true
"$2" -w
"""

Say = Callable[[str], None]


def directory(paths: Paths, shell: Path) -> Path:
    """Where the prefix is, once it is built."""
    return paths.images / f"{NAME}-{digest(shell)}"


def current(paths: Paths) -> list[Path]:
    """What is to stay in the cache: this machine's prefix, or all of them where nothing says which that is."""
    shell = powershell.folder()
    return [directory(paths, shell)] if shell and Path(WINE).exists() else list(paths.images.glob(f"{NAME}-*"))


def digest(shell: Path) -> str:
    """What the prefix is made of, in twelve characters."""
    stat = next((Path(path).stat() for path in _WINE_INF if Path(path).exists()), None)
    if stat is None:
        raise LabError(f"there is no Wine that the lab knows here, for none of {', '.join(_WINE_INF)} is there")
    sources = [file.read_text() for file in (*sorted(_FOLDER.glob("*.c")), Path(__file__))]
    parts = [*sources, *_COMPILE, f"{stat.st_size} {stat.st_mtime_ns}", powershell.identity(shell)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def ensure(paths: Paths, shell: Path, say: Say) -> None:
    """Build the prefix if it is not in the cache."""
    target = directory(paths, shell)
    if target.exists():
        return
    with images.lock(paths):
        if target.exists():  # another process built it while we waited for the lock
            return
        say("Building the Windows hosts' image (only the first time; about a quarter of a minute) …")
        unfinished = paths.images / f".{target.name}.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir()
        _make_prefix(unfinished, paths.cache / f"build-{NAME}.log")
        _own_home(unfinished / "drive_c/users/root")
        (unfinished / "dosdevices/z:").unlink()
        for program, source in _PROGRAMS.items():
            _compile(unfinished / SYSTEM32 / program, source)
        _install_powershell(unfinished, shell)
        unfinished.rename(target)


def _make_prefix(prefix: Path, log: Path) -> None:
    with log.open("w") as stream:
        command = [*_ISOLATED, "sh", "-c", _BUILD, "build", WINE, WINESERVER]
        status = subprocess.run(
            command, env=environment(prefix), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, check=False
        ).returncode
    if status != 0:
        raise LabError(f"'wineboot -i' failed (status {status}): see {log}")


def _own_home(home: Path) -> None:
    """Wine makes Desktop and others links to the home directory of whoever runs it: that is not the host's."""
    for link in [path for path in home.rglob("*") if path.is_symlink()]:
        link.unlink()
        link.mkdir()


def _compile(program: Path, source: tuple[Path | str, ...]) -> None:
    command = [*_COMPILE, "-o", program, *source, "-ladvapi32"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{program.name} could not be compiled: {done.stderr.strip()}")


def _install_powershell(prefix: Path, shell: Path) -> None:
    """Put it where Windows has it, for Wine's own powershell.exe, which does nothing."""
    place = prefix / _POWERSHELL
    shutil.rmtree(place)
    shutil.copytree(shell, place)
    for folder, _any, _any in os.walk(place):
        Path(folder).chmod(0o755)
    if not (place / powershell.PROGRAM).exists():
        _compile(place / powershell.PROGRAM, (*_START, "-DPWSH"))
