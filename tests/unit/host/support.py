# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest answers, as the lines of its script; and a guest that answers so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import wire
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.facts import (
    AgentFacts,
    agent_facts,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.linux_facts import (
    NEEDED,
    LinuxFacts,
    linux_facts,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.system import LINUX, System

Values = str | Sequence[str] | None

NONCE = "0123456789abcdef"
SCRIPT = "bin/cloudResetPwdAgent.script"
WRAPPER = "bin/wrapper"
CONF = "conf/wrapper.conf"
JAR = "lib/agent.jar"
DIGESTS = {SCRIPT: "a1" * 32, WRAPPER: "b2" * 32, CONF: "c3" * 32, JAR: "d4" * 32}
PACKAGE = "ee" * 32
UUID = "8ae2549a-7b09-4787-8f25-4487d61be128"
OS = ["ID=debian", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"']


def lines_of(digests: Mapping[str, str]) -> list[str]:
    """The digests as sha256sum prints them."""
    return [f"{digest}  ./{name}" for name, digest in digests.items()]


HOST: Mapping[str, Values] = {
    "uid": "0",
    "architecture": "x86_64",
    "long_bit": "64",
    "boot_id": "b001",
    "os": OS,
    "memory_kb": "2000000",
    "root_options": "rw,relatime",
    "root_writable": "yes",
    "root_free_kb": "1048576",
    "init": "systemd",
    "tool": ["systemctl", "tar", "gzip"],
    "nic": "eth0",
    "mac": "fa:16:3e:00:00:01",
    "dhcp": "networkd-lease dhcp",
    "metadata": ["HTTP/1.1 200 OK", "Content-Type: application/json", "", f'{{"uuid": "{UUID}", "name": "one"}}'],
    "fingerprint": "1 2",
}
INSTALLED: Mapping[str, Values] = {
    "directory": "/CloudrResetPwdAgent",
    "present": [SCRIPT, WRAPPER, CONF],
    "digest": lines_of(DIGESTS),
    "record": [f"package {PACKAGE}", *lines_of(DIGESTS)],
    "backend": "wrapper.backend.type=PIPE",
    "registered": "unit",
    "enabled": "yes",
    "masked": "no",
}
ABSENT: Mapping[str, Values] = {**dict.fromkeys(INSTALLED), "registered": "none", "enabled": "no", "masked": "no"}


def text(values: Mapping[str, Values], nonce: str = NONCE) -> str:
    """What a guest's script prints."""
    lines = [wire.begin_marker(nonce)]
    for key, value in values.items():
        lines += [f"{key} {line}" for line in ([value] if isinstance(value, str) else value or ())]
    return "\n".join([*lines, wire.end_marker(nonce), ""])


def answer(base: Mapping[str, Values] | None = None, **changes: Values) -> wire.Answer:
    """A healthy guest with the agent, but for the changes: a value, several, or None: not told."""
    return wire.parse(text({**HOST, **INSTALLED, **(base or {}), **changes}), NONCE)


def host(base: Mapping[str, Values] | None = None, **changes: Values) -> LinuxFacts:
    return linux_facts(answer(base, **changes))


def agent(base: Mapping[str, Values] | None = None, **changes: Values) -> AgentFacts:
    return agent_facts(answer(base, **changes), NEEDED)


class CannedGuest:
    """Answers each script with the next of its texts; keeps what it was sent."""

    system: System = LINUX

    def __init__(self, *answers: Mapping[str, Values] | HostError) -> None:
        self._answers = list(answers)
        self.scripts: list[str] = []
        self.payloads: list[Path | None] = []

    def run(self, make_script: Callable[[str], str], payload: Path | None = None) -> wire.Answer:
        self.scripts.append(make_script(NONCE))
        self.payloads.append(payload)
        given = self._answers.pop(0)
        if isinstance(given, HostError):
            raise given
        return wire.parse(text(given), NONCE)

    @property
    def left(self) -> int:
        """How many answers were not asked for."""
        return len(self._answers)
