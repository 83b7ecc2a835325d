"""The pipes to and from a program."""

from __future__ import annotations

import asyncio
import fcntl
import os
from typing import cast

# So much of a stream waits for its reader; then the writer waits.
BUFFERED = 1 << 20


class Output(asyncio.Protocol):
    """A stream that a program writes."""

    def __init__(self, changed: asyncio.Event) -> None:
        self.ended = False
        self._changed = changed
        self._data = bytearray()
        self._transport: asyncio.ReadTransport | None = None
        self._paused = False

    def __len__(self) -> int:
        return len(self._data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is there."""
        self._transport = cast(asyncio.ReadTransport, transport)

    def data_received(self, data: bytes) -> None:
        """The program wrote something."""
        self._data += data
        self._changed.set()
        if self._transport and len(self._data) > BUFFERED:
            self._transport.pause_reading()
            self._paused = True

    def connection_lost(self, _error: Exception | None) -> None:
        """Nobody has the pipe open any more."""
        self.ended = True
        self._changed.set()

    def take(self, limit: int | None = None) -> bytes:
        """What has come, up to so many bytes."""
        data = bytes(self._data[:limit])
        del self._data[:limit]
        if self._paused and self._transport and len(self._data) < BUFFERED:
            self._transport.resume_reading()
            self._paused = False
        return data

    def close(self) -> None:
        """Read no more."""
        if self._transport:
            self._transport.close()


class Input(asyncio.BaseProtocol):
    """A stream that a program reads."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.WriteTransport | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pipe is there."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.set_write_buffer_limits(high=BUFFERED)

    def pause_writing(self) -> None:
        """The program is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The program has read on."""
        self._writable.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """The program reads no more."""
        self.closed = True
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Write, and wait while much is unread. Raises BrokenPipeError if nobody reads."""
        if self.closed or not self._transport:
            raise BrokenPipeError
        self._transport.write(data)
        await self._writable.wait()

    def close(self) -> None:
        """There is no more."""
        self.closed = True
        if self._transport:
            self._transport.close()


class Pipes:
    """The three pipes of a program that is about to start; the program's ends are closed on leaving."""

    def __init__(self) -> None:
        self.stdin, self._write = os.pipe()
        self._out, self.stdout = os.pipe()
        self._err, self.stderr = os.pipe()
        fcntl.fcntl(self._write, fcntl.F_SETPIPE_SZ, BUFFERED)

    def __enter__(self) -> Pipes:
        return self

    def __exit__(self, *_error: object) -> None:
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.close(descriptor)

    async def connect(self, stdin: Input, stdout: Output, stderr: Output) -> None:
        """Attach our ends."""
        loop = asyncio.get_running_loop()
        await loop.connect_write_pipe(lambda: stdin, os.fdopen(self._write, "wb", buffering=0))
        await loop.connect_read_pipe(lambda: stdout, os.fdopen(self._out, "rb", buffering=0))
        await loop.connect_read_pipe(lambda: stderr, os.fdopen(self._err, "rb", buffering=0))
