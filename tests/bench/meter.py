# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one command cost: time on the clock, the controller's CPU, bytes on the hosts' links.

CPU is that of a cgroup (v2, which accounts without a controller being enabled): every process that the command
started is in it, those that ended and those that detached included, ssh's ControlPersist masters above all. The kernel
charges a packet's way into the other end of a veth pair to whoever sent it, so some of the hosts' share is in it, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import cgroups
from lab.client import AnyHost
from lab.network import CLOUD
from lab.paths import Paths
from lab.process import run

# Puts itself into the cgroup, then becomes the command.
_JOIN_AND_BECOME = 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"'


@dataclass(frozen=True)
class Command:
    """What a contender starts for one job."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Cost:
    """What a command took, over all hosts. ``sent`` is from the controller to the hosts, ``hosts_cpu_s`` is in them."""

    wall_s: float
    cpu_s: float
    hosts_cpu_s: float
    sent: int
    received: int


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    status: int
    output: str
    cost: Cost


class Meter:
    """Runs commands one at a time and tells what they cost."""

    def __init__(self, paths: Paths, hosts: Sequence[AnyHost]) -> None:
        self._group = cgroups.lab_group(paths).parent / f"cloudreset-bench-{os.getpid()}"
        self._host_groups = [cgroups.lab_group(paths) / host.name for host in hosts]
        self._ports = {_port(host) for host in hosts}

    def run(self, command: Command, timeout: float) -> Finished:
        """Run a command to its end; what it leaves running is ended after the count."""
        with self._fresh_group():
            before = self._bytes()
            hosts_before = self._hosts_cpu_seconds()
            began = time.monotonic()
            done = subprocess.run(
                ["sh", "-c", _JOIN_AND_BECOME, "bench", str(self._group), *command.argv],
                cwd=command.folder,
                env=command.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
            wall = time.monotonic() - began
            cpu = _cpu_seconds(self._group)
            hosts_cpu = self._hosts_cpu_seconds() - hosts_before
            after = self._bytes()
        cost = Cost(wall, cpu, hosts_cpu, after[0] - before[0], after[1] - before[1])
        return Finished(done.returncode, done.stdout, cost)

    @contextmanager
    def _fresh_group(self) -> Iterator[None]:
        self._group.mkdir()
        try:
            yield
        finally:
            cgroups.kill(self._group)
            cgroups.wait_until_empty(self._group)
            cgroups.remove(self._group)

    def _hosts_cpu_seconds(self) -> float:
        return sum(_cpu_seconds(group) for group in self._host_groups)

    def _bytes(self) -> tuple[int, int]:
        """Bytes to and from the hosts so far, by the counters of their links' other ends."""
        links = json.loads(run("ip", "-n", CLOUD, "-json", "-stats", "link", "show"))
        counted = [link["stats64"] for link in links if link["ifname"] in self._ports]
        return sum(link["tx"]["bytes"] for link in counted), sum(link["rx"]["bytes"] for link in counted)


def _cpu_seconds(group: Path) -> float:
    fields = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return int(fields["usage_usec"]) / 1e6


def _port(host: AnyHost) -> str:
    """The name of a host's link at the bridge (lab.hosts.HostSpec.port)."""
    third, fourth = host.address.split(".")[2:]
    return f"clab-{third}-{fourth}"
