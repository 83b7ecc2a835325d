# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neither the old nor the new password of a reset is told or left anywhere, at -vvvv and with --diff."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from controller import Controller
from resets import install, reset, stored
from searching import left_on, watched
from test_ways_in import NO_KEY

from lab.client import Host
from lab.cloud.client import CloudControl
from lab.metadata_client import MetadataControl

# Of this test alone, since what others tell is not to be found here.
ELDER, YOUNGER = "Elder-Word-5.x", "Younger-Word-6.x"
LOUD = ("-vvvv", "--diff")


@contextmanager
def searched(folders: Sequence[Path], words: set[str], seen: set[str]) -> Iterator[None]:
    """Look for words in all files of folders, again and again: Ansible's temporary files do not live long."""
    over = threading.Event()

    def search() -> None:
        while not over.wait(0.05):
            for folder in folders:
                seen.update(holding(folder, words))

    searcher = threading.Thread(target=search)
    searcher.start()
    try:
        yield
    finally:
        over.set()
        searcher.join()


def holding(folder: Path, words: set[str]) -> list[str]:
    """The files of a folder that hold one of the words."""
    found = []
    # Unlike rglob, it goes on when a folder is gone before its turn.
    for path in [Path(parent, name) for parent, _folders, names in os.walk(folder) for name in names]:
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError:  # gone
            continue
        if any(word.encode() in data for word in words):
            found.append(str(path))
    return found


def test_no_password_of_a_reset_is_told_or_left_anywhere(
    cloud: CloudControl, controller: Controller, metadata: MetadataControl, host: Host, tmp_path: Path
) -> None:
    assert controller.play([install([host], controller)]).status == 0
    host.sh(f"echo root:{ELDER} | chpasswd")
    # The variables name files: else they would be themselves what holds the words.
    given = {}
    for name, word in (("old", ELDER), ("new", YOUNGER)):
        (tmp_path / name).write_text(word)
        given[name] = f"{{{{ lookup('ansible.builtin.file', '{tmp_path / name}') }}}}"
    file = controller.folder / "passwords.vault"
    inventory = {host.name: {**NO_KEY, "ansible_password": given["old"]}}
    words, seen = {ELDER, YOUNGER}, set[str]()
    temporary = [controller.folder, Path.home() / ".ansible" / "tmp"]
    with watched(words, seen), searched(temporary, words, seen):
        first = reset(
            controller,
            [host],
            flags=LOUD,
            inventory=inventory,
            file=str(file),
            password=given["new"],
            old_password=given["old"],
            generation="1",
        )
    assert first.line(host) == "VERIFIED: The new password lets you in, and the old one is refused.", first.run.output
    # The agent itself hands a password to a shell as an argument; so does the vendor's.
    assert seen - {f"cmdline: /bin/sh\0-c\0echo root:{YOUNGER}|chpasswd\0"} == set()
    # A generated one, whose word nobody knows before; and one that the cloud does not take.
    second = reset(controller, [host], flags=LOUD, file=str(file), generation="2", restart="agent")
    assert second.outcome(host) == ("verified", "password_accepted"), second.run.output
    third = reset(controller, [host], flags=LOUD, password=f"{given['new']} root", generation="3")
    assert third.outcome(host)[0] == "refused", third.run.output
    words |= {stored(controller, file)[host.name]["current"]["password"]}
    assert len(words) == 3
    texts = {f"output {n}": ran.run.output + str(ran.run.results) for n, ran in enumerate((first, second, third))}
    texts |= {"requests": str(cloud.requests()), "metadata's": str(metadata.log(host.name))}
    assert [name for name, text in texts.items() if any(word in text for word in words)] == []
    places = [*temporary, host.paths.state]
    assert [path for place in places for path in holding(place, words)] == []
    assert left_on(host, words) == ""
