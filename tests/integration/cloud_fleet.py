# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""More servers than the machine has room for: records of the lab's cloud, beside the lab's hosts."""

from __future__ import annotations

from lab.cloud.client import CloudControl
from lab.cloud.servers import Server


def beside(cloud: CloudControl, count: int = 40) -> list[Server]:
    """Declare so many records and return them; the hosts stay. They are gone when the cloud is reset."""
    records = [Server(f"record-{n:04}", name=f"record{n}", addresses=[f"10.213.8.{n}"]) for n in range(1, count + 1)]
    cloud.servers(*records)
    return records
