# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that are measured on, fresh when a contender starts, and the package that is served to all."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench import proof
from bench.fields import Field
from lab import control, lifecycle
from lab.bucket_client import BucketControl, ServedPackage
from lab.client import AnyHost, Lab
from lab.package_options import PackageOptions
from lab.paths import Paths
from lab.process import LabError

_AT_ONCE = 8


@contextmanager
def prepared(field: Field, count: int, say: Callable[[str], None]) -> Iterator[Lab]:
    """A lab with so many of the field's hosts, its package in the bucket, and nobody else's bench on it.

    It is taken down in the end if it was not up before.
    """
    paths = Paths.from_environment()
    was_up = control.is_up(paths)
    try:
        for program in field.needs:
            _run(program)
        lifecycle.up(paths, field.wanted(count), say)
        # The bucket's lock is the one that the integration tests take.
        bench, bucket = Path(tempfile.gettempdir()) / "cloudreset-bench.lock", paths.state / "test-bucket.lock"
        with _locked(bench, say), _locked(bucket, say), _package(paths, field.package, say):
            yield Lab.connect(paths)
    finally:
        if not was_up:
            lifecycle.down(paths, say)


def hosts(lab: Lab, field: Field, count: int) -> list[AnyHost]:
    """The field's first hosts."""
    wanted = {host.name for host in field.wanted(count)}
    return [host for host in lab.hosts if host.name in wanted]


def refresh(hosts: Sequence[AnyHost]) -> None:
    """Give each a fresh root file system."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(AnyHost.restore, hosts))


def prove_installed(hosts: Sequence[AnyHost]) -> list[str]:
    """Return what is wrong with the agent on the hosts, whoever installed it."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [line for lines in pool.map(proof.problems, hosts) for line in lines]


def _run(program: Path) -> None:
    if (status := subprocess.run([program], check=False).returncode) != 0:
        raise LabError(f"{program} ended with status {status}; above is why")


@contextmanager
def _package(paths: Paths, options: PackageOptions, say: Callable[[str], None]) -> Iterator[ServedPackage]:
    """Serve the bench's package, and in the end again what was served before."""
    bucket = BucketControl(paths.service_socket("bucket"))
    before = bucket.package(options.variant)
    served = bucket.serve(options)
    say(f"The bucket serves a package of {served.size:,} bytes.")
    try:
        yield served
    finally:
        bucket.serve(before.options)


@contextmanager
def _locked(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Alone on this machine."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for others to be done ({path}) …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
