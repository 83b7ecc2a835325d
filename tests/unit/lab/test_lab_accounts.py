from __future__ import annotations

import io
from pathlib import Path

import pytest

from lab import accounts
from lab.accounts import Verdict
from lab.process import LabError

# Samba's own example: the NT hash of `password`.
KNOWN_HASH = "8846F7EAEE8FB117AD06BDD830B7586C"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "accounts"
    accounts.create(path)
    return path


def test_known_answer() -> None:
    assert accounts.nt_hash("password") == KNOWN_HASH


def test_fresh_host_accepts_its_default_accounts(file: Path) -> None:
    verdicts = {fresh.name: accounts.check(file, fresh.name, fresh.password) for fresh in accounts.DEFAULTS}
    assert verdicts == {"Administrator": Verdict.OK, "operator": Verdict.OK, "plain": Verdict.OK}


def test_fresh_host_knows_its_administrators(file: Path) -> None:
    answers = [accounts.is_administrator(file, name) for name in ("administrator", "Operator", "plain", "nobody")]
    assert answers == [True, True, False, False]


def test_no_password_is_on_disk(file: Path) -> None:
    text = file.read_text()
    assert not any(fresh.password in text for fresh in accounts.DEFAULTS)
    assert file.stat().st_mode & 0o777 == 0o600


def test_line_is_as_samba_writes_it(file: Path) -> None:
    accounts.set_password(file, "operator", "password")
    line = next(line for line in file.read_text().splitlines() if line.startswith("operator:"))
    assert line.rpartition(":LCT-")[0] == f"operator:1001:{'X' * 32}:{KNOWN_HASH}:[U          ]"


def test_name_has_no_case_and_password_has(file: Path) -> None:
    assert accounts.check(file, "ADMINISTRATOR", "Lab-Admin-1") is Verdict.OK
    assert accounts.check(file, "Administrator", "lab-admin-1") is Verdict.WRONG


def test_changed_password_replaces_the_old_one(file: Path) -> None:
    before = accounts.read(file)
    accounts.set_password(file, "administrator", "Neu-Ü-1")
    assert accounts.check(file, "Administrator", "Neu-Ü-1") is Verdict.OK
    assert accounts.check(file, "Administrator", "Lab-Admin-1") is Verdict.WRONG
    assert accounts.read(file)[1:] == before[1:]


def test_new_account_gets_the_next_number(file: Path) -> None:
    accounts.set_password(file, "fourth", "Lab-Fourth-1")
    assert [(account.name, account.rid) for account in accounts.read(file)][-1] == ("fourth", 1003)


@pytest.mark.parametrize(
    ("flags", "password", "verdict"),
    [
        ("UD", "Lab-Plain-1", Verdict.DISABLED),
        ("UD", "wrong", Verdict.WRONG),
        ("UL", "Lab-Plain-1", Verdict.LOCKED),
        ("UL", "wrong", Verdict.LOCKED),
        ("U", "Lab-Plain-1", Verdict.OK),
    ],
)
def test_flags(file: Path, flags: str, password: str, verdict: Verdict) -> None:
    accounts.set_flags(file, "Plain", flags)
    assert accounts.check(file, "plain", password) is verdict
    assert accounts.check(file, "operator", "Lab-Operator-1") is Verdict.OK


def test_unknown_account(file: Path) -> None:
    assert accounts.check(file, "nobody", "x") is Verdict.UNKNOWN
    with pytest.raises(LabError, match="no account nobody"):
        accounts.set_flags(file, "nobody", "UD")


def test_lines_of_another_writer(file: Path) -> None:
    file.write_bytes(f"admin:500:{'X' * 32}:{KNOWN_HASH.lower()}:[UD         ]:LCT-5EBBA2C1:\r\n".encode())
    assert accounts.check(file, "Admin", "password") is Verdict.DISABLED


@pytest.mark.parametrize("line", ["Administrator", "a:b:c:d:e:f", f"a:1:{'X' * 32}:00:[U]"])
def test_damaged_file_is_named(file: Path, line: str) -> None:
    file.write_text(f"\n{line}\n")
    with pytest.raises(LabError, match=r"accounts, line 2, is no line of an smbpasswd file"):
        accounts.read(file)


@pytest.mark.parametrize(("password", "status"), [("Lab-Admin-1", 0), ("wrong", 1)])
def test_command_line(file: Path, monkeypatch: pytest.MonkeyPatch, password: str, status: int) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    assert accounts.main(["check", str(file), "Administrator"]) == status
