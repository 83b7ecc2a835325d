# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab keeps its own promises: what the other tests stand on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest
from waiting import wait_for

from lab.client import Host, Lab
from lab.flavours import FLAVOURS
from lab.process import LabError

FULL = [name for name, flavour in FLAVOURS.items() if flavour.group == "full" and name != "debian12"]
METADATA = "timeout 2 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'"
BUCKET = "timeout 2 bash -c 'exec 3<>/dev/tcp/10.213.0.2/443'"


def ssh(lab: Lab, host: Host, user: str, command: str, *, password: str = "") -> subprocess.CompletedProcess[str]:
    known = ["-o", f"UserKnownHostsFile={lab.known_hosts}", "-o", "StrictHostKeyChecking=yes"]
    way = ["-o", "PubkeyAuthentication=no"] if password else ["-i", str(lab.key), "-o", "BatchMode=yes"]
    argv = [*(["sshpass", "-e"] if password else []), "ssh", *known, *way, f"{user}@{host.address}", command]
    environment = {**os.environ, "SSHPASS": password}
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL, timeout=30
    )


def reaches(host: Host, what: str) -> bool:
    return host.sh(what, check=False).returncode == 0


@pytest.mark.parametrize("name", FULL)
def test_every_flavour_reboots_from_inside_and_keeps_its_disk(take: Callable[[str], Host], name: str) -> None:
    host = take(name)
    before = host.boot_id()
    writable = not FLAVOURS[name].read_only
    if writable:
        host.write("/var/kept", "yes")
    host.sh("/sbin/reboot", check=False)  # by its path: busybox' sh would take its own applet
    host.wait_boot(before)
    assert host.boot_id() != before
    assert not writable or host.sh("cat /var/kept").stdout == "yes"


def test_reboot_from_outside_soft_and_hard(host: Host) -> None:
    for hard in (False, True):
        before = host.boot_id()
        host.reboot(hard=hard)
        assert host.boot_id() != before


def test_power_off_inside_stops_it_and_start_keeps_the_disk(host: Host) -> None:
    host.write("/kept", "yes")
    host.stop()
    assert host.state() == "stopped"
    with pytest.raises(LabError, match="stopped"):
        host.sh("true")
    host.start()
    assert host.sh("cat /kept").stdout == "yes"


def test_restore_gives_a_fresh_disk_and_keeps_the_identity(lab: Lab, host: Host) -> None:
    host.sh("echo root:Another-1 | chpasswd && touch /etc/trace")
    host.restore()
    assert not reaches(host, "test -e /etc/trace")
    assert ssh(lab, host, "root", "id -u", password="Lab-Root-1").stdout == "0\n"


def test_egress_blocks_what_it_says_and_survives_a_reboot(lab: Lab, host: Host) -> None:
    assert reaches(host, METADATA)
    host.egress("deny tcp 169.254.169.254/32 80, allow any")
    assert not reaches(host, METADATA)
    assert reaches(host, BUCKET)
    host.reboot()
    assert not reaches(host, METADATA)
    host.egress("deny")
    assert not reaches(host, BUCKET)
    assert ssh(lab, host, "root", "true").returncode == 0, "answers to connections from outside pass"
    host.egress("allow")
    assert reaches(host, METADATA)


def test_egress_is_out_of_the_guests_reach(host: Host) -> None:
    host.egress("deny")
    host.sh("ip link set eth0 down && ip link set eth0 up")
    # networkd refuses while it has not taken in that the link went away and came back.
    wait_for(lambda: host.sh("networkctl reconfigure eth0", check=False).returncode == 0)
    host.wait_up()
    assert not reaches(host, BUCKET)


@pytest.mark.parametrize("rules", ["maybe", "allow tcp any 80-", "deny any 80", "allow 300.1.1.1"])
def test_a_wrong_egress_rule_is_refused_in_one_sentence(host: Host, rules: str) -> None:
    with pytest.raises(LabError, match="egress rule"):
        host.egress(rules)


