from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from lab.package import build, options_from_words, package_bytes
from lab.package_options import OLD_PACKAGE, Defect, Layout, PackageOptions, Registration, Uninstaller, Variant
from lab.process import LabError

pytestmark = pytest.mark.slow

LINUX = "CloudResetPwdAgent/CloudResetPwdAgent.Linux/"
INNER = f"{LINUX}CloudrResetPwdAgent/"
WINDOWS = "CloudResetPwdAgent/CloudResetPwdAgent.Windows/"
WINDOWS_INNER = f"{WINDOWS}cloudResetPwdAgent/"


def names(data: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def conf(options: PackageOptions, cache: Path, inner: str = INNER) -> str:
    source = zipfile.ZipFile(io.BytesIO(package_bytes(options, cache)))
    return source.read(f"{inner}conf/wrapper.conf").decode()


def test_layout_of_a_current_package(cache: Path) -> None:
    content = names(package_bytes(PackageOptions(), cache))
    assert f"{LINUX}setup.sh" in content
    for name in (
        "bin/cloudResetPwdAgent.script",
        "bin/wrapper",
        "conf/wrapper.conf",
        "depend/jre/bin/java",
        "lib/commons-codec-1.14.jar",
        "lib/json-20160810.jar",
        "lib/libwrapper.so",
        "lib/log4j-api-2.17.0.jar",
        "lib/log4j-core-2.17.0.jar",
        "lib/resetpwdagent.jar",
        "lib/wrapper.jar",
        "logs/",
    ):
        assert INNER + name in content
    assert not [name for name in content if "Update" in name]


def test_same_options_same_bytes(cache: Path, tmp_path: Path) -> None:
    assert package_bytes(PackageOptions(), cache) == package_bytes(PackageOptions(), tmp_path)


def test_another_version_is_other_content(cache: Path) -> None:
    assert package_bytes(PackageOptions(version="2"), cache) != package_bytes(PackageOptions(), cache)


def test_size(cache: Path, tmp_path: Path) -> None:
    small = build(PackageOptions(), tmp_path / "small.zip", cache)
    large = build(PackageOptions(padding=8_000_000), tmp_path / "large.zip", cache)
    assert small.size == small.path.stat().st_size < 1_000_000
    assert large.size - small.size >= 8_000_000


@pytest.mark.parametrize(
    ("layout", "setup"),
    [
        ("standard", f"{LINUX}setup.sh"),
        ("nested", f"CloudResetPwdAgent/{LINUX}setup.sh"),
        ("root", "CloudResetPwdAgent.Linux/setup.sh"),
    ],
)
def test_layouts(cache: Path, layout: Layout, setup: str) -> None:
    assert setup in names(package_bytes(PackageOptions(layout=layout), cache))


def test_old_package(cache: Path) -> None:
    content = names(package_bytes(OLD_PACKAGE, cache))
    assert f"{INNER}lib/log4j-core-2.8.2.jar" in content
    assert "CloudResetPwdAgent/CloudResetPwdUpdateAgent.Linux/setup.sh" in content


def test_layout_of_a_windows_package(cache: Path) -> None:
    content = names(package_bytes(PackageOptions(variant="windows"), cache))
    assert f"{WINDOWS}setup.bat" in content
    for name in (
        "bin/App.bat",
        "bin/InstallApp-NT.bat",
        "bin/StartApp-NT.bat",
        "bin/StopApp-NT.bat",
        "bin/UninstallApp-NT.bat",
        "bin/wrapper.exe",
        "conf/wrapper.conf",
        "depend/jre/bin/java.exe",
        "lib/log4j-core-2.17.0.jar",
        "lib/resetpwdagent.jar",
        "lib/wrapper.dll",
        "lib/wrapper.jar",
        "logs/",
    ):
        assert WINDOWS_INNER + name in content
    assert not [name for name in content if "Linux" in name or "Update" in name]


def test_windows_package_is_the_same_each_time_and_small(cache: Path, tmp_path: Path) -> None:
    first = package_bytes(PackageOptions(variant="windows"), cache)
    assert package_bytes(PackageOptions(variant="windows"), tmp_path) == first
    assert len(first) < 300_000


def test_line_ends_and_placeholders_of_a_windows_package(cache: Path) -> None:
    options = PackageOptions(variant="windows", update_agent=True, uninstaller="top", setup="hangs")
    source = zipfile.ZipFile(io.BytesIO(package_bytes(options, cache)))
    texts = {name: source.read(name) for name in source.namelist() if name.endswith((".bat", ".conf"))}
    assert len(texts) == 14
    for name, text in texts.items():
        assert text.count(b"\r\n") == text.count(b"\n") > 2, name
        assert not re.search(rb"@[A-Z]+@", text), name
    assert b"set behaviour=hangs\r\n" in texts[f"{WINDOWS}setup.bat"]


def test_windows_binary_is_a_program_for_windows(cache: Path) -> None:
    source = zipfile.ZipFile(io.BytesIO(package_bytes(PackageOptions(variant="windows"), cache)))
    program = source.read(f"{WINDOWS_INNER}bin/wrapper.exe")
    (header,) = struct.unpack_from("<I", program, 0x3C)
    assert program[:2] == b"MZ"
    assert program[header : header + 6] == b"PE\0\0\x64\x86"


def test_old_windows_package(cache: Path) -> None:
    places: dict[Uninstaller, str] = {"bin": "bin/", "top": ""}
    for where, place in places.items():
        content = names(package_bytes(replace(OLD_PACKAGE, variant="windows", uninstaller=where), cache))
        updater = "CloudResetPwdAgent/CloudResetPwdUpdateAgent.Windows/"
        uninstallers = [name for name in content if name.startswith(updater) and "Uninstall" in name]
        assert uninstallers == [f"{updater}CloudResetPwdUpdateAgent/{place}UninstallApp-NT.bat"]
        assert f"{updater}setup.bat" in content
        assert f"{WINDOWS_INNER}lib/log4j-core-2.8.2.jar" in content


@pytest.mark.parametrize(
    ("registration", "start_type"),
    [("init", "AUTO_START"), ("disabled", "DISABLED"), ("manual", "DEMAND_START"), ("unregistered", "AUTO_START")],
)
def test_windows_conf_says_how_the_service_starts(cache: Path, registration: Registration, start_type: str) -> None:
    text = conf(PackageOptions(variant="windows", registration=registration), cache, WINDOWS_INNER)
    assert f"wrapper.ntservice.starttype={start_type}\r\n" in text
    assert ("wrapper.lab.registration=UNREGISTERED" in text) == (registration == "unregistered")
    assert "asks_long" not in text
    assert "wrapper.lab.asks_long=TRUE" in conf(PackageOptions(variant="windows", asks_long=True), cache, WINDOWS_INNER)


@pytest.mark.parametrize("variant", ["linux/64", "windows"])
def test_odd_names(cache: Path, variant: Variant) -> None:
    inner = WINDOWS_INNER if variant == "windows" else INNER
    odd = f"{inner}depend/jre/lib/Program Files/Größe 密码.txt"
    assert odd in names(package_bytes(PackageOptions(variant=variant, odd_names=True), cache))
    assert odd not in names(package_bytes(PackageOptions(variant=variant), cache))


@pytest.mark.parametrize("defect", ["two_setups", "no_setup", "encrypted", "duplicate"])
def test_windows_packages_have_the_defects_too(cache: Path, defect: Defect) -> None:
    whole = package_bytes(PackageOptions(variant="windows"), cache)
    assert package_bytes(PackageOptions(variant="windows", defect=defect), cache) != whole


def test_what_there_is_not_for_a_system() -> None:
    with pytest.raises(ValueError, match="setup cannot be 'needs_tty' in a package for windows"):
        PackageOptions(variant="windows", setup="needs_tty")
    with pytest.raises(ValueError, match="registration cannot be 'manual' in a package for linux/64"):
        PackageOptions(registration="manual")
    with pytest.raises(ValueError, match="asks_long cannot be True in a package for arm/linux/64"):
        PackageOptions(variant="arm/linux/64", asks_long=True)


def test_without_a_compiler_the_error_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="install the Debian package gcc-mingw-w64-x86-64-win32"):
        package_bytes(PackageOptions(variant="windows"), tmp_path)


