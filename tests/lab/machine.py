"""A host that runs: one life of it from power on to power off, again and again while it reboots."""

from __future__ import annotations

import asyncio
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from lab import cgroups, network
from lab.disk import Disk
from lab.hosts import HostSpec
from lab.paths import Paths
from lab.process import LabError

_SOFT_WITHIN = 45.0
_DEAD_WITHIN = 15.0


class Machine(ABC):
    """One host's power switch, disk and life."""

    # What a guest's end means when it is neither switched off nor killed.
    reboot_status: int | None = None

    def __init__(self, spec: HostSpec, paths: Paths) -> None:
        self.spec = spec
        self.boots = 0
        self.failure = ""
        self._paths = paths
        self._group = cgroups.lab_group(paths) / spec.name
        self._disk: Disk | None = None
        self._life: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._again = False

    @abstractmethod
    async def _make_disk(self) -> Disk:
        """A fresh disk."""

    @abstractmethod
    async def _command(self, disk: Disk, namespace: Path) -> list[str]:
        """What boots the guest: it has a child that is process 1 of a namespace of its own."""

    @abstractmethod
    async def _ask_to_power_off(self) -> None:
        """Have the guest shut down."""

    @abstractmethod
    async def _ask_to_reboot(self) -> None:
        """Have the guest shut down and boot again."""

    def _environment(self) -> dict[str, str]:
        """The environment of the command that boots it."""
        return {"PATH": os.environ["PATH"]}

    @property
    def running(self) -> bool:
        """Whether it is powered on."""
        return self._life is not None and not self._life.done()

    @property
    def state(self) -> str:
        """In a word, for people."""
        return "running" if self.running else "failed" if self.failure else "stopped"

    @property
    def leader(self) -> int | None:
        """The process on this machine that is the guest's process 1."""
        process = self._process
        return _leader(process.pid) if process and process.returncode is None else None

    async def start(self) -> None:
        """Power it on; nothing if it is on."""
        if self.running:
            return
        if self._disk is None:
            self._disk = await self._make_disk()
        self.failure = ""
        before = self.boots
        self._life = asyncio.create_task(self._live(self._disk))
        await self._until(lambda: self.boots > before or not self.running, _SOFT_WITHIN)
        if self.failure:
            raise LabError(self.failure)

    async def stop(self, hard: bool = False) -> None:
        """Shut it down; pull the plug if asked to, or if it does not end in time."""
        if not self.running:
            return
        if not hard:
            await self._ask_to_power_off()
        if hard or not await self._until(lambda: not self.running, _SOFT_WITHIN):
            await self._pull_the_plug()

    async def reboot(self, hard: bool = False) -> None:
        """Reboot it as from the cloud's console; a hard reboot gives the guest no time."""
        if not self.running:
            raise LabError(f"'{self.spec.name}' is {self.state}, so it cannot be rebooted: start it")
        before = self.boots
        if hard:
            self._again = True
            cgroups.kill(self._group)
        else:
            await self._ask_to_reboot()
        if not await self._until(lambda: self.boots > before or not self.running, _SOFT_WITHIN):
            raise LabError(f"'{self.spec.name}' did not reboot within {_SOFT_WITHIN:.0f} s")
        if self.failure:
            raise LabError(self.failure)

    async def restore(self) -> None:
        """Throw its disk away and start it on a fresh one."""
        await self._pull_the_plug()
        if self._disk:
            self._disk.discard()
            self._disk = None
        await self.start()

    async def _live(self, disk: Disk) -> None:
        """Boot until the guest powers itself off; what goes wrong on the way is its failure."""
        try:
            status = await self._boot_again_and_again(disk)
        except (LabError, OSError) as error:
            self.failure = str(error)
            return
        if status not in (0, -signal.SIGKILL):
            self.failure = f"'{self.spec.name}' ended with status {status}; its console: {self._console_end()}"

    async def _boot_again_and_again(self, disk: Disk) -> int:
        status = 0
        self._again = True
        while self._again:
            self._again = False
            await network.plug(self.spec)
            try:
                status = await self._boot(disk)
            finally:
                await network.unplug(self.spec)
            self._again = self._again or status == self.reboot_status
        return status

    async def _boot(self, disk: Disk) -> int:
        await self._fresh_group()
        console = self._paths.console(self.spec.name)
        console.parent.mkdir(parents=True, exist_ok=True)
        with console.open("ab") as stream, network.namespace(self.spec) as namespace:
            self._process = await asyncio.create_subprocess_exec(
                *("setpriv", "--pdeathsig", "KILL", "--"),
                *await self._command(disk, namespace),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                pass_fds=(disk.descriptor,),
                env=self._environment(),
            )
            process = self._process
            await self._until(lambda: _leader(process.pid) is not None or process.returncode is not None, _SOFT_WITHIN)
        if process.returncode is None:
            self.boots += 1
        return await process.wait()

    async def _fresh_group(self) -> None:
        """Remove what the boot before left: systemd wants an untouched cgroup, and the dead take a moment to go."""
        if not await self._until(lambda: cgroups.is_empty(self._group), _DEAD_WITHIN):
            raise LabError(f"'{self.spec.name}' cannot boot: processes of its last boot do not end")
        cgroups.remove(self._group)
        self._group.mkdir(parents=True)

    async def _pull_the_plug(self) -> None:
        """End it, also one that is only about to boot and has no process yet."""
        self._again = False
        while self._life and not self._life.done():
            cgroups.kill(self._group)
            await asyncio.wait([self._life], timeout=0.1)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            if loop.time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    def _console_end(self) -> str:
        return " / ".join(self._paths.console(self.spec.name).read_text(errors="replace").splitlines()[-5:])


def _leader(process: int) -> int | None:
    """The child of nspawn or unshare that is process 1 of a namespace of its own."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        for child in children:
            status = Path(f"/proc/{child}/status").read_text()
            numbers = status.partition("NSpid:")[2].split("\n", 1)[0].split()
            if len(numbers) > 1 and numbers[-1] == "1":
                return int(child)
    except (FileNotFoundError, ProcessLookupError):
        return None  # one of them ended while we looked
    return None
