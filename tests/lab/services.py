"""The servers of the lab's cloud, as processes in the cloud's network namespace: a table, and how one is run."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.network import GATEWAY, dnsmasq_command, in_cloud
from lab.paths import Paths
from lab.process import LabError

_READY_WITHIN = 15.0


@dataclass(frozen=True)
class Service:
    """A server: how to start it, and how to see that it answers."""

    name: str
    command: Callable[[Paths], tuple[str, ...]]
    answers: Callable[[Paths], bool]


def _python_service(name: str) -> Service:
    """A service that is the module ``lab.NAME`` and has its control socket at ``NAME.sock``."""
    return Service(
        name,
        command=lambda paths: in_cloud(sys.executable, "-m", f"lab.{name}", "--state", str(paths.state)),
        answers=lambda paths: accepts_unix(paths.service_socket(name)),
    )


def accepts_unix(path: Path) -> bool:
    """Whether somebody answers at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def _accepts_dns(_paths: Paths) -> bool:
    with socket.socket(socket.AF_INET) as connection:
        return connection.connect_ex((GATEWAY, 53)) == 0


DNSMASQ = Service("dnsmasq", command=dnsmasq_command, answers=_accepts_dns)
SERVICES = (DNSMASQ, _python_service("metadata"), _python_service("bucket"), _python_service("cloud"))


class RunningService:
    """A service's process."""

    def __init__(self, service: Service, paths: Paths) -> None:
        self.service = service
        self._paths = paths
        self._process: asyncio.subprocess.Process | None = None

    @property
    def state(self) -> str:
        """In a word, for people."""
        if self._process is None:
            return "not started"
        status = self._process.returncode
        return "running" if status is None else f"ended with status {status}"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with self._paths.service_log(self.service.name).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", "--"),
                *self.service.command(self._paths),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        await self._wait_until_it_answers(self._process)

    async def restart(self) -> None:
        """Let it read its configuration again."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self.start()

    async def _wait_until_it_answers(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _READY_WITHIN
        while not self.service.answers(self._paths):
            if process.returncode is not None or loop.time() > deadline:
                raise LabError(f"the service '{self.service.name}' did not come up ({self.state}): {self._log_end()}")
            await asyncio.sleep(0.02)

    def _log_end(self) -> str:
        return " / ".join(self._paths.service_log(self.service.name).read_text(errors="replace").splitlines()[-5:])