def test_only_this_machines_variant_runs(cache: Path) -> None:
    sizes = {}
    for variant in ("linux/64", "linux/32", "arm/linux/64"):
        data = package_bytes(PackageOptions(variant=variant), cache)
        sizes[variant] = zipfile.ZipFile(io.BytesIO(data)).getinfo(f"{INNER}bin/wrapper").file_size
    assert sum(size > 100_000 for size in sizes.values()) == 1


def test_conf_says_what_the_options_say(cache: Path) -> None:
    text = conf(
        PackageOptions(backend="AUTO", start="fails", registration="disabled", wait_interval=0.5, setup="hangs"), cache
    )
    assert "wrapper.backend.type=AUTO\n" in text
    assert "wrapper.lab.start=FAILS\n" in text
    assert "wrapper.lab.registration=DISABLED\n" in text
    assert "wrapper.lab.wait_rounds=240\n" in text
    assert "wrapper.lab.setup=hangs\n" in text
    assert "resident" not in text
    assert "wrapper.lab.resident=TRUE\n" in conf(PackageOptions(resident=True), cache)
    assert "FAILS" not in conf(PackageOptions(), cache)


def test_wrong_option() -> None:
    with pytest.raises(ValueError, match="setup is 'explodes', it must be one of normal, fails"):
        PackageOptions(setup="explodes")  # type: ignore[arg-type]


