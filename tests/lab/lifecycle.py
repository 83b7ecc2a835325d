"""Bringing the lab up and down, as the command line and the tests do it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from lab import cleanup, control, images, keys, limits, requirements
from lab.cloud.account import profile_file
from lab.flavours import is_windows
from lab.hosts import Wanted
from lab.network import API, BUCKET
from lab.paths import Paths, write_atomically
from lab.process import LabError
from lab.windows import image as windows_image
from lab.windows import powershell

_SUPERVISOR_WITHIN = 30.0

Say = Callable[[str], None]


def up(paths: Paths, wanted: Sequence[Wanted], say: Say) -> Path:
    """Bring up the lab with these hosts, or add them to a running one; return the inventory."""
    windows = any(is_windows(host.flavour) for host in wanted)
    requirements.check(windows=windows)
    shell = powershell.needed() if windows else None
    with _exclusive(paths):
        images.ensure(paths, images.needed_for(host.flavour for host in wanted), say)
        if shell:
            windows_image.ensure(paths, shell, say)
        if not control.is_up(paths):
            _start_supervisor(paths, say)
        say(f"Starting {len(wanted)} host(s) …")
        control.request(paths, "add", say, hosts=[asdict(host) for host in wanted])
    return paths.inventory


def down(paths: Paths, say: Say) -> None:
    """Remove everything of the lab but its cache."""
    requirements.check()
    with _exclusive(paths):
        _clean(paths)
    say("The lab is down; nothing of it is left but its cache of root file systems.")


def _clean(paths: Paths) -> None:
    if problems := cleanup.take_down(paths):
        raise LabError("some of the lab could not be removed: " + "; ".join(problems))


def _start_supervisor(paths: Paths, say: Say) -> None:
    if cleanup.leftovers(paths):
        say("Removing what an earlier lab left behind …")
        _clean(paths)
    images.prune(paths, windows_image.current(paths))
    say("Starting the lab's network and services …")
    paths.state.mkdir(parents=True, mode=0o755)
    paths.marker.touch()
    limits.raise_limits(paths)
    keys.write_login_key(paths)
    keys.write_authority(paths, ("bucket.lab", "cloud.lab"), (BUCKET, API))
    write_atomically(paths.credentials, profile_file(), mode=0o600)
    with paths.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab.supervisor"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
    _wait_for(paths, process)


def _environment() -> dict[str, str]:
    """The supervisor's whole environment: nothing of the caller's gets into the lab but the places it uses."""
    paths = Paths.from_environment()
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(Path(__file__).parent.parent),
        "PYTHONUNBUFFERED": "1",
        "CLOUDRESET_LAB_STATE": str(paths.state),
        "CLOUDRESET_LAB_CACHE": str(paths.cache),
        powershell.VARIABLE: os.environ.get(powershell.VARIABLE, ""),
    }


def _wait_for(paths: Paths, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SUPERVISOR_WITHIN
    while not control.is_up(paths):
        if process.poll() is not None or time.monotonic() > deadline:
            end = " / ".join(paths.log.read_text(errors="replace").splitlines()[-5:])
            raise LabError(f"the lab's supervisor did not come up: {end}")
        time.sleep(0.05)


@contextmanager
def _exclusive(paths: Paths) -> Iterator[None]:
    """One 'up' or 'down' at a time."""
    paths.cache.mkdir(parents=True, exist_ok=True)
    with (paths.cache / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
