# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many worker processes at once, forked like Ansible's: one of them works, all of them have the answer."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.package.package_lab import SIDECAR, ZIP, Bucket, Fault, Order, linux_zip

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package import run
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import CacheError, PackageError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import (
    PackageRequest,
    default_run_id,
    obtain,
    payload,
    wanted_digest,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.lock import Locks

pytestmark = pytest.mark.slow

Make = Callable[..., PackageRequest]
FORK = multiprocessing.get_context("fork")
WORKERS = 20


def together(work: Callable[[int], Any]) -> list[Any]:
    """What each of 20 forked processes, started on one signal, made of its number; errors as their text."""
    gate, answers = FORK.Event(), FORK.Queue()

    def worker(number: int) -> None:
        gate.wait(30)
        try:
            answers.put(work(number))
        except PackageError as error:
            answers.put(f"{type(error).__name__}: {error}")

    processes = [FORK.Process(target=worker, args=(number,)) for number in range(WORKERS)]
    for process in processes:
        process.start()
    gate.set()
    found = [answers.get(timeout=60) for _any in processes]
    for process in processes:
        process.join(30)
    return found


def quiet(_line: str) -> None:
    pass


def test_twenty_workers_make_one_request_each(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip(500_000))
    bucket.orders[ZIP].faults = [Fault(pause=0.05)]
    bucket.orders[SIDECAR].faults = [Fault(hang=0.3)]
    request = request_for(base_url=bucket.url)

    def work(_number: int) -> tuple[str, str, bytes]:
        wanted = wanted_digest(request)
        package = obtain(request, quiet)
        return wanted, package.sha256, payload(package, compress=True).read_bytes()[-8:]

    answers = together(work)
    assert {answer[:2] for answer in answers} == {(digest, digest)}
    assert len({answer[2] for answer in answers}) == 1
    assert (bucket.count(ZIP), bucket.count(SIDECAR)) == (1, 1)


def test_twenty_workers_wait_once_for_a_server_that_says_nothing(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip())
    bucket.orders[SIDECAR].faults = [Fault(hang=2) for _any in range(100)]
    request = request_for(base_url=bucket.url, timeout=1)
    begun = time.monotonic()
    answers = together(lambda _number: wanted_digest(request))
    assert len(set(answers)) == 1
    assert "did not answer in time" in answers[0]
    assert bucket.count(SIDECAR) == 4
    assert time.monotonic() - begun < 12


def test_twenty_workers_share_a_mismatch(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip(), b"2" * 64)
    request = request_for(base_url=bucket.url)
    answers = together(lambda _number: obtain(request, quiet))
    assert {answer.partition(":")[0] for answer in answers} == {"ChecksumError"}
    assert bucket.count(ZIP) == 1


def test_twenty_runs_at_once_share_one_download(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip(300_000))
    answers = together(lambda n: obtain(request_for(base_url=bucket.url, run_id=f"run {n}"), quiet).sha256)
    assert answers == [digest] * WORKERS
    assert bucket.count(ZIP) == 1
    assert bucket.count(SIDECAR) == WORKERS


def test_variants_do_not_mix(bucket: Bucket, request_for: Make) -> None:
    bucket.publish(linux_zip())
    for suffix in ("", ".sha256"):
        bucket.orders["/arm" + ZIP + suffix] = Order(b"")
    arm = linux_zip(10)
    bucket.orders["/arm" + ZIP].body = arm
    bucket.publish(linux_zip())
    bucket.publish(arm, prefix="/arm")
    variants = ["linux/64", "arm/linux/64"]
    answers = together(lambda n: obtain(request_for(base_url=bucket.url, variant=variants[n % 2]), quiet))
    assert len({answer.sha256 for answer in answers}) == 2
    assert all((answer.variant == "linux/64") == ("/arm/" not in answer.source) for answer in answers)


def test_the_next_worker_takes_over_from_a_killed_one(bucket: Bucket, request_for: Make) -> None:
    digest = bucket.publish(linux_zip(2_000_000))
    bucket.orders[ZIP].faults = [Fault(pause=0.2)]
    request = request_for(base_url=bucket.url)
    first = FORK.Process(target=obtain, args=(request, quiet))
    first.start()
    while bucket.count(ZIP) == 0:
        time.sleep(0.01)
    threading.Timer(0.5, first.kill).start()
    assert obtain(request, quiet).sha256 == digest
    first.join(10)
    assert first.exitcode == -9
    assert bucket.count(ZIP) == 2


def test_waiting_ends_when_the_holder_stalls_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    stalled = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(stalled, fcntl.LOCK_EX)
    begun = time.monotonic()
    with pytest.raises(CacheError, match="without progress"), Locks(stall=0.3).hold(path):
        pass
    assert 0.3 <= time.monotonic() - begun < 2

    def beat() -> None:
        for _any in range(4):
            time.sleep(0.5)
            os.utime(stalled)
        os.close(stalled)

    threading.Thread(target=beat).start()
    with Locks(stall=1.0).hold(path):
        assert time.monotonic() - begun > 2.0


def test_a_waiter_with_a_lock_of_its_own_keeps_it_alive(tmp_path: Path) -> None:
    locks = Locks(stall=5)
    with locks.hold(tmp_path / "lock"):
        os.utime(tmp_path / "lock", (1, 1))
        locks._beaten = 0.0
        locks.beat()
        assert time.time() - (tmp_path / "lock").stat().st_mtime < 5


def test_the_run_is_the_parent_process(tmp_path: Path) -> None:
    code = (
        "from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.fetch import default_run_id\n"
        "import os\n"
        "for n in range(2):\n"
        "    if os.fork() == 0:\n"
        "        print(default_run_id(), flush=True)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    runs = []
    for _any in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=child_env())
        first, second = done.stdout.split()
        assert first == second
        runs.append(first)
    assert runs[0] != runs[1]
    assert str(os.getppid()) in default_run_id().split("/")


def test_the_run_without_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "_PROC", tmp_path)
    by_ps = default_run_id()
    assert by_ps == default_run_id()
    assert "/alone/" not in by_ps
    monkeypatch.setenv("PATH", str(tmp_path))
    assert default_run_id() != default_run_id()


def child_env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
