"""The Windows package, run for real under Wine in a throw-away prefix, against the real metadata service on loopback.

Over WinRM, from the bucket and with reboots it is proved on the lab's Windows hosts; this is the quick one.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from unit.lab.support import Metadata

from lab import accounts
from lab.accounts import Verdict
from lab.package import package_bytes
from lab.package_options import PackageOptions
from lab.windows.wine import WINE, WINESERVER, environment

pytestmark = pytest.mark.slow

OLD, NEW = "Lab-Admin-1", "New-Secret-1"
SERVICE, UPDATER = "cloudResetPwdAgent", "cloudResetPwdUpdateAgent"
BIN = "C:\\CloudResetPwdAgent\\bin\\"
SUCCESS = "SUCCESS: Congratulations! CloudResetPwdAgent installed successfully."
FAILED = "FAILED: Sorry! CloudResetPwdAgent install failed, check for detail"
HEALTHY = f"""\
15 file(s) copied
wrapper  | The cloudResetPwdAgent service installed.
wrapper  | Starting the cloudResetPwdAgent service...
wrapper  | The cloudResetPwdAgent service started.
{SUCCESS}
Press any key to continue... """
REQUESTS = [
    "GET resetpwd_flag",
    "POST resetpwd_flag",
    "GET resetpwd_flag",
    "GET reset_password",
    "GET meta_data.json",
    "DELETE reset_password",
    "GET reset_password",
]
AUTOMATIC, ON_DEMAND, DISABLED = "0x2", "0x3", "0x4"


def _environment(prefix: Path) -> dict[str, str]:
    """Wine takes file names that are not ASCII for what they are only where the locale is UTF-8."""
    return {**environment(prefix), "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Windows:
    """A Wine prefix that stays up."""

    prefix: Path
    metadata: Metadata

    @property
    def drive(self) -> Path:
        return self.prefix / "drive_c"

    @property
    def installed(self) -> Path:
        return self.drive / "CloudResetPwdAgent"

    @property
    def accounts(self) -> Path:
        return self.drive / "windows" / "system32" / "config" / "accounts"

    def run(
        self, *command: str, folder: Path | None = None, stdin: int = subprocess.DEVNULL, timeout: float = 30
    ) -> str:
        """What a program prints. Line ends are the host's own."""
        done = subprocess.run(
            [WINE, *command],
            env=_environment(self.prefix),
            cwd=folder or self.drive,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
        return done.stdout.decode(errors="replace").replace("\r\n", "\n")

    def cmd(self, line: str, **how: Any) -> str:
        return self.run("cmd", "/c", line, **how)

    def unpack(self, **options: Any) -> Path:
        """A package, unpacked into a folder with a blank and a letter that is not ASCII; returns that of the agent."""
        folder = self.drive / "Grüße von hier"
        shutil.rmtree(folder, ignore_errors=True)
        quick = {"address": "127.0.0.1", "port": self.metadata.port, "tries": 2, "delay_ms": 20}
        made = PackageOptions(**{"variant": "windows", **quick, **options})
        zipfile.ZipFile(io.BytesIO(package_bytes(made, self.prefix.parent / "cache"))).extractall(folder)
        return folder / "CloudResetPwdAgent" / "CloudResetPwdAgent.Windows"

    def setup(self, **options: Any) -> str:
        return self.cmd("setup.bat", folder=self.unpack(**options))

    def is_in_state(self, state: str, service: str = SERVICE) -> bool:
        """Whether the service comes to be in this state before long."""
        deadline = time.monotonic() + 10
        while state not in self.run("sc", "query", service):
            if time.monotonic() > deadline:
                return False
        return True

    def start_type(self, service: str = SERVICE) -> str | None:
        key = f"HKLM\\System\\CurrentControlSet\\Services\\{service}"
        words = self.run("reg", "query", key, "/v", "Start").split()
        return words[-1] if "REG_DWORD" in words else None

    def reset(self, password: str) -> Verdict:
        """Let the installed agent apply a password; returns what Administrator's list entry makes of it."""
        self.metadata.control.set_password("alpha", password)
        self.cmd(f"{BIN}App.bat start")
        assert self.is_in_state("STOPPED")
        return accounts.check(self.accounts, "Administrator", password)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    assert Path(WINE).exists(), f"there is no {WINE}: install the Debian package wine64"
    place = tmp_path_factory.mktemp("wine") / "prefix"
    _run(place, WINE, "wineboot", "-i")
    _down(place)  # else its service manager lives on beside the next one, and the two take turns
    # Services end with the last program of a user: one waits for a line until the prefix is done with.
    command = [WINE, "cmd", "/c", "echo up& set /p line="]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=_environment(place), cwd=place, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
    ) as session:
        assert session.stdout
        assert session.stdout.readline().startswith(b"up")
        yield place
        session.kill()
    _down(place)
    shutil.rmtree(place)


