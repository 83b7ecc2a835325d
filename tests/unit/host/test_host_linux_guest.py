# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a script to the guest: piped where that can be, uploaded elsewhere; with an action that runs it here."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.host.support import HOST, text

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import linux_guest
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.linux_guest import LinuxGuest, can_pipe

SUDO = [
    "sudo: sorry, you must have a tty to run sudo",
    "sudo: no tty present and no askpass program specified",
    "sudo: a terminal is required to read the password; either use the -S option",
    "sudo: le mot de passe est requis",
]


@dataclass
class Become:
    pipelining: bool = True
    prompts: bool = False
    name: str = "sudo"

    def get_option(self, name: str) -> str | None:
        assert name == "become_pass"
        return "S3cret" if self.prompts else None


class OldBecome:
    """As before ansible-core 2.19: it does not tell whether it passes standard input on."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_option(self, name: str) -> None:
        assert name == "become_pass"


@dataclass
class Connection:
    has_pipelining: bool = True
    become: Any = None
    transport: str = "ssh"
    pipelining: bool = False
    _shell: Any = field(default_factory=lambda: SimpleNamespace(join_path=lambda *parts: "/".join(parts), tmpdir="x"))

    def get_option(self, name: str) -> bool:
        assert name == "pipelining"
        return self.pipelining


class LocalAction:
    """Does on this machine what Ansible's action would do on the guest. ``refusal`` is sudo's answer to a pipe; where
    ``stubborn``, to everything.
    """

    stubborn = False

    def __init__(self, folder: Path, connection: Connection, refusal: tuple[str, str] | None = None) -> None:
        shell = SimpleNamespace(**{**vars(connection._shell), "tmpdir": "not ours"})
        self._connection = replace(connection, _shell=shell)
        self._cleanup_remote_tmp = False
        self.parent = folder / "remote tmp"
        self.refusal = refusal
        self.ways: list[str] = []
        self.modes: set[int] = set()

    def _low_level_execute_command(
        self, command: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> dict[str, Any]:
        self.ways.append(("become" if sudoable else "login") + (" pipe" if in_data is not None else ""))
        self.modes |= {path.stat().st_mode & 0o777 for path in self.left}
        if self.refusal and sudoable and (in_data is not None or self.stubborn):
            return {"rc": 1, "stdout": self.refusal[0], "stderr": self.refusal[1]}
        done = subprocess.run(["sh", "-c", command], input=in_data or b"", capture_output=True, timeout=20, check=False)
        return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}

    @property
    def left(self) -> list[Path]:
        """What lies on the guest."""
        return list(self.parent.glob("*"))

    def get_shell_option(self, name: str, default: str) -> str:
        assert (name, default) == ("remote_tmp", "~/.ansible/tmp")
        return str(self.parent)

    def _make_tmp_path(self) -> str:
        folder = self.parent / "ansible-tmp-1"
        folder.mkdir(0o700, parents=True)
        self._connection._shell.tmpdir, self._cleanup_remote_tmp = str(folder), True
        return str(folder)

    def _transfer_data(self, path: str, data: str) -> str:
        Path(path).write_text(data)
        return path

    def _transfer_file(self, source: str, path: str) -> str:
        shutil.copy(source, path)
        return path


def script(nonce: str) -> str:
    """Answers with how many bytes its standard input has."""
    lines = text({"uid": "0"}, nonce).splitlines()
    return f"echo hello\necho '{lines[0]}'\necho size $(wc -c)\necho '{lines[-1]}'\n"


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "payload.tar"
    path.write_bytes(bytes(range(256)) * 5)
    return path


PIPE = Connection()
PUT = Connection(become=Become(pipelining=False, name="su"))
TRANSFER = Connection(has_pipelining=False)


@pytest.mark.parametrize("with_payload", [True, False])
@pytest.mark.parametrize(
    ("connection", "ways"),
    [(PIPE, ["become pipe"]), (PUT, ["login pipe", "become"]), (TRANSFER, ["become"])],
    ids=["pipe", "put", "transfer"],
)
def test_script_and_payload_arrive_and_nothing_is_left(
    tmp_path: Path, payload: Path, connection: Connection, ways: list[str], with_payload: bool
) -> None:
    action = LocalAction(tmp_path, connection)
    answer = LinuxGuest(action).run(script, payload if with_payload else None)
    assert answer.values == {"size": ["1280" if with_payload else "0"]}
    assert action.ways == ways
    assert action.left == []


@pytest.mark.parametrize("connection", [PUT, TRANSFER], ids=["put", "transfer"])
def test_ansible_need_not_take_away_what_the_guest_took_away(tmp_path: Path, connection: Connection) -> None:
    action = LocalAction(tmp_path, connection)
    LinuxGuest(action).run(script)
    assert action._connection._shell.tmpdir is None
    assert action.modes == {0o700}


@pytest.mark.parametrize("connection", [Connection(), TRANSFER], ids=["put", "transfer"])
def test_ansible_takes_away_what_no_script_came_to(tmp_path: Path, connection: Connection) -> None:
    action = LocalAction(tmp_path, connection, refusal=("", "sudo: a password is required"))
    action.stubborn = True
    with pytest.raises(HostError, match="a password is required"):
        LinuxGuest(action).run(script)
    assert [str(path) for path in action.left] == [action._connection._shell.tmpdir]
    assert action._cleanup_remote_tmp


def test_a_folder_that_cannot_be_made_is_told_with_the_remedy(tmp_path: Path) -> None:
    action = LocalAction(tmp_path, PUT)
    action.parent.write_text("a file")
    with pytest.raises(HostError, match=r"could not be put into .*remote tmp.* status [1-9].*Set ansible_remote_tmp"):
        LinuxGuest(action).run(script)
    assert action.ways == ["login pipe"]


def test_each_run_has_a_mark_of_its_own(tmp_path: Path) -> None:
    nonces: list[str] = []

    def make(nonce: str) -> str:
        nonces.append(nonce)
        return script(nonce)

    guest = LinuxGuest(LocalAction(tmp_path, Connection()))
    guest.run(make)
    guest.run(make)
    assert len(set(nonces)) == 2
    assert min(map(len, nonces)) >= 16


@pytest.mark.parametrize("said", SUDO)
@pytest.mark.parametrize("stream", [0, 1])
def test_where_sudo_refuses_a_pipe_it_is_not_given_one_again(
    tmp_path: Path, payload: Path, said: str, stream: int
) -> None:
    action = LocalAction(tmp_path, Connection(), refusal=("", f"motd\n{said}") if stream else (said, ""))
    guest = LinuxGuest(action)
    assert guest.run(script, payload).first("size") == "1280"
    assert action.ways == ["become pipe", "login pipe", "become"]
    guest.run(script)
    assert action.ways[3:] == ["login pipe", "become"]


def test_a_script_that_ran_is_not_run_again_whatever_it_says_of_sudo(tmp_path: Path) -> None:
    action = LocalAction(tmp_path, Connection())
    LinuxGuest(action).run(lambda nonce: f"echo 'sudo: no tty present' >&2\n{script(nonce)}")
    with pytest.raises(HostError):
        LinuxGuest(action).run(lambda nonce: f"echo '@@cloudreset {nonce} begin'\necho 'sudo: no tty present'\n")
    assert action.ways == ["become pipe"] * 2


def test_another_failure_is_not_tried_again(tmp_path: Path) -> None:
    action = LocalAction(tmp_path, Connection(), refusal=("", "su: Authentication failure, not sudo: at all"))
    with pytest.raises(HostError, match="Authentication failure"):
        LinuxGuest(action).run(script)
    assert action.ways == ["become pipe"]


def test_what_is_too_large_for_a_pipe_is_transferred_that_once(
    tmp_path: Path, payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = LinuxGuest(action := LocalAction(tmp_path, Connection()))
    monkeypatch.setattr(linux_guest, "PIPE_LIMIT_BYTES", payload.stat().st_size)
    guest.run(script, payload)
    monkeypatch.setattr(linux_guest, "PIPE_LIMIT_BYTES", payload.stat().st_size - 1)
    assert guest.run(script, payload).first("size") == "1280"
    guest.run(script)
    assert action.ways == ["become pipe", "become", "become pipe"]


def failure(tmp_path: Path, body: str) -> str:
    with pytest.raises(HostError) as caught:
        LinuxGuest(LocalAction(tmp_path, Connection())).run(lambda _nonce: body)
    return str(caught.value)


def test_an_answer_that_is_not_whole_is_told_with_status_and_errors(tmp_path: Path) -> None:
    told = failure(tmp_path, "echo motd\nprintf 'a\\r\\nb\\033[2J\\n' >&2\nexit 4\n")
    assert told == (
        "The script on the guest gave no complete answer; it ended with: motd."
        " Its status was 4, standard error: a | b?[2J."
    )
    assert failure(tmp_path, "exit 0\n").endswith("ended with: nothing. Its status was 0, standard error: empty.")


def test_no_secret_is_in_such_an_error(tmp_path: Path) -> None:
    told = failure(tmp_path, "echo 'echo root:S3cret|chpasswd'\necho 'root:S3cret' >&2\nexit 1\n")
    assert "S3cret" not in told
    long = "y" * 395
    assert "S3cret" not in failure(tmp_path, f"echo 'root:S3cret\n{long}' >&2\nexit 1\n")


def test_a_long_error_is_cut(tmp_path: Path) -> None:
    assert len(failure(tmp_path, f"echo {'x' * 5000} >&2\necho {'y' * 5000}\nexit 1\n")) < 1000


@pytest.mark.parametrize(
    ("connection", "pipes"),
    [
        (Connection(), True),
        (Connection(has_pipelining=False), False),
        (Connection(become=Become()), True),
        (Connection(become=Become(prompts=True)), True),
        (Connection(become=Become(pipelining=False)), False),
        (Connection(become=OldBecome("sudo")), True),
        (Connection(become=OldBecome("su")), False),
        (Connection(transport="local"), True),
        (Connection(transport="local", become=Become()), True),
        (Connection(transport="local", become=Become(prompts=True)), False),
        (Connection(transport="local", become=Become(prompts=True), pipelining=True), True),
        (Connection(has_pipelining=False, become=Become()), False),
    ],
)
def test_where_standard_input_reaches_the_guest(connection: Connection, pipes: bool) -> None:
    assert can_pipe(connection) is pipes


def test_a_healthy_answer_as_the_tests_of_the_rest_use_it(tmp_path: Path) -> None:
    def make(nonce: str) -> str:
        return f"cat <<'E'\n{text(HOST, nonce)}E\n"

    assert LinuxGuest(LocalAction(tmp_path, Connection())).run(make).first("boot_id") == "b001"
