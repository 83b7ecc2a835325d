"""The hosts as the lab's services see them: hosts.json, which the supervisor writes anew when there is another one."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class ListedHost:
    """What a service knows about a host."""

    name: str
    address: str
    uuid: str
    flavour: str
    system: str = "Linux"


_KEYS = tuple(field.name for field in fields(ListedHost))


class HostsFile:
    """The hosts of the file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._hosts: tuple[ListedHost, ...] = ()

    def all(self) -> tuple[ListedHost, ...]:
        """The hosts, in order. Raises OSError if there is no file."""
        stat = self.path.stat()
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._stamp:
            rows = json.loads(self.path.read_text("utf-8"))
            self._hosts = tuple(ListedHost(**{key: row[key] for key in _KEYS if key in row}) for row in rows)
            self._stamp = stamp
        return self._hosts
