# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the lab's cloud, as a browser on the lab's machine uses it, and as nobody else may."""

from __future__ import annotations

from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from api import CloudApi

from lab.client import Host, Lab
from lab.cloud.client import CloudControl
from lab.cloud.faults import ApiError
from lab.network import API, PAGE_PORT

URL = f"http://{API}:{PAGE_PORT}"
PASSWORD = "Never-on-a-Page-1"


def shown() -> str:
    with urlopen(f"{URL}/", timeout=10) as answer:
        return str(answer.read().decode())


def press(where: str, /, *, origin: str = URL, **form: str) -> str:
    """Presses a button and returns the page that comes then."""
    request = Request(f"{URL}{where}", urlencode(form).encode(), {"Origin": origin})
    with urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def test_it_shows_the_servers_and_never_a_password(lab: Lab, cloud: CloudControl, host: Host) -> None:
    body = {"reset-password": {"new_password": PASSWORD}}
    CloudApi(lab).do("PUT", f"/v1/P/cloudservers/{host.uuid}/os-reset-password", body)
    page = shown()
    row = page.partition(f"<td>{host.name}</td>")[2].partition("<form")[0]
    assert row.startswith(f"<td>{host.uuid}</td><td>ACTIVE</td><td></td><td>False</td><td>yes</td><td>allow any</td>")
    assert f"{host.uuid}/os-reset-password" in page, "the last requests"
    assert PASSWORD not in page


def test_its_buttons_do_what_they_say(cloud: CloudControl, host: Host) -> None:
    here = f"/servers/{host.uuid}"
    before = host.boot_id()
    press(here, do="reboot")
    host.wait_boot(before)
    press(here, do="DHCP on/off")
    assert not host.describe()["dhcp"]
    press(here, do="DHCP on/off")
    assert host.describe()["dhcp"]
    host.write("/trace", "")
    press(here, do="rebuild")
    host.wait_up()
    assert host.sh("ls /trace", check=False).returncode != 0


def test_faults_are_declared_and_cleared(cloud_alone: CloudControl, lab: Lab) -> None:
    page = press("/faults", do="declare", fault="Ecs.0613", path="*/os-reset-password", times="1")
    assert "<td>Ecs.0613</td><td>*/os-reset-password</td><td>*</td><td>0</td><td>1</td>" in page
    status, body = CloudApi(lab).ask("PUT", "/v1/P/cloudservers/x/os-reset-password", {})
    assert (status, body["error"]["code"]) == (400, "Ecs.0613")
    cloud_alone.set_faults(ApiError(status=418, code="Tea.0001"))
    assert "<td>ApiError</td>" in shown()
    assert "<td>ApiError</td>" not in press("/faults", do="clear")


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/servers/nobody", {"do": "reboot"}, "does not exist"),
        ("/faults", {"do": "declare", "fault": "No.1", "path": "*", "times": ""}, "No.1"),
        ("/faults", {"do": "declare", "fault": "Ecs.0613", "path": "*", "times": "often"}, "often"),
    ],
)
def test_what_cannot_be_done_is_told(lab: Lab, path: str, form: dict[str, str], said: str) -> None:
    with pytest.raises(HTTPError) as refused:
        press(path, **form)
    with refused.value as answer:
        assert (answer.code, said in answer.read().decode()) == (409, True)


def test_another_pages_form_is_turned_away(cloud: CloudControl, host: Host) -> None:
    with pytest.raises(HTTPError, match="403"):
        press(f"/servers/{host.uuid}", origin="http://elsewhere.example", do="stop")
    assert host.state() == "running"


def test_another_name_for_it_is_turned_away(lab: Lab) -> None:
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(f"{URL}/", headers={"Host": "rebound.example"}), timeout=10)


def test_guests_do_not_see_it(host: Host) -> None:
    request = rf"GET / HTTP/1.0\r\nHost: {API}:{PAGE_PORT}\r\n\r\n"
    ask = f"exec 3<>/dev/tcp/{API}/{PAGE_PORT}; printf '{request}' >&3; cat <&3"
    assert "403" in host.sh(f'timeout 5 bash -c "{ask}"').stdout.splitlines()[0]
