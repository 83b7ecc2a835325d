"""WinRS with its usual client, pywinrm."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from unit.lab.support import make_certificate
from unit.lab.wsman_server import ADMINISTRATOR, PASSWORD, PLAIN, PLAIN_PASSWORD, Server, processes_with, serving
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)
from winrm.protocol import Protocol

from lab import accounts


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    file = tmp_path_factory.mktemp("wsman") / "accounts"
    accounts.create(file)
    with serving(file) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    accounts.create(running.accounts)
    running.native.started.clear()
    return running


@pytest.fixture
def client(server: Server) -> Protocol:
    return server.client()


def run(client: Protocol, line: str, *arguments: str, **options: bool) -> tuple[bytes, bytes, int]:
    shell = client.open_shell()
    try:
        command = client.run_command(shell, line, arguments, **options)
        answer = client.get_command_output(shell, command)
        client.cleanup_command(shell, command)
        return answer
    finally:
        client.close_shell(shell)


def code_of(caught: pytest.ExceptionInfo[WSManFaultError]) -> int | None:
    return caught.value.wsman_fault_code


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_streams_and_exit_code(server: Server, transport: str) -> None:
    answer = run(server.client(transport=transport), "printf 'ü\\n';", "echo oh >&2;", "exit 7")
    assert answer == ("ü\n".encode(), b"oh\n", 7)


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize(
    ("user", "password", "flags"),
    [
        (ADMINISTRATOR, "wrong", "U"),
        ("nobody", PASSWORD, "U"),
        (ADMINISTRATOR, PASSWORD, "UD"),
        (ADMINISTRATOR, PASSWORD, "UL"),
    ],
)
def test_who_is_not_let_in(server: Server, transport: str, user: str, password: str, flags: str) -> None:
    accounts.set_flags(server.accounts, ADMINISTRATOR, flags)
    with pytest.raises(InvalidCredentialsError):
        server.client(user, password, transport=transport).open_shell()


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_changed_password_counts_at_once(server: Server, transport: str) -> None:
    accounts.set_password(server.accounts, ADMINISTRATOR, "Neu-Ü-1")
    assert run(server.client(password="Neu-Ü-1", transport=transport), "exit 3")[2] == 3
    with pytest.raises(InvalidCredentialsError):
        server.client(transport=transport).open_shell()


@pytest.mark.parametrize("name", ["administrator", ".\\Administrator"])
@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_names_of_a_local_account(server: Server, transport: str, name: str) -> None:
    assert run(server.client(name, transport=transport), "exit 4")[2] == 4


def test_only_who_is_no_administrator_is_limited(server: Server) -> None:
    run(server.client(), "true")
    run(server.client(PLAIN, PLAIN_PASSWORD), "true")
    assert [program.limited for program in server.native.started] == [False, True]


def test_what_a_shell_asks_for(server: Server, client: Protocol) -> None:
    shell = client.open_shell(working_directory="C:\\a b", env_vars={"X": "1 <2>", "Y": "ü"}, codepage=65001)
    client.run_command(shell, "one", ["two  three", '"four"'])
    client.run_command(shell, "one", ["two"], skip_cmd_shell=True)
    client.close_shell(shell)
    first, second = server.native.started
    assert (first.line, second.line) == ('cmd /c one two  three "four"', "one two")
    assert (first.directory, first.environment, first.code_page) == ("C:\\a b", {"X": "1 <2>", "Y": "ü"}, 65001)


def test_input(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "cat; echo end")
    client.send_command_input(shell, command, b"first\n")
    assert client.get_command_output_raw(shell, command)[0] == b"first\n"
    client.send_command_input(shell, command, b"second\n", end=True)
    assert client.get_command_output(shell, command) == (b"second\nend\n", b"", 0)
    client.close_shell(shell)


def test_much_input_and_output(client: Protocol) -> None:
    data = bytes(range(256)) * 1000
    shell = client.open_shell()
    command = client.run_command(shell, "head -c 2560000 >/dev/null; cat")
    for _each in range(10):
        client.send_command_input(shell, command, data)
    writer = threading.Thread(target=client.send_command_input, args=(shell, command, data, True))
    writer.start()
    writer.join()
    assert client.get_command_output(shell, command) == (data, b"", 0)
    client.close_shell(shell)


def test_input_for_what_has_ended(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "true")
    client.get_command_output(shell, command)
    with pytest.raises(WSManFaultError) as caught:
        client.send_command_input(shell, command, b"late")
    assert code_of(caught) == 109
    client.close_shell(shell)


def send_until_it_takes_too_long(client: Protocol, shell: str, command: str) -> int:
    sent, enough = 0, 6_000_000
    with contextlib.suppress(WinRMOperationTimeoutError):
        while sent < enough:
            sent += 300_000
            client.send_command_input(shell, command, b"x" * 300_000)
    assert sent < enough
    return sent


def test_input_that_nobody_reads(server: Server, tmp_path: Path) -> None:
    client = server.client(seconds=1)
    shell = client.open_shell()
    command = client.run_command(shell, f"until [ -e {tmp_path}/go ]; do sleep 0.02; done; wc -c")
    sent = send_until_it_takes_too_long(client, shell, command)
    (tmp_path / "go").touch()
    client.send_command_input(shell, command, b"", end=True)
    assert client.get_command_output(shell, command) == (f"{sent}\n".encode(), b"", 0)
    client.close_shell(shell)


def test_command_outlives_an_operation(server: Server) -> None:
    client = server.client(seconds=1)
    shell = client.open_shell()
    command = client.run_command(shell, "sleep 1.2; echo late")
    started = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        client.get_command_output_raw(shell, command)
    assert time.monotonic() - started > 0.9
    assert client.get_command_output(shell, command) == (b"late\n", b"", 0)
    client.close_shell(shell)


def test_output_comes_while_the_command_runs(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "echo now; sleep 60")
    assert client.get_command_output_raw(shell, command) == (b"now\n", b"", -1, False)
    client.close_shell(shell)


def test_signal_ends_a_command(server: Server, client: Protocol) -> None:
    marker = f"6{uuid.uuid4().int % 10**8}"
    shell = client.open_shell()
    command = client.run_command(shell, f"echo on; exec sleep {marker}")
    client.get_command_output_raw(shell, command)
    client.cleanup_command(shell, command)
    assert not processes_with(marker)
    with pytest.raises(WSManFaultError) as caught:
        client.get_command_output(shell, command)
    assert code_of(caught) == 87
    client.close_shell(shell)


def test_shell_takes_its_commands_along(client: Protocol) -> None:
    marker = f"6{uuid.uuid4().int % 10**8}"
    shell = client.open_shell()
    command = client.run_command(shell, f"echo on; exec sleep {marker}")
    client.get_command_output_raw(shell, command)
    client.close_shell(shell, close_session=False)
    assert not processes_with(marker)
    with pytest.raises(WSManFaultError, match="shell was not found") as caught:
        client.run_command(shell, "true")
    assert code_of(caught) == 2150858843


def test_idle_shell_ends(client: Protocol) -> None:
    shell = client.open_shell(idle_timeout="PT0.2S")
    command = client.run_command(shell, "sleep 0.5; echo still there")
    assert client.get_command_output(shell, command)[0] == b"still there\n"
    time.sleep(0.4)
    with pytest.raises(WSManFaultError) as caught:
        client.run_command(shell, "true")
    assert code_of(caught) == 2150858843


def test_shell_belongs_to_its_user(server: Server, client: Protocol) -> None:
    shell = client.open_shell()
    with pytest.raises(WSManFaultError, match="Access is denied") as caught:
        server.client("operator", "Lab-Operator-1").run_command(shell, "true")
    assert code_of(caught) == 5
    client.close_shell(shell)


def test_unknown_command(client: Protocol) -> None:
    shell = client.open_shell()
    with pytest.raises(WSManFaultError) as caught:
        client.get_command_output(shell, "no-such-command")
    assert code_of(caught) == 87
    client.close_shell(shell)


def test_request_of_more_than_500_kilobytes(client: Protocol) -> None:
    shell = client.open_shell()
    command = client.run_command(shell, "cat >/dev/null")
    client.send_command_input(shell, command, b"x" * 380_000)
    with pytest.raises(WinRMTransportError) as caught:
        client.send_command_input(shell, command, b"x" * 400_000)
    assert caught.value.code == 413


def test_shells_run_beside_each_other(server: Server, tmp_path: Path) -> None:
    answers: dict[int, bytes] = {}
    until_all_are_there = f"while [ $(ls {tmp_path} | wc -l) -lt 6 ]; do sleep 0.02; done"

    def one(number: int) -> None:
        answers[number] = run(server.client(), f"touch {tmp_path}/{number}; {until_all_are_there}; echo {number}")[0]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"{number}\n".encode() for number in range(6)}


def test_identify_needs_no_login(server: Server) -> None:
    answer = requests.post(server.url, headers={"WSMANIDENTIFY": "unauthenticated"}, timeout=5)
    assert answer.status_code == 200
    assert "<wsmid:IdentifyResponse>" in answer.text


def test_login_is_offered(server: Server) -> None:
    answer = requests.post(server.url, timeout=5)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Negotiate, Basic realm="WSMAN"')


@pytest.mark.parametrize("header", ["Basic !", "Negotiate AAAA", "Negotiate", "Digest x", "Basic Og=="])
def test_garbage_for_a_login(server: Server, header: str) -> None:
    assert requests.post(server.url, headers={"Authorization": header}, timeout=5).status_code == 401


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/", 404), ("GET", "/wsman", 405)])
def test_other_requests(server: Server, method: str, path: str, status: int) -> None:
    assert requests.request(method, server.url.replace("/wsman", path), timeout=5).status_code == status


def test_garbage_instead_of_an_envelope(server: Server) -> None:
    answer = requests.post(server.url, data=b"hello", auth=(ADMINISTRATOR, PASSWORD), timeout=5)
    assert answer.status_code == 500
    assert 'Code="2150858817"' in answer.text


def test_login_holds_for_its_connection_only(server: Server) -> None:
    client = server.client()
    shell = client.open_shell()
    assert requests.post(server.url, data=b"<a/>", timeout=5).status_code == 401
    client.close_shell(shell)


def test_tls(tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    accounts.create(file)
    make_certificate(tmp_path / "tls")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "tls" / "server.pem", tmp_path / "tls" / "server.key")
    with serving(file, tls) as server:
        url = server.url.replace("http:", "https:")
        for transport in ("basic", "ntlm"):
            client = server.client(transport=transport, url=url, ca_trust_path=str(tmp_path / "tls" / "ca.pem"))
            assert run(client, "exit 5")[2] == 5
