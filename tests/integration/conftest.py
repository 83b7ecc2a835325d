# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab and the controller for the integration tests.

The session brings up the hosts that `hosts` names, and takes the lab down in the end if it was not up before (and the
environment has no CLOUDRESET_LAB_STAYS). A test takes hosts by name; each is fresh, and the test's alone, since the
tests run in parallel (pytest-xdist). Where no PowerShell is set for Windows hosts, there are none, and the tests that
take one are skipped; under CI that is an error.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from controller import ROOT, Controller
from own_bucket import OwnBucket, own_bucket

from lab.client import AnyHost, Host, Lab, WindowsHost
from lab.cloud.client import CloudControl
from lab.flavours import DEFAULT, DEFAULT_WINDOWS, FLAVOURS, FULL, WINDOWS
from lab.metadata_client import MetadataControl
from lab.process import LabError
from lab.windows import powershell

# Name and flavour. The plain ones are for the tests that need no special host.
PLAIN = ("plain1", "plain2", "plain3", "plain4")
SPECIAL = tuple(name for name, flavour in FLAVOURS.items() if flavour.group == FULL and name != DEFAULT)
PLAIN_WINDOWS = ("win1", "win2")
SPECIAL_WINDOWS = tuple(name for name, one in FLAVOURS.items() if one.group == WINDOWS and name != DEFAULT_WINDOWS)


def pytest_configure(config: pytest.Config) -> None:
    """Bring the lab up, once, before any worker starts."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    os.environ[powershell.VARIABLE] = subprocess.check_output([ROOT / "tests/tools/powershell"], text=True).strip()
    with_windows = powershell.folder() is not None
    if not with_windows and os.environ.get("CI") == "true":
        pytest.exit(f"no Windows hosts: {powershell.REMEDY}", returncode=pytest.ExitCode.INTERNAL_ERROR)
    if not with_windows:
        sys.stderr.write(f"\n!!! ALL TESTS OF WINDOWS HOSTS ARE SKIPPED: {powershell.REMEDY}\n\n")
    try:
        Lab.connect()
    except LabError:
        config.stash[_OURS] = True
    if _lab("up", "--hosts", ",".join(hosts(windows=with_windows))):
        pytest.exit("the lab did not come up; above is why", returncode=pytest.ExitCode.INTERNAL_ERROR)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take down what this session brought up, unless others are to use it."""
    if config.stash.get(_OURS, False) and "CLOUDRESET_LAB_STAYS" not in os.environ:
        _lab("down")


_OURS = pytest.StashKey[bool]()


def hosts(*, windows: bool) -> list[str]:
    """The hosts of the session, each as NAME=FLAVOUR or FLAVOUR."""
    linux = [*(f"{name}={DEFAULT}" for name in PLAIN), *SPECIAL]
    return [*linux, *(f"{name}={DEFAULT_WINDOWS}" for name in PLAIN_WINDOWS), *SPECIAL_WINDOWS] if windows else linux


def _lab(*words: str) -> int:
    environment = {**os.environ, "PYTHONPATH": "tests"}
    return subprocess.run([sys.executable, "-m", "lab", *words], cwd=ROOT, env=environment, check=False).returncode


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab that is up."""
    return Lab.connect()


@contextmanager
def _alone(lab: Lab, name: str) -> Iterator[AnyHost]:
    """A fresh host that no other test has until this one is done."""
    if name in (*PLAIN_WINDOWS, *SPECIAL_WINDOWS) and powershell.folder() is None:
        pytest.skip(f"there is no Windows host here: {powershell.REMEDY}")
    lock = lab.paths.state / f"test-{name}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        host = lab.any_host(name)
        CloudControl(lab.paths.service_socket("cloud")).forget(host.uuid)
        host.egress("allow")
        host.dhcp(on=True)
        MetadataControl(lab.paths.state / "metadata.sock").clear(host.name)
        host.restore()
        yield host


@contextmanager
def _lock(lab: Lab, name: str, kind: int) -> Iterator[None]:
    """What a service does is the same for all: tests that change it run alone, the others together."""
    file, gate = ((lab.paths.state / f"test-{name}.{end}").open("w") for end in ("lock", "gate"))
    with file, gate:
        # Who waits to be alone waits in the gate: else others would pass him, one after the other, without end.
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(file, kind)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


@pytest.fixture
def cloud(lab: Lab, request: pytest.FixtureRequest) -> Iterator[CloudControl]:
    """The cloud's controls, to look; what strikes all servers (faults, flow control, clock) is for cloud_alone."""
    alone = "cloud_alone" in request.fixturenames
    with _lock(lab, "cloud", fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
        yield CloudControl(lab.paths.service_socket("cloud"))


@pytest.fixture
def cloud_alone(cloud: CloudControl) -> Iterator[CloudControl]:
    """The cloud's controls, for one test at a time."""
    cloud.reset()
    yield cloud
    cloud.reset()


@pytest.fixture
def cloud_access(request: pytest.FixtureRequest) -> None:
    """The right to use the cloud comes before any host, so that two tests never wait for each other.

    For the same reason a test takes hosts in one order: plain ones, then the special ones by name, then Windows hosts
    in the same way.
    """
    if {"cloud", "cloud_alone"} & set(request.fixturenames):
        request.getfixturevalue("cloud")


@pytest.fixture
def take(lab: Lab, cloud_access: None) -> Iterator[Callable[[str], AnyHost]]:
    """Takes a host by name for the length of the test."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(_alone(lab, name))


@pytest.fixture
def host_name(worker_id: str) -> str:
    """The name of a Debian 12 without Python, another one for each worker."""
    return PLAIN[_number(worker_id) % len(PLAIN)]


@pytest.fixture
def host(take: Callable[[str], Host], host_name: str) -> Host:
    """A fresh Debian 12 without Python."""
    return take(host_name)


@pytest.fixture
def winhost_name(worker_id: str) -> str:
    """The name of a Windows Server 2019, another one for each of two workers."""
    return PLAIN_WINDOWS[_number(worker_id) % len(PLAIN_WINDOWS)]


@pytest.fixture
def winhost(take: Callable[[str], WindowsHost], winhost_name: str) -> WindowsHost:
    """A fresh Windows Server 2019."""
    return take(winhost_name)


def _number(worker_id: str) -> int:
    return 0 if worker_id == "master" else int(worker_id.removeprefix("gw"))


@pytest.fixture
def controller(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Controller]:
    """A controller with an empty package cache. Its packages come from the test's own bucket, if that has one."""
    own = request.getfixturevalue("bucket") if "bucket" in request.fixturenames else None
    # Not pytest's tmp_path: a control socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    yield Controller(lab, folder, own.base_url if own else lab.base_url)
    shutil.rmtree(folder)


@pytest.fixture
def second(controller: Controller) -> Iterator[Controller]:
    """Another controller."""
    with tempfile.TemporaryDirectory(prefix="ct-", dir="/tmp") as folder:
        yield Controller(controller.lab, Path(folder), controller.base_url)


@pytest.fixture
def metadata(lab: Lab) -> MetadataControl:
    """The metadata service's controls. A test that changes a host's mode sets it back by clear."""
    return MetadataControl(lab.paths.state / "metadata.sock")


@pytest.fixture
def bucket(lab: Lab) -> Iterator[OwnBucket]:
    """A package bucket of the test's own."""
    with tempfile.TemporaryDirectory(prefix="cb-", dir="/tmp") as folder, own_bucket(lab, Path(folder)) as control:
        yield control