def _down(prefix: Path) -> None:
    _run(prefix, WINESERVER, "-k")
    _run(prefix, WINESERVER, "-w")


def _run(prefix: Path, *command: str) -> None:
    quiet = subprocess.DEVNULL  # a pipe would stay open for as long as the prefix is up
    subprocess.run(command, env=_environment(prefix), stdin=quiet, stdout=quiet, stderr=quiet, check=True)


@pytest.fixture
def windows(prefix: Path, metadata: Metadata) -> Iterator[Windows]:
    made = Windows(prefix, metadata)
    accounts.create(made.accounts)
    yield made
    made.run("taskkill", "/f", "/im", "wrapper.exe")
    for service in (SERVICE, UPDATER):
        made.run("sc", "stop", service)
        made.run("sc", "delete", service)
    for folder in ("CloudResetPwdAgent", "CloudResetPwdUpdateAgent"):
        shutil.rmtree(made.drive / folder, ignore_errors=True)


def test_healthy_install(windows: Windows) -> None:
    assert windows.setup() == HEALTHY
    assert windows.is_in_state("STOPPED")
    assert windows.start_type() == AUTOMATIC
    image = windows.run("reg", "query", f"HKLM\\System\\CurrentControlSet\\Services\\{SERVICE}", "/v", "ImagePath")
    assert f"{BIN}wrapper.exe -s C:\\CloudResetPwdAgent\\conf\\wrapper.conf" in image
    assert windows.metadata.control.requests("alpha") == REQUESTS[:4]
    assert windows.metadata.control.show("alpha").flag == "True"
    assert accounts.check(windows.accounts, "Administrator", OLD) is Verdict.OK


def test_install_applies_a_pending_password(windows: Windows) -> None:
    others = [account for account in accounts.read(windows.accounts) if account.name != "Administrator"]
    windows.metadata.control.set_password("alpha", NEW)
    windows.setup()
    assert windows.is_in_state("STOPPED")
    assert windows.metadata.control.requests("alpha") == REQUESTS
    assert windows.metadata.control.show("alpha").blob == ""
    assert accounts.check(windows.accounts, "Administrator", NEW) is Verdict.OK
    assert [account for account in accounts.read(windows.accounts) if account.name != "Administrator"] == others
    logs = "".join(path.read_text() for path in (windows.installed / "logs").iterdir())
    assert "the password of Administrator was handed to net user" in logs
    assert NEW not in logs


@pytest.mark.parametrize(
    ("password", "becomes"),
    [
        ("x" * 40, "x" * 40),
        ("ä€-Aa1", "ä€-Aa1"),
        ("a!%b-1", "a!%b-1"),
        ("/Slash-1", OLD),
        ("two words", OLD),
        ("*", OLD),
        ("a^b-1", "ab-1"),
        ("a%OS%b", "aWindows_NTb"),
        ("a&b-1", "a"),
    ],
)
def test_what_the_command_line_makes_of_a_password(windows: Windows, password: str, becomes: str) -> None:
    windows.setup()
    windows.reset(password)
    assert accounts.check(windows.accounts, "Administrator", becomes) is Verdict.OK
    assert windows.metadata.control.show("alpha").blob == ""


def test_renamed_administrator_is_not_reset_and_the_blob_goes(windows: Windows) -> None:
    windows.setup()
    text = windows.accounts.read_text().replace("Administrator", "Chief")
    windows.accounts.write_text(text)
    assert windows.reset(NEW) is Verdict.UNKNOWN
    assert windows.accounts.read_text() == text
    assert windows.metadata.control.show("alpha").blob == ""


def test_a_question_about_a_long_password_is_never_answered(windows: Windows) -> None:
    windows.setup(asks_long=True)
    assert windows.reset("x" * 14) is Verdict.OK
    windows.metadata.control.set_password("alpha", "y" * 15)
    windows.run("sc", "start", SERVICE)
    deadline = time.monotonic() + 10
    while "GET meta_data.json" not in windows.metadata.control.requests("alpha")[-1:]:
        assert time.monotonic() < deadline
    time.sleep(1)
    assert windows.is_in_state("RUNNING")
    assert accounts.check(windows.accounts, "Administrator", "x" * 14) is Verdict.OK
    assert windows.metadata.control.show("alpha").blob
    windows.cmd(f"{BIN}App.bat stop")
    assert windows.is_in_state("STOPPED")


