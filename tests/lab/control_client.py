"""JSON over HTTP over a Unix socket: how tests talk to a service of the lab."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

NEVER_ANSWERED = 499  # a status for the log: the client left before an answer began


class ControlError(Exception):
    """A service refused what a test asked of it."""


@dataclass(frozen=True)
class RequestRecord:
    """One request that a service received, in the order of arrival.

    `status` is None until the answer is made, and NEVER_ANSWERED if the client left before that.
    """

    time: float
    client: str
    method: str
    path: str
    host: str = ""
    range: str = ""
    user_agent: str = ""
    status: int | None = None
    sent: int = 0


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("lab", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class ControlClient:
    """The common part of the typed clients."""

    def __init__(self, socket_path: Path, timeout: float = 60) -> None:
        self._socket = socket_path
        self._timeout = timeout

    def ready(self) -> bool:
        """Whether the service listens."""
        try:
            self._call("GET", "/ready")
        except (ConnectionError, FileNotFoundError):
            return False
        return True

    def _call(self, method: str, path: str, body: object = None) -> Any:
        connection = _UnixConnection(self._socket, self._timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise ControlError(f"{method} {path} on {self._socket}: status {answer.status}: {text}")
        return json.loads(text)
