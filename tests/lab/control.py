"""Talking to the supervisor: one JSON line there, JSON lines back, over a socket that only root can open."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from lab.paths import Paths
from lab.process import LabError

_ANSWER_WITHIN = 600.0


def is_up(paths: Paths) -> bool:
    """Whether a supervisor answers."""
    try:
        request(paths, "ping")
    except (OSError, LabError):
        return False
    return True


def request(paths: Paths, verb: str, say: Callable[[str], None] = lambda _text: None, **arguments: Any) -> Any:
    """Ask the supervisor for something and wait for it; what it tells on the way goes to `say`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_WITHIN)
        try:
            connection.connect(str(paths.control))
        except OSError as error:
            raise LabError("the lab is not up: start it with 'make lab'") from error
        connection.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
        with connection.makefile() as lines:
            return _read_answer(verb, lines, say)


def _read_answer(verb: str, lines: Any, say: Callable[[str], None]) -> Any:
    for line in lines:
        message = json.loads(line)
        if "error" in message:
            raise LabError(message["error"])
        if "result" in message:
            return message["result"]
        say(message["progress"])
    raise LabError(f"the lab's supervisor ended while it was asked for '{verb}'")
