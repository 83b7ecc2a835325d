# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the same matters are called, and how they are mended, on Linux and on Windows."""

from __future__ import annotations

from dataclasses import dataclass

from .known import Known


@dataclass(frozen=True)
class Words:
    """A system's words. Each is part of a sentence or a whole one, as triage.py puts it."""

    user: str
    locked: str
    renew: str
    other_passwords: str
    cloud_init: str
    tame_cloud_init: str
    untangle: str


LINUX = Words(
    user="root",
    locked="locked. Unlock it (passwd -u root), or reset again with a new generation.",
    renew="See chage -l root and set a later day (chage -E -1 -M 99999).",
    other_passwords="where sshd and PAM take passwords from besides /etc/shadow",
    cloud_init="cloud-init",
    tame_cloud_init="Take password and chpasswd out of its settings, set lock_passwd: false",
    untangle="Take password and chpasswd out of them",
)
_PLUGIN = "Take SetUserPasswordPlugin out of the plugins in cloudbase-init.conf"
WINDOWS = Words(
    user="Administrator",
    locked="disabled or locked out. Enable it (net user Administrator /active:yes), or wait until the lockout is over.",
    renew="See net user Administrator, and let neither expire (net user Administrator /expires:never).",
    other_passwords="whether another account has the same name, such as a domain's",
    cloud_init="Cloudbase-Init",
    tame_cloud_init=_PLUGIN,
    untangle=_PLUGIN,
)


def words(known: Known) -> Words:
    """Return the words of a server's system."""
    return WINDOWS if known.windows else LINUX
