# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the lab's Windows hosts that need no Windows."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
import yaml

from lab import cli, inventory, lifecycle, requirements
from lab.client import _child
from lab.flavours import FLAVOURS, WINDOWS, System
from lab.hosts import HostSpec, Wanted
from lab.hosts_file import HostsFile
from lab.paths import Paths
from lab.process import LabError
from lab.windows import image, lease, powershell, registry, settings
from lab.windows.ports import POWERSHELL_PORT

# What udhcpc's hook prints, after a lease of the lab's dnsmasq.
TOLD = """\
interface=eth0
ip=10.213.1.11
subnet=255.255.0.0
mask=16
router=10.213.0.254
dns=10.213.0.254 10.213.0.253
serverid=10.213.0.254
staticroutes=169.254.169.254/32 10.213.0.254 0.0.0.0/0 10.213.0.254
"""
LEASE = lease.Lease(
    address="10.213.1.11",
    netmask="255.255.0.0",
    server="10.213.0.254",
    routers=("10.213.0.254",),
    name_servers=("10.213.0.254", "10.213.0.253"),
    routes=(("169.254.169.254/32", "10.213.0.254"), ("0.0.0.0/0", "10.213.0.254")),
)
CARD = r"System\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\{00000002-0000-0000-0000-4E6574446576}"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path / "state", tmp_path / "cache")
    paths.state.mkdir()
    paths.images.mkdir(parents=True)
    return paths


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    folder = tmp_path / "powershell"
    folder.mkdir()
    (folder / "powershell.exe").write_bytes(b"MZ")
    return folder


class TestRegistry:
    def test_each_kind_of_value(self) -> None:
        keys = {r"Software\A b": {"number": 461814, "text": r'C:\x "y"', "many": ["a", "b"], "none": []}}
        assert registry.text(keys) == (
            "\n[Software\\\\A b]\n"
            '"number"=dword:00070bf6\n'
            '"text"="C:\\\\x \\"y\\""\n'
            '"many"=str(7):"a\\0b\\0"\n'
            '"none"=str(7):""\n'
        )


class TestLease:
    def test_of_an_answer(self) -> None:
        assert lease.parse(TOLD) == LEASE

    def test_of_none(self) -> None:
        assert lease.parse("") is None
        assert lease.commands(None) == ""

    def test_classless_routes_stand_in_for_the_router(self) -> None:
        assert lease.commands(LEASE).splitlines() == [
            "addr add 10.213.1.11/16 dev eth0",
            "route add 169.254.169.254/32 via 10.213.0.254",
            "route add 0.0.0.0/0 via 10.213.0.254",
        ]

    def test_the_first_router_where_there_are_none(self) -> None:
        told = lease.parse("ip=10.0.0.2\nsubnet=255.255.255.0\nrouter=10.0.0.1 10.0.0.9\n")
        assert lease.commands(told).splitlines()[1:] == ["route add 0.0.0.0/0 via 10.0.0.1"]


class TestSettings:
    def test_a_card_with_a_lease(self) -> None:
        values = settings.of_card(2, "10.213.1.11", LEASE, dhcp=True)[CARD]
        assert values["EnableDHCP"] == 1
        assert values["DhcpIPAddress"] == "10.213.1.11"
        assert values["DhcpServer"] == "10.213.0.254"
        assert values["DhcpDefaultGateway"] == ["10.213.0.254"]

    def test_a_card_without_an_answer(self) -> None:
        values = settings.of_card(2, "10.213.1.11", None, dhcp=True)[CARD]
        assert values["EnableDHCP"] == 1
        assert values["DhcpIPAddress"] == "0.0.0.0"  # noqa: S104 - not to bind to
        assert values["IPAutoconfigurationAddress"] == "169.254.1.11"

    def test_a_static_card(self) -> None:
        values = settings.of_card(2, "10.213.1.11", None, dhcp=False)[CARD]
        assert values["EnableDHCP"] == 0
        assert values["IPAddress"] == ["10.213.1.11"]
        assert not [name for name in values if name.startswith("Dhcp")]

    @pytest.mark.parametrize(("name", "release"), [("win2019", 461814), ("win2012", 378389), ("win7", None)])
    def test_the_number_of_the_dotnet(self, name: str, release: int | None) -> None:
        windows = FLAVOURS[name].windows
        assert windows
        full = settings.of_machine(windows).get(r"Software\Microsoft\NET Framework Setup\NDP\v4\Full", {})
        assert full.get("Release") == release


