# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package bucket of a test's own, beside the lab's: what it is told and asked concerns nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller import ROOT
from waiting import wait_for

from lab.bucket_client import BucketControl
from lab.client import Lab
from lab.network import in_cloud
from lab.services import accepts_unix


class OwnBucket(BucketControl):
    """The controls, and the address that a controller is given."""

    def __init__(self, socket: Path, base_url: str) -> None:
        super().__init__(socket)
        self.base_url = base_url


@contextmanager
def own_bucket(lab: Lab, folder: Path) -> Iterator[OwnBucket]:
    """Run one, with its socket in this folder."""
    # Another one for each process that runs tests, of which each has one bucket at a time.
    port = 10_000 + os.getpid() % 50_000
    (folder / "tls").symlink_to(lab.paths.tls)
    words = in_cloud(sys.executable, "-m", "lab.bucket", "--state", str(folder), "--port", str(port))
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": "tests"}
    )
    socket = folder / "bucket.sock"
    try:
        wait_for(lambda: accepts_unix(socket) or process.poll() is not None)
        assert process.poll() is None, "the bucket did not start; its output says why"
        yield OwnBucket(socket, f"{lab.base_url}:{port}")
    finally:
        process.kill()
        process.wait()
