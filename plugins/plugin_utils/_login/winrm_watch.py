# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: looks on while a library talks to a WinRM server: which requests, which answers, how long.

It sits where requests hands a request on to the network, so that it sees what the library's handshakes send, too.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .winrm_words import Seen, has_password

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session


@dataclass
class Watch:
    """What a session's requests came to, until a moment of time.monotonic() after which none is sent any more."""

    deadline: float
    seen: list[Seen] = field(default_factory=list)
    given: bool = False

    def over(self, session: Session) -> None:
        """Look on at a session. It follows no redirection: the password is for this server."""
        session.max_redirects = 0
        for adapter in session.adapters.values():
            # In the object, not around it: an answer remembers its adapter, by which a handshake goes on.
            adapter.send = functools.partial(self._send, adapter.send)  # type: ignore[method-assign]

    def _send(self, send: Callable[..., Response], request: PreparedRequest, **keywords: Any) -> Response:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        given = has_password(request.headers.get("Authorization"))
        self.given = self.given or given
        response = send(request, **{**keywords, "timeout": left})
        self.seen.append(Seen(response.status_code, given, response.headers.get("WWW-Authenticate", "")))
        return response
