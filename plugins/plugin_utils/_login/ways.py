# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how the inventory's connection gets to a host, as what a login check needs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .login import LoginError, Transport
from .ssh_ways import by_paramiko, by_ssh
from .winrm_ways import by_psrp, by_winrm


@dataclass(frozen=True)
class _Connection:
    """A kind of connection: what makes its transport, and where it keeps its time-out."""

    make: Callable[[Any, str | None], Transport]
    timeout_option: str
    default_seconds: int


_CONNECTIONS: Mapping[str, _Connection] = {
    "ssh": _Connection(by_ssh, "timeout", 10),
    "paramiko": _Connection(by_paramiko, "timeout", 10),
    "winrm": _Connection(by_winrm, "connection_timeout", 30),
    "psrp": _Connection(by_psrp, "connection_timeout", 30),
}


def transport_of(connection: Any, user: str | None) -> Transport:
    """Return what logs in over a connection, as ``user`` if given, else as the connection's.

    Raises LoginError for a connection that takes no password, or none that is known here.
    """
    known = _CONNECTIONS.get(connection.transport)
    if known is None:
        raise LoginError(
            f"The connection is {connection.transport!r}, over which no login can be tried; "
            f"use one of {', '.join(_CONNECTIONS)}."
        )
    return known.make(connection, user)


def timeout_of(connection: Any) -> int:
    """Return the connection's time-out in seconds."""
    known = _CONNECTIONS[connection.transport]
    return int(connection.get_option(known.timeout_option) or known.default_seconds)
