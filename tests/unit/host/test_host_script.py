# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts as they are sent, and the bootstrap that reads them, in every shell that a guest may have."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from unit.host.support import NONCE

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import linux_script, wire
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.linux_guest import BOOTSTRAP

SHELLS = {"dash": ["dash"], "bash": ["bash"], "bash-as-sh": ["bash", "--posix"], "busybox": ["busybox", "sh"]}
FRAGMENTS = ("common.sh", "probe.sh", "login.sh", "apply.sh")
FOLDER = Path(linux_script.__file__).parent / "linux"
NASTY = "a 'b' $(exit 9) `exit 9` \"c\" \\ !1 *"


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    command = SHELLS[request.param]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    return command


def run(shell: list[str], data: bytes, bootstrap: str = BOOTSTRAP) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*shell, "-c", bootstrap], input=data, capture_output=True, timeout=30, check=False)


def piped(script: str, payload: bytes = b"") -> bytes:
    return b"%d\n" % len(script.encode()) + script.encode() + payload


# Every byte, another number, a line without an end, and more than any buffer.
PAYLOADS = {
    "none": b"",
    "bytes": bytes(range(256)),
    "number": b"\n7\nexit 3\n",
    "no-line-end": b"echo x",
    "large": random.Random(1).randbytes(300_000),  # noqa: S311 - the same bytes every time
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_the_payload_is_left_to_the_script_byte_for_byte(shell: list[str], payload: bytes) -> None:
    done = run(shell, piped("printf begin:\ncat\n", payload))
    assert (done.stdout, done.stderr, done.returncode) == (b"begin:" + payload, b"", 0)


def test_the_script_keeps_its_lines_quotes_and_backslashes(shell: list[str]) -> None:
    script = 'f() {\n  printf "%s|" "$1"\n}\nf \'a\\b\'\nf "c\n  d "\n\n  f "  e"; f "\\$n"\n# a comment\nf g'
    done = run(shell, piped(script + "\n"))
    assert (done.stdout, done.stderr) == (b"a\\b|c\n  d |  e|$n|g|", b"")


def test_the_scripts_status_is_the_commands(shell: list[str]) -> None:
    assert run(shell, piped("exit 7\n")).returncode == 7


@pytest.mark.parametrize("kept", [0, 1, 3, 10, 30, -1])
def test_a_script_that_was_cut_does_nothing(shell: list[str], kept: int) -> None:
    whole = piped("echo one\necho two\necho thrëe\n")
    assert run(shell, whole).stdout.decode() == "one\ntwo\nthrëe\n"
    assert run(shell, whole[:kept]).stdout == b""


def test_a_script_that_comes_in_pieces_is_whole(shell: list[str]) -> None:
    data = piped("echo begin; cat\n" + "# \n" * 20, b"payload")
    with subprocess.Popen([*shell, "-c", BOOTSTRAP], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        for piece in (data[:1], data[1:9], data[9:50], data[50:]):
            process.stdin.write(piece)
            process.stdin.flush()
            time.sleep(0.05)
        assert process.communicate()[0] == b"begin\npayload"


def test_the_bootstrap_is_one_line_that_csh_and_fish_can_pass_on() -> None:
    assert "\n" not in BOOTSTRAP
    assert "!" not in BOOTSTRAP


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_fragment_is_sent_without_comments_and_indentation(fragment: str) -> None:
    sent = linux_script._fragment(fragment).splitlines()
    source = (FOLDER / fragment).read_text().splitlines()
    assert [line for line in sent if line.startswith(("#", " ", "\t")) or not line.strip()] == []
    assert sent == [line.strip() for line in source if line.strip() and not line.strip().startswith("#")]
    assert len(sent) > 50


@pytest.mark.parametrize(
    "script",
    [
        linux_script.probe_script(NONCE, 5),
        linux_script.probe_script(NONCE, 5, login=True),
        linux_script.apply_script(NONCE, {"steps": "setup modes", "backend": "PIPE"}),
    ],
    ids=["probe", "login", "apply"],
)
def test_every_shell_can_read_the_scripts(shell: list[str], script: str) -> None:
    done = subprocess.run([*shell, "-n"], input=script.encode(), capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_values_reach_the_script_as_they_are(shell: list[str]) -> None:
    script = linux_script.apply_script(NONCE, {"steps": NASTY})
    head = script.partition("\n")[0]
    assert head.startswith("steps=")
    done = run(shell, piped(f'{head}\nprintf %s "$steps"\n'))
    assert done.stdout.decode() == NASTY


def stand_in(script: str) -> str:
    """The script with functions of ours in place of the work."""
    at = script.rindex("\necho; echo ")
    work = 'apply() { say applied "$steps"; cat >/dev/null; }'
    ours = f"{work}\nprobe() {{ say probed yes; }}\nprobe_agent() {{ say again yes; }}"
    return f"{script[:at]}\n{ours}{script[at:]}"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (linux_script.probe_script(NONCE, 5), {"probed": ["yes"]}),
        (linux_script.apply_script(NONCE, {"steps": "a b"}), {"applied": ["a b"], "again": ["yes"]}),
    ],
    ids=["probe", "apply"],
)
def test_the_work_is_done_between_the_marks_also_after_noise_without_a_line_end(
    shell: list[str], script: str, told: dict[str, list[str]]
) -> None:
    done = run(shell, piped(stand_in(script), b"payload"), f"printf hello; {BOOTSTRAP}")
    assert done.stderr == b""
    assert wire.parse(done.stdout.decode(), NONCE).values == told


def test_the_probe_knows_its_time_and_has_no_apply() -> None:
    script = linux_script.probe_script(NONCE, 42)
    assert script.startswith("metadata_timeout=42\n")
    assert "step_setup" not in script
    assert "step_setup" in linux_script.apply_script(NONCE, {})


def test_nothing_asks_for_the_pending_password_unasked() -> None:
    for script in (linux_script.apply_script(NONCE, {}), linux_script.probe_script(NONCE, 5)):
        assert "metadata_request reset_password" not in script
        assert "/reset_password" not in script
    assert "metadata_request reset_password" in linux_script.probe_script(NONCE, 5, login=True)


def test_the_environment_is_the_scripts_own(shell: list[str]) -> None:
    script = f'{linux_script._fragment("common.sh")}\necho "${{LANG-none}} ${{TMPDIR-none}} $LC_ALL $(umask) $(pwd)"\n'
    done = run(["env", "LANG=de_DE.UTF-8", "TMPDIR=/nowhere", "LC_ALL=tr_TR", *shell], piped(f"umask 777\n{script}"))
    assert done.stdout.split() == [b"none", b"none", b"C", b"0022", b"/"]
