# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that are measured on, fresh when a contender starts, and the package that is served to all."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from lab import control, lifecycle
from lab.bucket_client import BucketControl, ServedPackage
from lab.client import Host, Lab
from lab.hosts import light_wanted
from lab.package_options import PackageOptions
from lab.paths import Paths

PACKAGE = PackageOptions(padding=8 * 1024 * 1024)

_AT_ONCE = 8
# By the state on disk, past every contender's own judgement: prints what is wrong.
_PROVE = """
agent=/CloudrResetPwdAgent
[ -s $agent/conf/wrapper.conf ] || echo "wrapper.conf is missing"
[ "$(stat -c %a $agent/bin/cloudResetPwdAgent.script $agent/bin/wrapper | sort -u)" = 700 ] || echo "bin is not 700"
[ "$(find $agent/lib -type f -exec stat -c %a {} + | sort -u)" = 600 ] || echo "lib is not 600"
[ "$(du -sm $agent | cut -f 1)" -ge 8 ] || echo "the padding is missing"
ls /etc/rc3.d/S??cloudResetPwdAgent >/dev/null || echo "it does not start at boot"
[ ! -e /.cloudreset ] && [ ! -e /root/.CloudResetPwdAgent ] || echo "there is something left over"
"""


@contextmanager
def prepared(count: int, say: Callable[[str], None]) -> Iterator[Lab]:
    """A lab with so many light hosts, the bench's package in its bucket, and nobody else's bench on it.

    It is taken down in the end if it was not up before.
    """
    paths = Paths.from_environment()
    was_up = control.is_up(paths)
    try:
        lifecycle.up(paths, light_wanted(count), say)
        with _locked("bench"), _locked("test-bucket"), _package(paths, say):
            yield Lab.connect(paths)
    finally:
        if not was_up:
            lifecycle.down(paths, say)


def light_hosts(lab: Lab, count: int) -> list[Host]:
    """The first light hosts."""
    wanted = {host.name for host in light_wanted(count)}
    return [host for host in lab.hosts if isinstance(host, Host) and host.name in wanted]


def refresh(hosts: Sequence[Host]) -> None:
    """Give each a fresh root file system."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(Host.restore, hosts))


def prove_installed(hosts: Sequence[Host]) -> list[str]:
    """Return what is wrong with the agent on the hosts, whoever installed it."""

    def wrong(host: Host) -> list[str]:
        return [f"{host.name}: {line}" for line in host.sh(_PROVE, check=False).stdout.splitlines()]

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [line for lines in pool.map(wrong, hosts) for line in lines]


@contextmanager
def _package(paths: Paths, say: Callable[[str], None]) -> Iterator[ServedPackage]:
    """Serve the bench's package, and in the end again what was served before."""
    bucket = BucketControl(paths.service_socket("bucket"))
    before = bucket.package(PACKAGE.variant)
    served = bucket.serve(PACKAGE)
    say(f"The bucket serves a package of {served.size:,} bytes.")
    try:
        yield served
    finally:
        bucket.serve(before.options)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Alone on this machine; the bucket's lock is the one that the integration tests take."""
    with (Path(tempfile.gettempdir()) / f"cloudreset-{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