@pytest.mark.parametrize(
    ("user", "password", "command", "output"),
    [
        ("root", "", "id -u", "0\n"),
        ("root", "Lab-Root-1", "id -u", "0\n"),
        ("deployer", "", "sudo -n id -u", "0\n"),
        ("operator", "", "echo Lab-Operator-1 | sudo -S -p '' id -u", "0\n"),
        ("operator", "Lab-Operator-1", "id -un", "operator\n"),
        ("plain", "", "echo Lab-Root-1 | su -c 'id -u'", "0\n"),
        ("cshuser", "", "sudo -n id -u; echo $shell", "0\n/usr/bin/tcsh\n"),
        ("fishuser", "", "sudo -n id -u; echo $FISH_VERSION | string match -q '*.*'; and echo fish", "0\nfish\n"),
    ],
)
def test_users(lab: Lab, host: Host, user: str, password: str, command: str, output: str) -> None:
    assert ssh(lab, host, user, command, password=password).stdout == output


def test_users_that_are_in_the_way(lab: Lab, host: Host) -> None:
    noisy = ssh(lab, host, "noisy", "umask; echo $TMPDIR")
    assert noisy.stdout.startswith("Welcome back")
    assert noisy.stdout.endswith("0077\n/nowhere/tmp\n")
    assert "Authorised use only" in noisy.stderr
    assert "must have a tty" in ssh(lab, host, "ttyuser", "sudo -n id").stderr
    assert "password is required" in ssh(lab, host, "operator", "sudo -n id").stderr


@pytest.mark.parametrize(
    ("name", "question", "answer"),
    [
        ("debian13", ". /etc/os-release; echo $VERSION_ID", "13"),
        ("debian11", ". /etc/os-release; echo $VERSION_ID", "11"),
        ("sysv", "cat /proc/1/comm; command -v systemctl", "init"),
        (
            "busybox",
            "readlink -f /bin/sh; readlink -f /bin/tar; which bash perl python3",
            "/usr/local/lib/busybox\n" * 2,
        ),
        ("readonly", "awk '$2 == \"/\" {print substr($4, 1, 3)}' /proc/mounts", "ro,"),
        ("selinux", "cat /sys/fs/selinux/enforce; echo 0 >/sys/fs/selinux/enforce; cat /sys/fs/selinux/enforce", "10"),
        ("smalldisk", "test $(df -Pk / | awk 'END {print $4}') -lt 204800 && echo small", "small"),
        ("static", "networkctl status eth0 | grep -c DHCP", "0"),
        ("nometadata", "ip route get 169.254.169.254 2>&1", "RTNETLINK answers: Network is unreachable"),
        ("python", "which python3 curl unzip", "/usr/bin/python3\n/usr/bin/curl\n/usr/bin/unzip"),
    ],
)
def test_flavours_are_what_they_say(take: Callable[[str], Host], name: str, question: str, answer: str) -> None:
    assert take(name).sh(question, check=False).stdout.strip() == answer.strip()


def test_the_default_host_is_minimal_and_has_a_real_lease(host: Host) -> None:
    assert host.sh("which python3 python curl wget unzip", check=False).stdout == ""
    assert int(host.sh("df -Pk / | awk 'END {print $4}'").stdout) > 400 * 1024
    assert "DHCP" in host.sh("networkctl status eth0").stdout
    assert "169.254.169.254 via 10.213.0.254" in host.sh("ip route").stdout


def test_hosts_have_no_way_out_of_the_lab(host: Host) -> None:
    assert not reaches(host, "timeout 2 bash -c 'exec 3<>/dev/tcp/1.1.1.1/443'")


def test_an_unknown_host_is_named_with_those_there_are(lab: Lab, host: Host) -> None:
    with pytest.raises(LabError, match=f"no host 'nobody'.*{host.name}"):
        lab.host("nobody")
