# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: security software that is known to keep the agent from its work, by its Windows services.

The vendor names Huorong ("Login with the New Password Fails", en-us_topic_0105187294); the others block programs that
register services or change accounts in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping

SERVICES: Mapping[str, str] = {
    "HipsDaemon": "Huorong",
    "hrwfpdrv": "Huorong",
    "ZhuDongFangYu": "360 Total Security",
    "360rp": "360 Antivirus",
    "QQPCRTP": "Tencent PC Manager",
    "kxescore": "Kingsoft Antivirus",
    "SafeDogGuardCenter": "Safedog",
    "SafeDogUpdateCenter": "Safedog",
}
