"""PSRP's half that is ours: what goes in and out of PowerShell's server mode, with envelopes by pypsrp."""

from __future__ import annotations

import base64
import struct
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from pypsrp.exceptions import WSManFaultError
from pypsrp.shell import CommandState, SignalCode, WinRS
from pypsrp.wsman import WSMan
from unit.lab.wsman_server import ADMINISTRATOR, PASSWORD, Server, processes_with, serving

from lab import accounts
from lab.wsman.fragments import END, PIPELINE_STATE, START, EndOfPipeline

RESOURCE = "http://schemas.microsoft.com/powershell/Microsoft.PowerShell"
SERVER_MODE = Path(__file__).with_name("server_mode.py")
OUTPUT = 0x00041004


def fragment(kind: int, flags: int, rest: bytes = b"") -> bytes:
    """One fragment of a message."""
    blob = (struct.pack("<II", 1, kind) if flags & START else b"") + rest
    return struct.pack(">QQBI", 1, 0, flags, len(blob)) + blob


LAST = fragment(PIPELINE_STATE, START | END, b"<state/>")


def encoded(*fragments: bytes) -> str:
    return base64.b64encode(b"".join(fragments)).decode()


@pytest.mark.parametrize(
    ("pieces", "reached"),
    [
        ([fragment(OUTPUT, START | END)], [False]),
        ([LAST], [True]),
        ([fragment(OUTPUT, START | END) + LAST], [True]),
        ([fragment(PIPELINE_STATE, START), fragment(0, 0, b"x"), fragment(0, END, b"y")], [False, False, True]),
        ([fragment(OUTPUT, START, struct.pack("<I", PIPELINE_STATE)), fragment(0, END)], [False, False]),
        ([b""], [False]),
    ],
)
def test_end_of_a_pipeline(pieces: list[bytes], reached: list[bool]) -> None:
    end = EndOfPipeline()
    assert [end.reached(encoded(piece)) for piece in pieces] == reached


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    file = tmp_path_factory.mktemp("psrp") / "accounts"
    accounts.create(file)
    with serving(file) as running:
        running.native.server_mode = (sys.executable, "-S", str(SERVER_MODE), str(file))
        yield running


def opened(server: Server) -> WinRS:
    wsman = WSMan(
        "127.0.0.1",
        port=server.port,
        ssl=False,
        auth="ntlm",
        username=ADMINISTRATOR,
        password=PASSWORD,
        operation_timeout=1,
    )
    shell = WinRS(wsman, RESOURCE, id=new_id(), input_streams="stdin pr", output_streams="stdout")
    creation = Element("creationXml", xmlns="http://schemas.microsoft.com/powershell")
    creation.text = encoded(b"create")
    shell.open(open_content=creation)
    return shell


@pytest.fixture
def pool(server: Server) -> Iterator[WinRS]:
    shell = opened(server)
    yield shell
    shell.close()


def new_id() -> str:
    return str(uuid.uuid4()).upper()


def command(pool: WinRS, *fragments: bytes) -> str:
    command_id = new_id()
    pool.command("", [encoded(*fragments)], command_id=command_id)
    return command_id


def received(pool: WinRS, command_id: str | None = None) -> tuple[str, bytes]:
    state, _code, streams = pool.receive("stdout", command_id)
    return state, streams["stdout"]


def test_pool_gets_what_its_creation_contains(pool: WinRS) -> None:
    assert received(pool)[1] == b"create"


def test_pipelines_are_kept_apart(pool: WinRS) -> None:
    first, second = (command(pool, fragment(OUTPUT, START | END, word)) for word in (b"one", b"two"))
    pool.send("stdin", LAST, first)
    assert received(pool, second) == (CommandState.RUNNING, fragment(OUTPUT, START | END, b"two"))
    assert received(pool, first) == (CommandState.DONE, fragment(OUTPUT, START | END, b"one") + LAST)
    assert received(pool)[1] == b"create"


def test_answer_keeps_to_whole_fragments_and_the_size_of_envelopes(pool: WinRS) -> None:
    big = fragment(OUTPUT, START | END, b"x" * 60_000)
    command_id = command(pool, big)
    for _each in range(2):
        pool.send("stdin", big, command_id)
    pool.send("stdin", LAST, command_id)
    assert received(pool, command_id) == (CommandState.RUNNING, big)
    assert received(pool, command_id) == (CommandState.RUNNING, big)
    assert received(pool, command_id) == (CommandState.DONE, big + LAST)


def test_nothing_to_receive(pool: WinRS) -> None:
    received(pool)
    started = time.monotonic()
    with pytest.raises(WSManFaultError) as caught:
        received(pool)
    assert caught.value.code == 2150858793
    assert time.monotonic() - started > 0.9


@pytest.mark.parametrize("code", [SignalCode.PS_CTRL_C, SignalCode.TERMINATE])
def test_signals(pool: WinRS, code: str) -> None:
    command_id = command(pool, fragment(OUTPUT, START | END))
    pool.signal(code, command_id)
    if code == SignalCode.TERMINATE:
        with pytest.raises(WSManFaultError):
            received(pool, command_id)


def test_prompt_is_answered_on_a_stream_of_its_own(pool: WinRS) -> None:
    command_id = command(pool, fragment(OUTPUT, START | END))
    pool.send("pr", b"answer", command_id)
    with pytest.raises(WSManFaultError, match="There is no stream x"):
        pool.send("x", b"answer", command_id)


def test_engine_that_dies(pool: WinRS) -> None:
    with pytest.raises(WSManFaultError, match="the engine is broken") as caught:
        command(pool, b"fail")
    assert caught.value.code == 995


def test_unknown_pipeline(pool: WinRS) -> None:
    with pytest.raises(WSManFaultError) as caught:
        received(pool, new_id())
    assert caught.value.code == 87


def test_pool_ends_with_its_shell(server: Server) -> None:
    shell = opened(server)
    shell.close()
    assert not processes_with(str(server.accounts))
    with pytest.raises(WSManFaultError) as caught:
        shell.receive("stdout")
    assert caught.value.code == 2150858843


def test_pool_cannot_be_disconnected(pool: WinRS) -> None:
    with pytest.raises(WSManFaultError) as caught:
        pool.wsman.disconnect(RESOURCE, Element("x"), selector_set=pool._selector_set)
    assert caught.value.code == 2150858818