@pytest.mark.parametrize(
    ("options", "says", "says_not", "start_type"),
    [
        ({"setup": "fails"}, FAILED, SUCCESS, None),
        ({"setup": "silent"}, "", SUCCESS, AUTOMATIC),
        ({"setup": "reads_stdin"}, SUCCESS, FAILED, AUTOMATIC),
        ({"start": "fails"}, "service could not be started - error 1053.", FAILED, AUTOMATIC),
        ({"registration": "disabled"}, "service could not be started - error 1058.", FAILED, DISABLED),
        ({"registration": "manual"}, SUCCESS, FAILED, ON_DEMAND),
        ({"registration": "unregistered"}, SUCCESS, FAILED, None),
    ],
)
def test_switches(windows: Windows, options: dict[str, str], says: str, says_not: str, start_type: str | None) -> None:
    said = windows.setup(**options)
    assert says in said
    assert says_not not in said
    assert "start" not in options or SUCCESS in said
    assert windows.start_type() == start_type


def test_half_an_install_says_success(windows: Windows) -> None:
    assert SUCCESS in windows.setup(setup="half")
    assert sorted(path.name for path in windows.installed.iterdir()) == ["bin", "conf", "logs"]


def test_hangs(windows: Windows) -> None:
    folder = windows.unpack(setup="hangs")
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        windows.cmd("setup.bat", folder=folder, timeout=4)
    assert caught.value.output == b"15 file(s) copied\r\n"


def test_it_waits_for_a_key_where_there_may_be_one(windows: Windows) -> None:
    folder = windows.unpack()
    reading, writing = os.pipe()
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        windows.cmd("setup.bat", folder=folder, stdin=reading, timeout=6)
    os.close(reading)
    os.close(writing)
    assert caught.value.output.endswith(b"Press any key to continue... ")


def test_from_another_folder_it_says_neither(windows: Windows) -> None:
    agent = windows.unpack()
    said = windows.cmd(f"{agent.name}\\setup.bat", folder=agent.parent)
    assert "Target to GOTO not found" in said
    assert SUCCESS not in said
    assert FAILED not in said


def test_names_with_blanks_and_other_letters_arrive(windows: Windows) -> None:
    assert "16 file(s) copied" in windows.setup(odd_names=True)
    assert (windows.installed / "depend/jre/lib/Program Files/Größe 密码.txt").read_bytes() == b"odd\n"


def test_again_on_an_installed_host(windows: Windows) -> None:
    windows.setup()
    said = windows.setup()
    assert f"The {SERVICE} service is already installed.\nPress any key to continue... " in said
    assert SUCCESS in said


def test_commands_of_an_agent_that_stays(windows: Windows) -> None:
    windows.setup(resident=True)
    assert windows.is_in_state("RUNNING")
    assert "is running." in windows.cmd(f"{BIN}App.bat status")
    assert "is already running." in windows.cmd(f"{BIN}App.bat start")
    said = windows.cmd(f"{BIN}App.bat restart")
    assert said.index("service stopped.") < said.index("service started.")
    assert "service stopped." in windows.cmd(f"{BIN}StopApp-NT.bat")
    assert "is not running." in windows.cmd(f"{BIN}App.bat status")
    assert "service started." in windows.cmd(f"{BIN}StartApp-NT.bat")
    assert "Sharing violation" in windows.setup()
    assert "service removed." in windows.cmd(f"{BIN}UninstallApp-NT.bat")
    assert windows.start_type() is None
    assert "is not installed." in windows.cmd(f"{BIN}UninstallApp-NT.bat")
    assert "Unexpected command: reboot" in windows.cmd(f"{BIN}App.bat reboot")


@pytest.mark.parametrize(("where", "folder"), [("bin", "bin\\"), ("top", "")])
def test_old_package_installs_both(windows: Windows, where: str, folder: str) -> None:
    agent = windows.unpack(update_agent=True, uninstaller=where)
    said = windows.cmd("setup.bat", folder=agent.with_name("CloudResetPwdUpdateAgent.Windows"))
    assert SUCCESS in said
    assert windows.is_in_state("RUNNING", UPDATER)
    assert (windows.start_type(UPDATER), windows.start_type()) == (AUTOMATIC, AUTOMATIC)
    assert "service removed." in windows.cmd(f"C:\\CloudResetPwdUpdateAgent\\{folder}UninstallApp-NT.bat")
    assert (windows.start_type(UPDATER), windows.start_type()) == (None, AUTOMATIC)


def test_held_file_is_not_deleted(windows: Windows) -> None:
    windows.setup()
    assert windows.is_in_state("STOPPED")
    jar = "C:\\CloudResetPwdAgent\\lib\\wrapper.jar"
    command = [WINE, f"{BIN}wrapper.exe", "--hold", jar]
    with subprocess.Popen(command, env=_environment(windows.prefix), stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        held = holder.stdout.readline()
        said = windows.cmd(f"del {jar}"), windows.cmd(f"del {BIN}wrapper.exe")
        windows.run("taskkill", "/f", "/im", "wrapper.exe")  # before anything fails: leaving here waits for its end
    assert b"holding" in held
    assert "Sharing violation" in said[0]
    assert "denied" in said[1]
    windows.cmd(f"del {jar}")
    assert not (windows.installed / "lib" / "wrapper.jar").exists()
