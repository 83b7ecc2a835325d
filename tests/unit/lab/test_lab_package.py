from __future__ import annotations

import io
import stat
import zipfile
import zlib
from pathlib import Path
from typing import get_args

import pytest

from lab.package import build, options_from_words, package_bytes
from lab.package_options import OLD_PACKAGE, Defect, Layout, PackageOptions

pytestmark = pytest.mark.slow

LINUX = "CloudResetPwdAgent/CloudResetPwdAgent.Linux/"
INNER = f"{LINUX}CloudrResetPwdAgent/"


def names(data: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def conf(options: PackageOptions, cache: Path) -> str:
    source = zipfile.ZipFile(io.BytesIO(package_bytes(options, cache)))
    return source.read(f"{INNER}conf/wrapper.conf").decode()


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


def test_windows(cache: Path) -> None:
    content = names(package_bytes(PackageOptions(variant="windows"), cache))
    assert "CloudResetPwdAgent/CloudResetPwdAgent.Windows/setup.bat" in content
    assert not [name for name in content if "Linux" in name]


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
