# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins over WinRM by both libraries, against a server in every mood; the lab's tests meet Windows hosts."""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.login.winrm_server import DENIED, Mood, Server, serving

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.login import (
    REASONS,
    Attempt,
    LoginError,
    Target,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.pypsrp_client import PypsrpClient
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.pywinrm_client import PywinrmClient
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.winrm import WinRM
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._login.winrm_way import Method, WinrmWay
from lab.keys import write_authority
from lab.paths import Paths

RIGHT, WRONG = Mood().password, "Wrong-Word-9"
LIBRARIES = ("pywinrm", "pypsrp")
METHODS: tuple[Method, ...] = ("basic", "ntlm")
Try = Callable[..., Attempt]


def way(library: str, method: Method, port: int, scheme: Any = "http", address: str = "127.0.0.1") -> WinRM:
    """A way by one of the libraries, with the options that the inventory has without further words."""
    target = Target("Administrator", address, port, "winrm")
    if library == "pywinrm":
        return WinRM(WinrmWay(target, scheme, "/wsman", method), PywinrmClient)
    plain = method == "basic" and scheme == "http"
    options = {"configuration_name": "Microsoft.PowerShell", "encryption": "never" if plain else "auto"}
    return WinRM(WinrmWay(target, scheme, "wsman", method, options), PypsrpClient)


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The server's own list of accounts, for NTLM."""
    file = tmp_path / "accounts"
    file.write_text(f":Administrator:{RIGHT}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=METHODS)
def method(request: pytest.FixtureRequest) -> Method:
    found: Method = request.param
    return found


@pytest.fixture
def tls(tmp_path: Path) -> Paths:
    """An authority, and a certificate of it for 127.0.0.1 in one file with its key."""
    paths = Paths(tmp_path, tmp_path)
    write_authority(paths, ("windows.example",), ("127.0.0.1",))
    files = [paths.tls / name for name in ("server.pem", "server.key")]
    (tmp_path / "server").write_text("".join(file.read_text() for file in files))
    return paths


@pytest.mark.parametrize(
    ("mood", "password", "reason", "sent"),
    [
        (Mood(), RIGHT, "password_accepted", True),
        (Mood(), WRONG, "password_rejected", True),
        (Mood(status=500, body=DENIED), RIGHT, "access_denied", True),
        (Mood(status=500, body=DENIED.replace(b"Access is denied", b"Too busy").replace(b"5", b"7")), RIGHT,
         "password_accepted", True),
        (Mood(status=500, body=DENIED), WRONG, "password_rejected", True),
        (Mood(status=503, body=b""), RIGHT, "winrm_error", True),
        (Mood(status=302, location="http://127.0.0.1:1/"), RIGHT, "winrm_error", True),
        (Mood(first=200), RIGHT, "no_password_asked", False),
        (Mood(first=404), RIGHT, "winrm_error", False),
        (Mood(first=407), RIGHT, "proxy_failed", False),
        (Mood(offers=("Kerberos",)), RIGHT, "method_not_offered", False),
        (Mood(offers=()), RIGHT, "method_not_offered", False),
    ],
)  # fmt: skip
def test_each_answer_has_its_reason(
    library: str, method: Method, mood: Mood, password: str, reason: str, sent: bool
) -> None:
    with serving(replace(mood)) as server:
        found = way(library, method, server.port).attempt(password, 5, read_boot_id=False)
    assert (found.reason, found.given, server.got_password) == (reason, sent, sent), found
    assert password not in repr(found)


def test_what_is_offered_is_told(library: str) -> None:
    with serving(Mood(offers=("Negotiate", "Kerberos"))) as server:
        found = way(library, "basic", server.port).attempt(RIGHT, 5, read_boot_id=False)
    assert (found.reason, found.detail) == ("method_not_offered", "it offers Negotiate, Kerberos")
    assert server.got == []


def test_each_try_is_a_login_of_its_own(library: str, method: Method) -> None:
    with serving(Mood()) as server:
        here = way(library, method, server.port)
        assert here.attempt(RIGHT, 5, read_boot_id=False).reason == "password_accepted"
        assert here.attempt(WRONG, 5, read_boot_id=False).reason == "password_rejected"


@pytest.mark.parametrize("mood", [Mood(pause=9), Mood(trickles=True), Mood(trickles=True, first=200)])
def test_a_try_ends_in_time_whatever_the_server_does(library: str, method: Method, mood: Mood) -> None:
    with serving(mood) as server:
        began = time.monotonic()
        found = way(library, method, server.port).attempt(RIGHT, 0.5, read_boot_id=False)
        assert time.monotonic() - began < 1.5
    assert found == Attempt("timed_out")


def test_a_login_that_is_proved_and_runs_no_command_in_time_says_so(library: str) -> None:
    with serving(Mood()) as server:
        found = way(library, "ntlm", server.port).attempt(RIGHT, 5, read_boot_id=True)
    assert (found.reason, found.given, found.boot_id) == ("boot_id_unread", True, None)


def test_nothing_that_listens_and_no_such_name(library: str, method: Method) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert way(library, method, port).attempt(RIGHT, 5, read_boot_id=False) == Attempt("connection_refused")
    nowhere = way(library, method, port, address="no-such-name.invalid")
    assert nowhere.attempt(RIGHT, 9, read_boot_id=False) == Attempt("name_unknown")


def test_a_server_that_hangs_up_and_one_that_speaks_no_tls(library: str, method: Method) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def hang_up() -> None:
            server.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        found = way(library, method, server.getsockname()[1]).attempt(RIGHT, 5, read_boot_id=False)
    assert found == Attempt("connection_closed")
    with serving(Mood()) as plain:
        found = way(library, method, plain.port, "https").attempt(RIGHT, 5, read_boot_id=False)
        assert (found.reason, plain.got) == ("tls_failed", [])


def options(library: str, **values: str) -> dict[str, Any]:
    """What a library calls the trust in a certificate."""
    if library == "pywinrm":
        return values
    trusted: Any = False if values.get("server_cert_validation") == "ignore" else values.get("ca_trust_path", True)
    return {"configuration_name": "x", "encryption": "auto", "cert_validation": trusted}


def test_over_tls_only_a_trusted_server_gets_the_password(
    library: str, method: Method, tls: Paths, tmp_path: Path
) -> None:
    def attempt(server: Server, password: str = RIGHT, address: str = "127.0.0.1", **values: str) -> Attempt:
        here = way(library, method, server.port, "https", address)
        here = replace(here, way=replace(here.way, options=options(library, **values)))
        return here.attempt(password, 5, read_boot_id=False)

    with serving(Mood(), tmp_path / "server") as server:
        for untrusted, detail in (
            (attempt(server, ca_trust_path="/etc/ssl/certs"), "unable to get local issuer certificate"),
            (attempt(server, address="localhost", ca_trust_path=str(tls.ca)),
             "Hostname mismatch, certificate is not valid for 'localhost'"),
            (attempt(server, ca_trust_path="/no/such/file"), "TLS CA certificate bundle, invalid path: /no/such/file"),
        ):  # fmt: skip
            assert untrusted == Attempt("certificate_untrusted", detail)
        assert server.got == []
        assert attempt(server, ca_trust_path=str(tls.ca)).reason == "password_accepted"
        assert attempt(server, WRONG, ca_trust_path=str(tls.ca)).reason == "password_rejected"
        assert attempt(server, server_cert_validation="ignore").reason == "password_accepted"
        assert attempt(server, WRONG, server_cert_validation="ignore").reason == "password_rejected"


@pytest.mark.parametrize(("library", "missing"), [("pywinrm", "winrm.protocol"), ("pypsrp", "pypsrp.wsman")])
def test_a_missing_library_is_told_in_a_sentence(library: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(LoginError, match=rf"needs {library} on the controller, .*pip install {library}"):
        way(library, "ntlm", 1).attempt(RIGHT, 5, read_boot_id=False)


def test_settings_that_do_not_go_together_are_told_in_a_sentence() -> None:
    here = way("pypsrp", "basic", 1)
    for bad, wrong in (
        (here, {"configuration_name": "x", "encryption": "auto"}),
        (way("pywinrm", "ntlm", 1), {"server_cert_validation": "maybe"}),
    ):
        with pytest.raises(LoginError, match=r"settings for (psrp|winrm) do not go together: ") as caught:
            replace(bad, way=replace(bad.way, options=wrong)).attempt(RIGHT, 5, read_boot_id=False)
        assert RIGHT not in str(caught.value)


def test_no_library_logs_the_password(library: str, method: Method, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Mood()) as server:
        for password in (RIGHT, WRONG):
            way(library, method, server.port).attempt(password, 5, read_boot_id=False)
    assert caplog.text
    assert RIGHT not in caplog.text
    assert WRONG not in caplog.text


def test_a_password_that_cannot_be_encoded_is_not_told(library: str) -> None:
    with serving(Mood()) as server:
        found = way(library, "basic", server.port).attempt("Wörd-\N{SNOWMAN}-9", 5, read_boot_id=False)
    assert (REASONS[found.reason].outcome, found.detail) == ("unknown", "UnicodeEncodeError")
