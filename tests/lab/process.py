"""Running programs, with errors that say what was tried and what came back."""

from __future__ import annotations

import asyncio
import subprocess


class LabError(Exception):
    """Something the user should read: one sentence, no traceback."""


def _failure(argv: tuple[str, ...], status: int | None, output: str) -> LabError:
    said = output.strip() or "it printed nothing"
    return LabError(f"'{' '.join(argv)}' ended with status {status}: {said}")


def run(*argv: str, text: str = "") -> str:
    """Run a program to its end and return what it printed."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise _failure(argv, done.returncode, done.stderr)
    return done.stdout


async def run_async(*argv: str, text: str = "") -> str:
    """As `run`, without holding up the other hosts."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate(text.encode())
    if process.returncode != 0:
        raise _failure(argv, process.returncode, err.decode(errors="replace"))
    return out.decode()
