"""setup.sh and the service script, run for real in a throw-away copy of this machine (overlay in a mount namespace).

The whole proof, with boots and real password changes, is on the lab's hosts; this is the quick one.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.lab.support import Metadata

from lab.package import build
from lab.package_options import OLD_PACKAGE, PackageOptions

IN_ROOT = r"""
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
mkdir -p "$1/root/pk" "$1/root/usr/local/sbin" "$1/root/etc/init.d"
python3 -m zipfile -e "$2" "$1/root/pk"
printf '#!/bin/sh\ncat >>/given\n' >"$1/root/usr/local/sbin/chpasswd"
chmod 755 "$1/root/usr/local/sbin/chpasswd"
mount -t proc proc "$1/root/proc"
mount --bind /dev "$1/root/dev"
exec chroot "$1/root" "$4" -c "cd /pk/CloudResetPwdAgent && $3"
"""

UNSHARE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
SETUP = "cd CloudResetPwdAgent.Linux && sh setup.sh </dev/null; echo status $?;"
HEALTHY = """\
Detected Ubuntu or Debian:
Installing the cloudResetPwdAgent daemon using init.d..
Starting cloudResetPwdAgent...
Waiting for cloudResetPwdAgent......
WARNING: cloudResetPwdAgent may have failed to start.
/pk/CloudResetPwdAgent/CloudResetPwdAgent.Linux
cloudResetPwdAgent install successfully.
status 0
"""

InRoot = Callable[..., str]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="a chroot needs root")]


@pytest.fixture
def in_root(tmp_path: Path, cache: Path) -> InRoot:
    def run(options: PackageOptions, script: str, shell: str = "/bin/sh") -> str:
        place = tmp_path / "place"
        place.mkdir()
        built = build(options, tmp_path / "package.zip", cache)
        done = subprocess.run(
            [*UNSHARE, "sh", "-c", IN_ROOT, "sh", str(place), str(built.path), script, shell],
            env={"PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if "overlay: permission denied" in done.stdout:
            pytest.skip("no overlays here")
        return done.stdout

    return run


@pytest.fixture
def healthy(metadata: Metadata) -> PackageOptions:
    return PackageOptions(address="127.0.0.1", port=metadata.port, tries=1, delay_ms=1, wait_interval=0.2)


def changed(options: PackageOptions, **changes: object) -> PackageOptions:
    return PackageOptions(**{**options.__dict__, **changes})


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash"])
def test_healthy_install(in_root: InRoot, healthy: PackageOptions, metadata: Metadata, shell: str) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    said = in_root(
        healthy,
        SETUP + "readlink /etc/init.d/cloudResetPwdAgent; cat /given; stat -c '%a %n' /CloudrResetPwdAgent/bin/* "
        "/CloudrResetPwdAgent/lib/wrapper.jar; ls /CloudrResetPwdAgent/bin",
        shell,
    )
    assert said == HEALTHY + (
        "/CloudrResetPwdAgent/bin/./cloudResetPwdAgent.script\n"
        "root:New-Secret-1\n"
        "755 /CloudrResetPwdAgent/bin/cloudResetPwdAgent.script\n"
        "755 /CloudrResetPwdAgent/bin/wrapper\n"
        "644 /CloudrResetPwdAgent/lib/wrapper.jar\n"
        "cloudResetPwdAgent.script\nwrapper\n"
    )


@pytest.mark.parametrize(
    ("command", "output", "status"),
    [
        ("status", "cloudResetPwdAgent is not running.", 1),
        ("install", "The cloudResetPwdAgent daemon is already installed.", 1),
        ("restart", "WARNING: cloudResetPwdAgent may have failed to start.", 1),
        ("start", "WARNING: cloudResetPwdAgent may have failed to start.", 1),
        ("stop", "cloudResetPwdAgent was not running.", 0),
        ("condrestart", "cloudResetPwdAgent was not running.", 0),
        ("console", "", 0),
        ("reboot", "Unexpected command: reboot\n\nUsage: ", 1),
        ("remove", "Removing cloudResetPwdAgent daemon from init.d..", 0),
    ],
)
def test_commands(in_root: InRoot, healthy: PackageOptions, command: str, output: str, status: int) -> None:
    said = in_root(
        healthy,
        SETUP + f"cd /CloudrResetPwdAgent/bin; ./cloudResetPwdAgent.script {command}; echo status $?;"
        "test -d /CloudrResetPwdAgent && echo folder; test -L /etc/init.d/cloudResetPwdAgent && echo registered",
    ).removeprefix(HEALTHY)
    assert output in said
    left = "folder\n" if command == "remove" else "folder\nregistered\n"
    assert said.endswith(f"status {status}\n{left}")


@pytest.mark.parametrize(
    ("changes", "there", "missing", "status"),
    [
        ({"start": "fails"}, "Failed to start service cloudResetPwdAgent", "WARNING", 0),
        ({"start": "fails"}, "cloudResetPwdAgent install successfully.", "install failed", 0),
        ({"setup": "fails"}, "cloudResetPwdAgent install failed.", "successfully", 1),
        ({"setup": "half"}, "cloudResetPwdAgent install successfully.", "/CloudrResetPwdAgent/lib/wrapper.jar", 0),
        ({"setup": "silent"}, "/CloudrResetPwdAgent/lib/wrapper.jar", "successfully", 0),
        ({"setup": "needs_tty"}, "not a terminal", "/CloudrResetPwdAgent/lib/wrapper.jar", 1),
        ({"setup": "reads_stdin"}, "cloudResetPwdAgent install successfully.", "failed.", 0),
        ({"registration": "init"}, "/etc/rc3.d/S", "/etc/rc3.d/K", 0),
        ({"registration": "disabled"}, "/etc/rc3.d/K", "/etc/rc3.d/S", 0),
    ],
)
def test_switches(
    in_root: InRoot, healthy: PackageOptions, changes: dict[str, str], there: str, missing: str, status: int
) -> None:
    said = in_root(
        changed(healthy, **changes),
        SETUP + "for file in /CloudrResetPwdAgent/lib/wrapper.jar /etc/rc?.d/*cloudResetPwdAgent; do"
        ' [ ! -e "$file" ] || echo "$file"; done',
    )
    assert there in said
    assert missing not in said
    assert f"status {status}\n" in said


def test_from_another_folder_it_lies(in_root: InRoot, healthy: PackageOptions) -> None:
    said = in_root(healthy, "sh CloudResetPwdAgent.Linux/setup.sh; echo status $?; ls -d /CloudrResetPwdAgent")
    assert "cloudResetPwdAgent install successfully.\nstatus 0\n" in said
    assert "cannot access '/CloudrResetPwdAgent'" in said


def test_hanging_setup_has_a_child(in_root: InRoot, healthy: PackageOptions) -> None:
    said = in_root(
        changed(healthy, setup="hangs"),
        "cd CloudResetPwdAgent.Linux; sh setup.sh & sleep 1; grep -al 86400 /proc/[0-9]*/cmdline | wc -l",
    )
    assert int(said.splitlines()[-1]) >= 1


def test_old_package_installs_both(in_root: InRoot, healthy: PackageOptions) -> None:
    options = changed(healthy, update_agent=True, log4j=OLD_PACKAGE.log4j)
    said = in_root(
        options,
        "cd CloudResetPwdUpdateAgent.Linux; sh setup.sh; cd /CloudResetPwdUpdateAgent/bin;"
        "for word in status stop remove; do ./cloudResetPwdUpdateAgent.script $word; echo status $?; done;"
        "ls /CloudResetPwdUpdateAgent/lib /etc/init.d",
    )
    assert "cloudResetPwdUpdateAgent started: PID:" in said
    assert "cloudResetPwdAgent install successfully." in said
    assert "cloudResetPwdUpdateAgent is running: PID:" in said
    assert "Stopped cloudResetPwdUpdateAgent." in said
    assert "log4j-core-2.8.2.jar" in said
    after = said.rpartition("/etc/init.d:")[2]
    assert "cloudResetPwdAgent" in after
    assert "cloudResetPwdUpdateAgent" not in after


def test_backend_is_read_from_the_last_line(in_root: InRoot, healthy: PackageOptions) -> None:
    said = in_root(
        changed(healthy, backend="AUTO"),
        SETUP + "cat /CloudrResetPwdAgent/logs/wrapper.log;"
        "echo wrapper.backend.type=PIPE >>/CloudrResetPwdAgent/conf/wrapper.conf;"
        "/CloudrResetPwdAgent/bin/cloudResetPwdAgent.script restart; cat /CloudrResetPwdAgent/logs/wrapper.log",
    )
    before, _any, after = said.partition("Stopping cloudResetPwdAgent...")
    assert "backend AUTO" in before
    assert "listening on port 31" in before
    assert after.rstrip().splitlines()[-2].endswith("backend PIPE")