class TestPowershell:
    def test_none_is_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(powershell.VARIABLE, "")
        assert powershell.folder() is None
        with pytest.raises(LabError, match=f"unpack an official PowerShell.*{powershell.VARIABLE}"):
            powershell.needed()

    @pytest.mark.parametrize("name", ["powershell.exe", "pwsh.exe"])
    def test_either_program_will_do(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
        monkeypatch.setenv(powershell.VARIABLE, str(tmp_path))
        with pytest.raises(LabError, match=r"there is no powershell\.exe and no pwsh\.exe"):
            powershell.needed()
        (tmp_path / name).touch()
        assert powershell.needed() == tmp_path

    def test_a_relative_path_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(powershell.VARIABLE, "powershell")
        with pytest.raises(LabError, match="absolute"):
            powershell.folder()

    def test_another_powershell_is_another_image(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, paths: Paths, shell: Path
    ) -> None:
        inf = tmp_path / "wine.inf"
        inf.touch()
        monkeypatch.setattr(image, "_WINE_INF", (str(inf),))
        before = image.directory(paths, shell)
        assert image.directory(paths, shell) == before
        (shell / "more.dll").touch()
        after = image.directory(paths, shell)
        assert after != before
        os.utime(inf, (1, 1))
        assert image.directory(paths, shell) not in (before, after)

    @pytest.mark.parametrize("wine", [True, False])
    def test_where_nothing_says_which_it_is_no_image_is_thrown_away(
        self, monkeypatch: pytest.MonkeyPatch, paths: Paths, shell: Path, wine: bool
    ) -> None:
        monkeypatch.setenv(powershell.VARIABLE, "" if wine else str(shell))
        monkeypatch.setattr(image, "WINE", "/bin/sh" if wine else "/nowhere/wine64")
        kept = paths.images / "windows-0123456789ab"
        kept.mkdir()
        assert image.current(paths) == [kept]


class TestWithoutPowershell:
    @pytest.fixture(autouse=True)
    def unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(powershell.VARIABLE, "")
        monkeypatch.delenv("CI", raising=False)

    def test_all_leaves_the_windows_hosts_out_and_says_so(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert not [wanted for wanted in cli._all_flavours() if FLAVOURS[wanted.flavour].system is System.WINDOWS]
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("!!! no Windows hosts")

    def test_all_fails_under_ci(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI", "true")
        with pytest.raises(LabError, match="no PowerShell"):
            cli._all_flavours()

    def test_a_windows_host_that_is_asked_for_fails(self, monkeypatch: pytest.MonkeyPatch, paths: Paths) -> None:
        monkeypatch.setattr(requirements, "check", lambda **_windows: None)
        with pytest.raises(LabError, match="Windows hosts need a PowerShell"):
            lifecycle.up(paths, [Wanted("win1", "win2019")], print)

    def test_nothing_of_wine_is_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = []
        monkeypatch.setattr(requirements, "install", lambda consent, *, windows: given.append(windows))
        cli._install_deps(Paths(Path("/s"), Path("/c")), argparse.Namespace(yes=True))
        assert given == [False]


def test_only_windows_hosts_need_wine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.shutil, "which", lambda program, path: None)
    packages = {windows: {item.package for item in requirements.missing(windows=windows)} for windows in (True, False)}
    assert packages[True] - packages[False] == {"wine64", "gcc-mingw-w64-x86-64-win32"}


class TestPublished:
    HOSTS = (
        HostSpec("web", "10.213.1.10", FLAVOURS["debian12"]),
        HostSpec("win1", "10.213.1.11", FLAVOURS["win2019"]),
    )

    def test_the_inventory_has_a_group_that_logs_in_by_winrm(self, paths: Paths) -> None:
        inventory.publish(paths, self.HOSTS)
        children = yaml.safe_load(paths.inventory.read_text())["all"]["children"]
        assert {group: list(children[group]["hosts"]) for group in children} == {
            "full": ["web"],
            "light": [],
            WINDOWS: ["win1"],
        }
        assert children[WINDOWS]["hosts"]["win1"]["cloudreset_server_id"] == self.HOSTS[1].uuid
        common = children[WINDOWS]["vars"]
        assert (common["ansible_connection"], common["ansible_port"]) == ("winrm", 5985)
        assert common["ansible_user"] == "Administrator"

    def test_the_services_know_the_system(self, paths: Paths) -> None:
        inventory.publish(paths, self.HOSTS)
        assert [host.system for host in HostsFile(paths.hosts).all()] == ["Linux", "Windows"]

    def test_known_hosts_has_both_ports(self, paths: Paths) -> None:
        inventory.publish(paths, self.HOSTS)
        linux, windows = (line.split()[0].split(",") for line in paths.known_hosts.read_text().splitlines())
        assert linux == ["10.213.1.10", "web.lab"]
        assert windows[2:] == [f"[10.213.1.11]:{POWERSHELL_PORT}", f"[win1.lab]:{POWERSHELL_PORT}"]


def test_case_does_not_count_in_a_guests_paths(tmp_path: Path) -> None:
    (tmp_path / "Windows").mkdir()
    (tmp_path / "both").touch()
    (tmp_path / "BOTH").touch()
    assert _child(tmp_path, "WINDOWS") == tmp_path / "Windows"
    assert _child(tmp_path, "BOTH") == tmp_path / "BOTH"
    assert _child(tmp_path, "new") == tmp_path / "new"
