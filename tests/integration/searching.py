# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking for secrets where there may be none: in processes, and on a guest's disk."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.client import Host


def own_passwords(host: Host, *users: str) -> dict[str, str]:
    """Give users of a guest passwords that no other test has: watched sees the processes of all of them."""
    words = {user: f"Own-{secrets.token_hex(6)}" for user in users}
    host.sh("".join(f"echo {user}:{word} | chpasswd\n" for user, word in words.items()))
    return words


@contextmanager
def watched(words: set[str], seen: set[str]) -> Iterator[None]:
    """Look for words in argument lists and environments of every process here, which the guest's are among."""
    needles = {word.encode() for word in words}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        text = (process / name).read_bytes()
                    except OSError:  # gone
                        continue
                    if any(needle in text for needle in needles):
                        seen.add(f"{name}: {text.decode(errors='replace')}")

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def left_on(host: Host, words: Iterable[str]) -> str:
    """The files of a guest that hold one of the words, in the folders that anybody writes to."""
    # Each letter in brackets: it stands for itself, and who watches does not take this search for what it searches.
    patterns = "|".join("".join(f"[{letter}]" for letter in word) for word in words)
    return host.sh(f"grep -rlE '{patterns}' /root /home /tmp /var/tmp /var/log /run/log /Cloud*", check=False).stdout
