"""The compiled agent against the real metadata service, on loopback; chpasswd is a stub that keeps what it got."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from unit.lab.support import UUID, Metadata

from lab import blob
from lab.agent_binary import compile_wrapper
from lab.faults import Hang, Late, RefuseDelete, SayFail, Status, Wrong

BLOB = "0Rqv2zwGpvA=brvpQE1/AAkxrniFf9LgkOanJuSq3uPClZ5eCM6JDpRXqGcHACe6ZBWOdqiKRQTM"
HEALTHY = [
    "GET resetpwd_flag",
    "POST resetpwd_flag",
    "GET resetpwd_flag",
    "GET reset_password",
    "GET meta_data.json",
    "DELETE reset_password",
    "GET reset_password",
]


@dataclass
class Agent:
    binary: Path
    folder: Path
    port: int

    @property
    def pidfile(self) -> Path:
        return self.folder / "bin" / "agent.pid"

    def start(self, *settings: str) -> int:
        environment = {"PATH": f"{self.folder}/stubs:/usr/bin:/bin"}
        defaults = (f"wrapper.lab.port={self.port}", "wrapper.lab.tries=3", "wrapper.lab.delay_ms=1")
        conf = self.folder / "conf" / "wrapper.conf"
        done = subprocess.run(
            [self.binary, conf, *defaults, f"wrapper.pidfile={self.pidfile}", *settings],
            env=environment,
            timeout=20,
            check=False,
        )
        return done.returncode

    def given(self) -> str:
        path = self.folder / "given"
        return path.read_text() if path.exists() else ""

    def log(self) -> str:
        return (self.folder / "logs" / "resetPwdAgent.log").read_text()


@pytest.fixture
def agent(cache: Path, tmp_path: Path, metadata: Metadata) -> Agent:
    for name in ("conf", "bin", "stubs"):
        (tmp_path / name).mkdir()
    (tmp_path / "conf" / "wrapper.conf").write_text(
        "# comment\nwrapper.backend.type=AUTO\nwrapper.backend.type = PIPE\nwrapper.lab.address=127.0.0.1\n"
    )
    stub = tmp_path / "stubs" / "chpasswd"
    stub.write_text(f"#!/bin/sh\ncat >>{tmp_path}/given\nexit 1\n")
    stub.chmod(0o755)
    return Agent(compile_wrapper(cache), tmp_path, metadata.port)


def decrypt(cache: Path, uuid: str, text: str) -> subprocess.CompletedProcess[str]:
    command = [str(compile_wrapper(cache)), "--decrypt", uuid, text]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_known_answer(cache: Path) -> None:
    assert decrypt(cache, UUID, BLOB).stdout == "Fusion@123123123123123123123123123123123123123\n"


@pytest.mark.parametrize("password", ["a", "x" * 15, "x" * 16, "x" * 17, "ä€" * 20])
def test_reads_what_the_lab_writes(cache: Path, password: str) -> None:
    assert decrypt(cache, UUID, blob.encrypt(password, UUID)).stdout == password + "\n"


@pytest.mark.parametrize("uuid", ["x" * 64, "x" * 65, "x" * 100])
def test_long_keys_are_hashed_first(cache: Path, uuid: str) -> None:
    assert decrypt(cache, uuid, blob.encrypt("secret", uuid)).stdout == "secret\n"


@pytest.mark.parametrize("text", ["", "None", "!" * 40, BLOB[:-4], BLOB[:12], "A" * 5000])
def test_refuses_what_is_no_blob(cache: Path, text: str) -> None:
    done = decrypt(cache, UUID, text)
    assert (done.returncode, done.stdout) == (1, "")


def test_pending_password(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    assert agent.start() == 0
    assert agent.given() == "root:New-Secret-1\n"
    assert metadata.control.requests("alpha") == HEALTHY
    assert metadata.control.show("alpha").blob == ""
    assert metadata.control.show("alpha").flag == "True"
    assert "New-Secret-1" not in agent.log()


def test_nothing_pending(agent: Agent, metadata: Metadata) -> None:
    assert agent.start() == 0
    assert agent.given() == ""
    assert metadata.control.requests("alpha") == HEALTHY[:4]


def test_flag_already_set(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_flag("alpha", "True")
    assert agent.start() == 0
    assert metadata.control.requests("alpha") == [HEALTHY[0], HEALTHY[3]]


def test_password_reaches_the_shell_unquoted(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "two  blanks;echo $((6*7))")
    agent.start()
    assert agent.given() == "42\n"
    metadata.control.set_password("alpha", "two  blanks")
    agent.start()
    assert agent.given() == "42\nroot:two blanks\n"


def test_fail_is_tried_again(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    metadata.control.set_faults("alpha", SayFail(times=2))
    assert agent.start() == 0
    assert agent.given() == "root:New-Secret-1\n"
    assert metadata.control.requests("alpha").count("GET reset_password") == 4


def test_fail_for_good(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", SayFail())
    assert agent.start() == 1
    assert metadata.control.requests("alpha").count("GET reset_password") == 3


def test_flag_cannot_be_set(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    metadata.control.set_faults("alpha", Status(path="*resetpwd_flag", code=500))
    assert agent.start() == 0
    assert metadata.control.requests("alpha").count("POST resetpwd_flag") == 3
    assert agent.given() == "root:New-Secret-1\n"


def test_refused_delete_is_tried_again(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    metadata.control.set_faults("alpha", RefuseDelete())
    assert agent.start() == 1
    assert metadata.control.requests("alpha").count("DELETE reset_password") == 3
    assert agent.given() == "root:New-Secret-1\n"


def test_deleted_although_chpasswd_failed(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    (agent.folder / "stubs" / "chpasswd").write_text("#!/bin/sh\nexit 3\n")
    assert agent.start() == 0
    assert metadata.control.show("alpha").blob == ""


@pytest.mark.parametrize("body", ["no_uuid", "garbage", "html", "empty"])
def test_no_uuid_leaves_the_password_pending(agent: Agent, metadata: Metadata, body: str) -> None:
    metadata.control.set_password("alpha", "New-Secret-1")
    metadata.control.set_faults("alpha", Wrong(path="*meta_data.json", body=body))  # type: ignore[arg-type]
    assert agent.start() == 1
    assert agent.given() == ""
    assert metadata.control.show("alpha").blob


def test_another_servers_blob_stays(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_blob("alpha", blob.encrypt("New-Secret-1", "another"))
    assert agent.start() == 1
    assert agent.given() == ""
    assert metadata.control.show("alpha").blob


def test_read_timeout(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Hang())
    begun = time.monotonic()
    assert agent.start("wrapper.lab.tries=1", "wrapper.lab.read_timeout_ms=100") == 1
    assert 0.3 <= time.monotonic() - begun < 5  # GET, POST, GET
    metadata.control.set_faults("alpha", Late(seconds=0.1))
    assert agent.start("wrapper.lab.tries=1") == 0


def test_delay_between_tries(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_flag("alpha", "True")
    metadata.control.set_faults("alpha", SayFail())
    begun = time.monotonic()
    agent.start("wrapper.lab.delay_ms=200")
    assert 0.4 <= time.monotonic() - begun < 3


def test_nobody_there(agent: Agent) -> None:
    agent.port = 1
    assert agent.start() == 1
    assert "no connection to 127.0.0.1 port 1: Connection refused" in agent.log()


def test_background_run_leaves_nothing_behind(agent: Agent, metadata: Metadata) -> None:
    metadata.control.set_faults("alpha", Late(path="*resetpwd_flag", seconds=0.3, times=1))
    assert agent.start("wrapper.daemonize=TRUE") == 0
    pid = int(agent.pidfile.read_text())
    os.kill(pid, 0)
    deadline = time.monotonic() + 5
    while agent.pidfile.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)
    cmdline = Path(f"/proc/{pid}/cmdline")
    assert not cmdline.exists() or cmdline.read_bytes() == b""  # at most a zombie of a parent that never waits


def test_resident_until_terminated(agent: Agent) -> None:
    status = agent.folder / "bin" / "agent.status"
    agent.start("wrapper.daemonize=TRUE", "wrapper.lab.resident=TRUE", f"wrapper.statusfile={status}")
    deadline = time.monotonic() + 5
    while not status.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(int(agent.pidfile.read_text()), signal.SIGTERM)
    while agent.pidfile.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not status.exists()


def test_auto_backend_takes_the_lowest_free_port(agent: Agent, metadata: Metadata) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = (f"wrapper.port.min={port}", f"wrapper.port.max={port}")
        assert agent.start("wrapper.backend.type=AUTO", *settings) == 1
        assert agent.start(*settings) == 0  # PIPE, the last of the two in the file
