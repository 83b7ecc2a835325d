# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.agency import from_agency
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.credentials import (
    SOURCES,
    Credentials,
    Keyring,
    Places,
    find,
)
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.errors import CloudError

SECRET = "the-secret-key"
OPTIONS = {"access_key": "AKOPTION", "secret_key": SECRET, "security_token": None, "project_id": None}
HW = {"HW_ACCESS_KEY": "AKHW", "HW_SECRET_KEY": SECRET, "HW_SECURITY_TOKEN": "TOKENHW", "HW_PROJECT_ID": "PHW"}
SDK = {"HUAWEICLOUD_SDK_AK": "AKSDK", "HUAWEICLOUD_SDK_SK": SECRET, "HUAWEICLOUD_SDK_PROJECT_ID": "PSDK"}


def agency() -> Credentials | None:
    return Credentials("AKAGENCY", SECRET, "TOKEN", "", "agency")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.write_text(f"[basic]\nak = AKFILE\nsk = {SECRET}\nproject_id = PFILE\n[other]\nak=AKOTHER\nsk=a%b\n")
    return path


def places(**more: Any) -> Places:
    return Places(**{"sources": SOURCES, "environment": {}, "agency": lambda: None, **more})


def test_the_order_is_options_environment_sdk_environment_profile_agency(profile: Path) -> None:
    everywhere = {
        "environment": {**HW, **SDK},
        "given": OPTIONS,
        "credentials_file": str(profile),
        "agency": agency,
    }
    found = [find(places(**everywhere))]
    everywhere["given"] = {}
    found.append(find(places(**everywhere)))
    everywhere["environment"] = SDK
    found.append(find(places(**everywhere)))
    everywhere["environment"] = {}
    found.append(find(places(**everywhere)))
    everywhere["credentials_file"] = None
    everywhere["environment"] = {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(profile)}
    found.append(find(places(**everywhere)))
    everywhere["environment"] = {}
    everywhere["sources"] = ["agency", "options"]
    found.append(find(places(**everywhere)))
    told = [(one.access_key, one.source, one.project_id) for one in found]
    assert told == [
        ("AKOPTION", "options", ""),
        ("AKHW", "environment", "PHW"),
        ("AKSDK", "environment", "PSDK"),
        ("AKFILE", "profile", "PFILE"),
        ("AKFILE", "profile", "PFILE"),
        ("AKAGENCY", "agency", ""),
    ]
    assert found[1].security_token == "TOKENHW"


def test_the_users_own_file_is_read_if_it_is_there(
    profile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CloudError):
        find(places())
    (tmp_path / ".huaweicloud").mkdir()
    profile.rename(tmp_path / ".huaweicloud" / "credentials")
    assert find(places()).access_key == "AKFILE"
    assert find(places(profile="other")).secret_key == "a%b"


def test_what_is_not_among_the_sources_is_not_asked() -> None:
    def never() -> Credentials | None:
        raise AssertionError

    with pytest.raises(CloudError, match="none of the sources options has any") as caught:
        find(places(sources=["options"], environment=HW, agency=never))
    assert caught.value.kind == "input"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"given": {"access_key": "AK"}}, "there is access_key and no secret_key"),
        ({"given": {"secret_key": SECRET}}, "there is secret_key and no access_key"),
        ({"environment": {"HW_ACCESS_KEY": "AK"}}, "there is HW_ACCESS_KEY and no HW_SECRET_KEY"),
        ({"environment": {"HUAWEICLOUD_SDK_SK": SECRET}}, "there is HUAWEICLOUD_SDK_SK and no HUAWEICLOUD_SDK_AK"),
        (
            {"given": {"access_key": "AK", "secret_key": f"{SECRET}\n\nX: y"}},
            "secret_key from the source options has a",
        ),
        ({"given": {"access_key": "AK", "secret_key": f"{SECRET}\u00e9"}}, "secret_key from the source options has a"),
        ({"credentials_file": "/nowhere/at/all"}, "the credentials file /nowhere/at/all cannot be read"),
    ],
)
def test_half_a_pair_and_what_is_no_key_are_errors_that_hold_no_secret(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CloudError) as caught:
        find(places(agency=agency, **more))
    assert sentence in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value.result()}{caught.value.__context__!r}"


