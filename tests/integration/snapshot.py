# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies on a guest's disk, to say that nothing of it changed."""

from __future__ import annotations

from lab.client import Host

# Other file systems, and what a host or a login writes by itself.
_OWN = ("/proc", "/sys", "/dev", "/run", "/var/log", "/var/lib/systemd", "/var/lib/private", "/var/cache")
_OWN_LINES = ("/tmp d ", "/var/tmp d ", "/tmp/systemd-private-", "/var/tmp/systemd-private-")
_SKIP = " -o ".join(f"-path {path}" for path in _OWN)


def snapshot(host: Host, *, times: bool = False) -> frozenset[str]:
    """Every file with type, mode, owner, size and time, and every link with its target.

    Of folders and links the times only with `times`. Needs find as GNU has it.
    """
    time = " %T@" if times else ""
    kinds = {"f": "%p %y %m %U %s %T@", "l": f"%p %y %U %l{time}", "d": f"%p %y %m %U{time}"}
    printed = " -o ".join(f"-type {kind} -printf '{line}\\n'" for kind, line in kinds.items())
    script = f"find / -xdev \\( {_SKIP} \\) -prune -o {printed}"
    return frozenset(line for line in host.sh(script).stdout.splitlines() if not line.startswith(_OWN_LINES))
