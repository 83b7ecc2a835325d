# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Windows script as it is sent, the words that it may use, and the connections that it goes over."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from unit.host.support import NONCE

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import windows_script, wire
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.windows_guest import (
    BOOTSTRAP,
    LINE_BYTES,
    WindowsGuest,
    encoded,
)

FOLDER = Path(windows_script.__file__).parent / "windows"
FRAGMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.ps1"))}
# What Windows PowerShell 3.0 has of its own, and that needs no module.
CMDLETS = {"New-Object", "Select-Object", "Sort-Object", "Start-Sleep", "Add-Type"}
# Syntax of later versions: 5.0 has classes and ::new, 7.0 the rest.
LATER = (
    r"::new\(",
    r"^\s*(class|enum|using)\s",
    r"\?\?",
    r"\?\.",
    r"&&",
    r"\|\|",
    r"\s\?\s[^{]*\s:\s",
    r"\[pscustomobject\]",
)
VERB_NOUN = re.compile(r"(?<![\w$.\\/'-])([A-Z][a-z]+-[A-Za-z]\w+)")


def code(text: str) -> str:
    """The text without comments and texts in quotes."""
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return re.sub(r"'[^'\n]*'", "''", re.sub(r"\s#\s.*", "", text))


def unknown_words(text: str) -> list[str]:
    """What is neither a cmdlet that every guest has nor a function of ours, and what only later versions understand."""
    functions = set(re.findall(r"^function (\S+?)[\s({]", "\n".join(FRAGMENTS.values()), re.MULTILINE))
    commands = set(VERB_NOUN.findall(code(text))) - functions - CMDLETS
    return sorted(commands) + [one for one in LATER if re.search(one, code(text), re.MULTILINE)]


@pytest.mark.parametrize("name", FRAGMENTS)
def test_only_words_of_powershell_3(name: str) -> None:
    assert unknown_words(FRAGMENTS[name]) == []


@pytest.mark.parametrize(
    "line",
    [
        "$a = Get-FileHash $path",
        "Get-CimInstance Win32_OperatingSystem",
        "Expand-Archive $a $b",
        "$list = [Collections.ArrayList]::new()",
        "$a = $b ?? 1",
        "$a = $b ? 1 : 2",
        "class One { }",
        "Remove-Item x && Write-Host y",
        "Import-Module ServerManager",
    ],
)
def test_a_newer_word_would_be_seen(line: str) -> None:
    assert unknown_words(f"{FRAGMENTS['common.ps1']}\n{line}\n") != []


@pytest.mark.parametrize("name", FRAGMENTS)
def test_ascii_alone_whatever_code_page_a_guest_has(name: str) -> None:
    assert FRAGMENTS[name].isascii()


@pytest.mark.parametrize("name", FRAGMENTS)
def test_programs_are_called_by_their_full_path(name: str) -> None:
    programs = re.findall(r"(\S*)\b(?:sc|cmd|taskkill|net|icacls|reg)\.exe", code(FRAGMENTS[name]))
    assert [path for path in programs if "$system32\\" not in path] == []


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", "'plain'"),
        ("it's", "'it''s'"),
        ("a\u2019b\u2018c", "'a\u2019\u2019b\u2018\u2018c'"),
        ("$(exit 9) `n", "'$(exit 9) `n'"),
    ],
)
def test_a_value_stays_a_value(text: str, literal: str) -> None:
    assert windows_script.quoted(text) == literal
    script = windows_script.apply_script(NONCE, {"package_url": text})
    assert script.splitlines()[0] == f"$packageUrl = {literal}"


def test_the_scripts_have_their_parts_between_the_markers_and_no_comments() -> None:
    probe = windows_script.probe_script(NONCE, 5)
    login = windows_script.probe_script(NONCE, 5, login=True)
    apply = windows_script.apply_script(NONCE, {"steps": "receive setup"})
    for script in (probe, login, apply):
        lines = script.splitlines()
        assert lines[-4] == f"'{wire.begin_marker(NONCE)}'"
        assert lines[-2:] == ["Write-Answer", f"'{wire.end_marker(NONCE)}'"]
        assert not [line for line in lines if line.startswith(("#", " "))]
    # Who reads a pending password has it: only asked for where the caller wants it.
    assert ("reset_password'" in probe, "reset_password'" in login) == (False, True)


# --- over a connection ---


class Action:
    """Has a connection, and answers each command with the same words."""

    def __init__(self, transport: str, said: Sequence[str], status: int = 0, stderr: str = "") -> None:
        self._connection = SimpleNamespace(transport=transport)
        self.said, self.status, self.stderr = said, status, stderr
        self.commands: list[tuple[str, bytes, bool]] = []

    def _low_level_execute_command(self, command: str, in_data: bytes, sudoable: bool) -> dict[str, Any]:
        self.commands.append((command, in_data, sudoable))
        script = base64.b64decode(in_data.split(b"\n")[0]).decode()
        lines = [line.replace("NONCE", script) for line in self.said]
        return {"rc": self.status, "stdout": "\r\n".join(lines), "stderr": self.stderr}


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SAID = [
    "a banner",
    wire.begin_marker("NONCE"),
    packed("key one\nkey zwei zwölf\nfault "),
    wire.end_marker("NONCE"),
    "",
]


@pytest.mark.parametrize(
    ("transport", "command"),
    [
        ("winrm", BOOTSTRAP),
        ("psrp", BOOTSTRAP),
        (
            "ssh",
            f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encoded(BOOTSTRAP)}",
        ),
    ],
)
def test_one_command_with_all_on_standard_input(transport: str, command: str) -> None:
    action = Action(transport, SAID)
    answer = WindowsGuest(action).run(lambda nonce: nonce)
    assert answer.all("key") == ["one", "zwei zwölf"]
    ((sent, data, sudoable),) = action.commands
    assert (sent, sudoable, data.endswith(b"\n")) == (command, False, True)
    # cmd takes no longer line.
    assert len(sent) < 8191


def test_a_payload_follows_as_lines_of_base64(tmp_path: Path) -> None:
    payload = tmp_path / "payload"
    payload.write_bytes(bytes(range(256)) * (LINE_BYTES // 128))
    action = Action("winrm", SAID)
    WindowsGuest(action).run(lambda nonce: nonce, payload)
    ((_command, data, _sudoable),) = action.commands
    _script, *lines = data.split()
    assert b"".join(map(base64.b64decode, lines)) == payload.read_bytes()
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (["Access is denied."], "gave no complete answer; it ended with: Access is denied.. Its status was 5"),
        ([wire.begin_marker("NONCE"), "!!", wire.end_marker("NONCE")], "gave no complete answer"),
        (
            [wire.begin_marker("NONCE"), packed("fault null. At: $a.b()"), wire.end_marker("NONCE")],
            "failed: null. At: $a.b()",
        ),
        ([wire.begin_marker("NONCE"), packed("key one")], "gave no complete answer"),
    ],
)
def test_what_is_no_answer(said: list[str], sentence: str) -> None:
    guest = WindowsGuest(Action("winrm", said, 5, "Administrator Geheim-1 is wrong"))
    with pytest.raises(HostError) as caught:
        guest.run(lambda nonce: nonce)
    assert sentence in str(caught.value)
    assert "Geheim" not in str(caught.value)