def test_a_file_that_is_none_is_told_without_its_content(profile: Path) -> None:
    profile.write_text(f"sk = {SECRET}\n")
    with pytest.raises(CloudError, match="is no INI file") as caught:
        find(places(credentials_file=str(profile)))
    assert SECRET not in str(caught.value)
    profile.write_bytes(b"\xff\xfe")
    with pytest.raises(CloudError, match="is no INI file"):
        find(places(credentials_file=str(profile)))


def test_a_section_that_was_named_has_to_be_there(profile: Path) -> None:
    with pytest.raises(CloudError, match=r"has no section \[nobody\]"):
        find(places(credentials_file=str(profile), profile="nobody"))


def test_no_secret_is_in_a_repr() -> None:
    credentials = Credentials("AK", SECRET, "the-token")
    everything = repr([credentials, places(given=OPTIONS, environment=HW), {"x": credentials}])
    assert SECRET not in everything
    assert "the-token" not in everything
    assert "TOKENHW" not in everything


def test_temporary_credentials_are_got_anew_before_they_end() -> None:
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    now = [start]
    made: list[Credentials] = []

    def fresh() -> Credentials | None:
        made.append(Credentials(f"AK{len(made)}", SECRET, "T", "", "agency", now[0] + timedelta(hours=24)))
        return made[-1]

    keyring = Keyring(places(agency=fresh, sources=["agency"]), lambda: now[0])
    assert [keyring.current().access_key for _again in range(3)] == ["AK0"] * 3
    now[0] = start + timedelta(hours=23)
    assert keyring.current().access_key == "AK0"
    now[0] = start + timedelta(hours=23, minutes=30)
    assert keyring.current().access_key == "AK1"


class Metadata(BaseHTTPRequestHandler):
    tokens = True
    body = '{"credential": {"access": "AKECS", "secret": "s", "securitytoken": "t", "expires_at": "%s"}}'

    def do_PUT(self) -> None:
        self.reply(200 if self.tokens and self.headers["X-Metadata-Token-Ttl-Seconds"] else 404, "TOKEN")

    def do_GET(self) -> None:
        good = not self.tokens or self.headers["X-Metadata-Token"] == "TOKEN"
        self.reply(200 if good and self.path == "/openstack/latest/securitykey" else 401, self.body)

    def reply(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def metadata() -> Iterator[Callable[..., tuple[str, int]]]:
    servers: list[HTTPServer] = []

    def start(**attributes: Any) -> tuple[str, int]:
        server = HTTPServer(("127.0.0.1", 0), type("Ours", (Metadata,), attributes))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return "127.0.0.1", server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("end", ["2026-01-02T00:00:00.000000Z", "2026-01-02T00:00:00Z"])
def test_the_agency_with_tokens_and_without(metadata: Callable[..., Any], tokens: bool, end: str) -> None:
    found = from_agency(metadata(tokens=tokens, body=Metadata.body % end))
    assert found == Credentials("AKECS", "s", "t", "", "agency", datetime(2026, 1, 2, tzinfo=timezone.utc))


@pytest.mark.parametrize("body", ["", "{}", "[]", "<html>", '{"credential": {"access": "AK"}}', '{"credential": null}'])
def test_a_server_without_an_agency_has_no_credentials(metadata: Callable[..., Any], body: str) -> None:
    assert from_agency(metadata(body=body)) is None


def test_where_there_is_no_metadata_service_there_is_no_agency() -> None:
    assert from_agency(("127.0.0.1", 1)) is None