def test_options_on_the_command_line() -> None:
    assert options_from_words(["update_agent=true", "padding=5", "wait_interval=2"]) == PackageOptions(
        update_agent=True, padding=5, wait_interval=2.0
    )
    with pytest.raises(ValueError, match="there is no option colour"):
        options_from_words(["colour=red"])


class TestDefects:
    """Each defect is really in the archive, as an unpacker will meet it."""

    @staticmethod
    def infos(defect: Defect, cache: Path) -> list[zipfile.ZipInfo]:
        return zipfile.ZipFile(io.BytesIO(package_bytes(PackageOptions(defect=defect), cache))).infolist()

    def test_every_defect_differs_from_the_whole(self, cache: Path) -> None:
        made = {package_bytes(PackageOptions(defect=defect), cache) for defect in get_args(Defect)}
        assert len(made) == len(get_args(Defect))

    def test_setups(self, cache: Path) -> None:
        def count(defect: Defect) -> int:
            found = [info.filename for info in self.infos(defect, cache)]
            return sum(name.endswith("CloudResetPwdAgent.Linux/setup.sh") for name in found)

        assert (count("none"), count("two_setups"), count("no_setup")) == (1, 2, 0)

    def test_paths_that_escape(self, cache: Path) -> None:
        assert any(".." in info.filename for info in self.infos("escape", cache))
        assert any(info.filename.startswith("/") for info in self.infos("absolute", cache))

    def test_link_out(self, cache: Path) -> None:
        links = [info for info in self.infos("symlink", cache) if stat.S_ISLNK(info.external_attr >> 16)]
        assert [link.filename for link in links] == ["CloudResetPwdAgent/out"]

    def test_bomb(self, cache: Path) -> None:
        worst = max(self.infos("bomb", cache), key=lambda info: info.file_size)
        assert worst.file_size == 1 << 30
        assert worst.file_size / worst.compress_size > 500

    def test_truncated(self, cache: Path) -> None:
        with pytest.raises(zipfile.BadZipFile):
            self.infos("truncated", cache)

    def test_encrypted(self, cache: Path) -> None:
        data = package_bytes(PackageOptions(defect="encrypted"), cache)
        with pytest.raises((RuntimeError, zlib.error), match="encrypted"):
            zipfile.ZipFile(io.BytesIO(data)).read(f"{INNER}conf/wrapper.conf")

    def test_duplicate(self, cache: Path) -> None:
        found = [info.filename for info in self.infos("duplicate", cache)]
        assert len(found) == len(set(found)) + 1
