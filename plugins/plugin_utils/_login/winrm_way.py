# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: how the inventory gets to a WinRM server, as what its library needs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .login import Target

if TYPE_CHECKING:
    from requests import Session

Method = Literal["basic", "ntlm"]


@dataclass(frozen=True)
class WinrmWay:
    """The server and the method; ``options`` are the library's own, as the inventory has them, without an account."""

    target: Target
    scheme: Literal["http", "https"]
    path: str
    method: Method
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where requests go."""
        address = f"[{self.target.address}]" if ":" in self.target.address else self.target.address
        return f"{self.scheme}://{address}:{self.target.port}/{self.path.lstrip('/')}"


class Client(Protocol):
    """A library's client with one account and one password, on a connection of its own."""

    @property
    def session(self) -> Session:
        """What its requests go through; nothing was sent yet."""

    def ask(self, message: bytes) -> None:
        """Log in and send a message, encrypted where the inventory says so. Raises whatever the library raises."""

    def run(self, script: str) -> str:
        """Run a PowerShell script and return its output. Raises whatever the library raises."""


class MakeClient(Protocol):
    """What makes a library's client. It may raise what the library raises, and LoginError without the library."""

    def __call__(self, way: WinrmWay, password: str, timeout: float) -> Client:
        """Return a new client, whose requests may take so many seconds."""
