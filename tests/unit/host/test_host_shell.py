# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell functions that can be run anywhere, run for real: every shell, no root, a root folder of ours."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import linux_script
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.redaction import redact

SHELLS = {"dash": ["dash"], "bash": ["bash"], "busybox": ["busybox", "sh"]}
SERVICE = "cloudResetPwdAgent"
AGENT = "CloudrResetPwdAgent"
SEPARATOR = "-- next --"
# The absolute paths that the functions look at, so that they can be put below a folder.
_PATHS = re.compile(
    r"(?<![\w$/}*.])/(?=(etc|run|proc/net|var/lib/cloud|sys/class|usr/lib|usr/local/lib|lib|CloudrResetPwdAgent)\b|proc/\[0-9\])"
)
_SUPERUSER = re.compile(r"! -user 0\b")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    command = SHELLS[request.param]
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]} here")
    return command


def common() -> str:
    """common.sh, probe.sh and login.sh, which look below the folder $root."""
    text = "\n".join(map(linux_script._fragment, ("common.sh", "probe.sh", "login.sh")))
    return _SUPERUSER.sub(f"! -user {os.getuid()}", _PATHS.sub("$root/", text))


def run(shell: list[str], text: str, root: Path | None = None) -> str:
    done = subprocess.run(
        [*shell, "-c", f"root={root or ''}\n{common()}\n{text}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def run_each(shell: list[str], text: str, folder: Path, cases: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """What the text prints below each root of these files; one shell does them all, for a process costs time."""
    commands = []
    for index, files in enumerate(cases):
        root = folder / str(index)
        root.mkdir()
        write(root, {name: content.replace("@", str(root)) for name, content in files.items()})
        commands.append(f"root={root}; {text}; echo {SEPARATOR}")
    told = run(shell, "\n".join(commands))
    return [part.splitlines() for part in told.split(f"{SEPARATOR}\n")[:-1]]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("->"):
            path.symlink_to(text[2:])
        else:
            path.write_text(text)
            path.chmod(0o755)


# --- secrets ---


def test_secrets_go_on_the_guest_as_they_do_on_the_controller(shell: list[str]) -> None:
    lines = [
        "echo root:Secret-1@x|chpasswd",
        "ROOT:Secret-1 root: apart, root:",
        "net user Administrator Secret-1",
        'answer {"reset_password":"c2VjcmV0MQ==/+xyz"} 200',
        r'"{\"reset_password\": \"c2VjcmV0MQ==\"}"',
        "reset_password = 'c2VjcmV0MQ=='",
        'GET reset_password, then {"reset_password":""} and {"reset_password":"Fail"}',
        "nothing here",
    ]
    told = run(shell, "redacted <<'END'\n" + "\n".join(lines) + "\nEND").splitlines()
    assert told == [redact(line) for line in lines]
    assert not re.search("ecret-1|c2Vj", "\n".join(told))


# --- bounded and alone ---


@pytest.mark.parametrize("alone", ["", "alone "])
def test_bounded_returns_the_status_and_the_output_of_what_ended_by_itself(shell: list[str], alone: str) -> None:
    began = time.monotonic()
    told = run(shell, f'bounded 15 {alone}sh -c "echo out; exit 7"; echo "$? [$timed_out]"')
    assert told == "out\n7 []\n"
    assert time.monotonic() - began < 5


def test_bounded_passes_the_words_on_as_they_are(shell: list[str]) -> None:
    assert run(shell, "bounded 15 printf '%s|' 'a b' '*' ''") == "a b|*||"


def test_bounded_ends_a_program_in_time_says_so_and_forgets_it_for_the_next(shell: list[str]) -> None:
    began = time.monotonic()
    told = run(shell, 'bounded 1 sleep 60 2>/dev/null; echo "$? [$timed_out]"; bounded 15 true; echo "$? [$timed_out]"')
    assert told == "143 [yes]\n0 []\n"
    assert time.monotonic() - began < 5


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()]


def test_bounded_ends_what_runs_alone_with_its_children_though_none_heeds_the_first_signal(
    shell: list[str], tmp_path: Path
) -> None:
    began = time.monotonic()
    program = f"trap : TERM; echo $$ >{tmp_path}/pids; for i in 1 2; do (trap : TERM; while :; do sleep 0.1; done) & "
    program += f"echo $! >>{tmp_path}/pids; done; while :; do sleep 0.1; done"
    assert run(shell, f"bounded 1 alone sh -c '{program}' 2>/dev/null; echo \"$? [$timed_out]\"") == "137 [yes]\n"
    assert time.monotonic() - began < 6
    started = pids(tmp_path / "pids")
    assert len(started) == 3
    while left := [pid for pid in started if is_alive(pid)]:
        assert time.monotonic() - began < 6, left


def test_bounded_leaves_no_guard_behind(shell: list[str], tmp_path: Path) -> None:
    # How soon the program ends matters: the guard may be at any point of its start.
    loop = "i=0; while [ $i -lt 20 ]; do i=$((i + 1)); bounded 300 sh -c '[ $0 -lt 15 ] || sleep 0.0$0' $i"
    began = time.monotonic()
    run(["env", f"MARK={tmp_path}", *shell], f"{loop}; echo $guard >>{tmp_path}/pids; done")
    guards = pids(tmp_path / "pids")
    assert len(guards) == 20
    assert [pid for pid in guards if is_alive(pid)] == []
    while left := list(marked(f"MARK={tmp_path}")):
        assert time.monotonic() - began < 10, left
        time.sleep(0.1)


def marked(mark: str) -> Iterable[int]:
    """The processes with this in their environment."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = path.read_text(errors="replace").split("\0")
        except OSError:
            continue
        if mark in words:
            yield int(path.parent.name)


def test_what_runs_alone_leads_a_process_group(shell: list[str]) -> None:
    told = run(shell, "bounded 15 alone sh -c 'cut -d\" \" -f 1,5 /proc/self/stat; echo $$' | tr '\\n' ' '; echo")
    _pid, group, leader = told.split()
    assert group == leader


# --- what the next boot reads ---

INITTAB = "# id:5:initdefault:\nid:3:initdefault:\n#id:4:initdefault:\nsi::sysinit:/etc/init.d/rcS\n"


RUNLEVELS = [
    ({}, "3"),
    ({"etc/inittab": INITTAB}, "3"),
    ({"etc/inittab": INITTAB.replace("id:3", "id:2")}, "2"),
    ({"etc/inittab": "id::initdefault:\n"}, "3"),
    ({"etc/inittab": ""}, "3"),
]


def test_the_default_runlevel(shell: list[str], tmp_path: Path) -> None:
    told = run_each(shell, "default_runlevel", tmp_path, [files for files, _level in RUNLEVELS])
    assert told == [[level] for _files, level in RUNLEVELS]


SYSTEMD = {"run/systemd/system/.keep": ""}
UNIT = f"{SERVICE}.service"
WANTS = f"etc/systemd/system/multi-user.target.wants/{UNIT}"
INITD = f"etc/init.d/{SERVICE}"
RUNLEVEL_2 = {"etc/inittab": "id:2:initdefault:\n"}


REGISTRATIONS: list[tuple[dict[str, str], str]] = [
    ({}, "none no no"),
    (SYSTEMD, "none no no"),
    ({**SYSTEMD, f"etc/systemd/system/{UNIT}": "u"}, "unit no no"),
    ({**SYSTEMD, f"etc/systemd/system/{UNIT}": "u", WANTS: "->../x"}, "unit yes no"),
    ({**SYSTEMD, f"lib/systemd/system/{UNIT}": "u", WANTS: "->../x"}, "unit yes no"),
    ({**SYSTEMD, f"usr/lib/systemd/system/{UNIT}": "u", f"usr/lib/systemd/system/a.wants/{UNIT}": "->x"},
     "unit yes no"),
    ({**SYSTEMD, WANTS: "->../x"}, "none no no"),
    ({**SYSTEMD, f"etc/systemd/system/{UNIT}": "->/dev/null"}, "none no yes"),
    ({**SYSTEMD, f"etc/systemd/system/{UNIT}": "->/dev/null", f"lib/systemd/system/{UNIT}": "u", WANTS: "->x"},
     "unit no yes"),
    ({**SYSTEMD, f"run/systemd/system/{UNIT}": "->/dev/null", INITD: "i", f"etc/rc3.d/S20{SERVICE}": "->x"},
     "initd no yes"),
    ({f"etc/systemd/system/{UNIT}": "u", WANTS: "->../x"}, "none no no"),
    ({INITD: "i"}, "initd no no"),
    ({f"etc/rc3.d/S20{SERVICE}": "->../init.d/x"}, "none no no"),
    ({INITD: "i", f"etc/rc3.d/S20{SERVICE}": "->../init.d/x"}, "initd yes no"),
    ({INITD: "i", f"etc/rc3.d/K20{SERVICE}": "->../init.d/x"}, "initd no no"),
    ({INITD: "i", f"etc/rc3.d/S20{SERVICE}Other": "->../init.d/x"}, "initd no no"),
    ({INITD: "i", f"etc/rc2.d/S20{SERVICE}": "->../init.d/x"}, "initd no no"),
    ({INITD: "i", f"etc/rc2.d/S20{SERVICE}": "->../init.d/x", **RUNLEVEL_2}, "initd yes no"),
    ({INITD: "i", f"etc/rc5.d/S20{SERVICE}": "->../init.d/x", **SYSTEMD}, "initd no no"),
    ({INITD: "i", f"etc/rc4.d/S20{SERVICE}": "->../init.d/x", **SYSTEMD}, "initd yes no"),
    ({INITD: "i", f"etc/rc2.d/S20{SERVICE}": "->../init.d/x", **SYSTEMD}, "initd yes no"),
    ({f"etc/rc.d/init.d/{SERVICE}": "i", f"etc/rc.d/rc3.d/S99{SERVICE}": "->x"}, "initd yes no"),
    ({INITD: "i", f"etc/init.d/rc3.d/S99{SERVICE}": "->x"}, "initd yes no"),
    ({**SYSTEMD, f"etc/systemd/system/{UNIT}": "u", INITD: "i", f"etc/rc3.d/S20{SERVICE}": "->x"}, "unit no no"),
]  # fmt: skip


def test_registration_by_what_lies_on_disk(shell: list[str], tmp_path: Path) -> None:
    text = f"enabled=yes masked=yes registered=unit; registration {SERVICE}; echo $registered $enabled $masked"
    found = run_each(shell, text, tmp_path, [files for files, _told in REGISTRATIONS])
    assert [(files, line) for (files, _told), (line,) in zip(REGISTRATIONS, found, strict=True)] == REGISTRATIONS


def test_a_service_script_that_cannot_be_run_is_no_registration(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, {INITD: "i"})
    (tmp_path / INITD).chmod(0o644)
    assert run(shell, f"registration {SERVICE}; echo $registered", tmp_path) == "none\n"


# --- the agent's files ---

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
STEADY = ["bin/wrapper", "conf/wrapper.conf", "lib/a.jar", "lib/logs/b c.jar"]
UNSTEADY = [
    "logs/resetPwdAgent.log", ".cloudreset", "bin/a.pid", "bin/a.lock", "bin/a.anchor", "bin/a.status", "logs/d/e",
]  # fmt: skip


def test_digests_are_of_what_was_installed_and_stays_in_a_fixed_order(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(reversed(STEADY + UNSTEADY), ""))
    told = run(shell, f"digests {tmp_path}")
    assert told.splitlines() == [f"{EMPTY}  ./{name}" for name in STEADY]


def test_digests_where_there_is_no_sha256sum(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, {"a": "", "b": "x\n"})
    told = run(shell, 'has() { [ "$1" != sha256sum ]; }; ' + f"digests {tmp_path}")
    assert sorted(told.splitlines()) == ["2192966820 2 ./b", "4294967295 0 ./a"]


def test_digests_of_nothing(shell: list[str], tmp_path: Path) -> None:
    assert run(shell, f"digests {tmp_path}/none; echo $?") == "0\n"


def say_agent(shell: list[str], root: Path) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for line in run(shell, f"work={root}/work; say_agent", root).splitlines():
        key, _blank, value = line.partition(" ")
        told.setdefault(key, []).append(value.replace(str(root), ""))
    return told


WHOLE = {
    f"{AGENT}/bin/{SERVICE}.script": "s",
    f"{AGENT}/bin/wrapper": "w",
    f"{AGENT}/conf/wrapper.conf": "#wrapper.backend.type=AUTO\n wrapper.backend.type = PIPE\nwrapper.backend.typo=1\n",
    f"{AGENT}/lib/a.jar": "a",
    f"{AGENT}/.cloudreset": "package ff\n00  ./a\n",
}


def test_a_whole_agent_is_told(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    for name in ("bin/wrapper", f"bin/{SERVICE}.script"):
        (tmp_path / AGENT / name).chmod(0o700)
    (tmp_path / AGENT / "lib/a.jar").chmod(0o600)
    told = say_agent(shell, tmp_path)
    assert [line.partition("./")[2] for line in told.pop("digest")] == [
        f"bin/{SERVICE}.script", "bin/wrapper", "conf/wrapper.conf", "lib/a.jar"
    ]  # fmt: skip
    assert told == {
        "directory": [f"/{AGENT}"],
        "present": [f"bin/{SERVICE}.script", "bin/wrapper", "conf/wrapper.conf"],
        "record": ["package ff", "00  ./a"],
        "backend": [" wrapper.backend.type = PIPE"],
        "registered": ["none"],
        "enabled": ["no"],
        "masked": ["no"],
    }


def test_wrong_modes_and_empty_files_are_told(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, {**WHOLE, f"{AGENT}/bin/wrapper": "", f"{AGENT}/lib/sub/b.jar": "b"})
    (tmp_path / AGENT / "lib/a.jar").chmod(0o600)
    told = say_agent(shell, tmp_path)
    assert sorted(told["mode_wrong"]) == [
        f"/{AGENT}/bin/{SERVICE}.script", f"/{AGENT}/bin/wrapper", f"/{AGENT}/lib/sub/b.jar"
    ]  # fmt: skip
    assert told["present"] == [f"bin/{SERVICE}.script", "conf/wrapper.conf"]


def test_what_an_interrupted_run_left_is_told(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, {"work/interrupted": "none no\n", "work/backup/a": ""})
    told = say_agent(shell, tmp_path)
    assert (told["interrupted"], told["backup"]) == (["/work"], ["/work/backup"])
    assert "directory" not in told


# --- the host ---

ROUTE = "Iface Destination Gateway\neth1 0001A8C0 0\neth0 00000000 0101A8C0\n"
NET = {
    "proc/net/route": ROUTE,
    "proc/net/dev_mcast": "2 eth1 1 0 01005e000001\n7 eth0 1 0 01005e000001\n",
    "sys/class/net/eth0/address": "fa:16:3e:00:00:01\n",
}


NICS: list[tuple[dict[str, str], list[str]]] = [
    ({}, []),
    ({"run/systemd/netif/leases/7": ""}, ["dhcp networkd-lease dhcp"]),
    ({"run/systemd/netif/leases/2": ""}, []),
    ({"run/systemd/netif/links/7": "A=b\nNETWORK_FILE=@/n\n", "n": "[Network]\nDHCP=no\n DHCP = yes\n"},
     ["dhcp networkd-file  DHCP = yes"]),
    ({"run/systemd/netif/links/7": "NETWORK_FILE=@/n\n", "n": "[Network]\nAddress=::1\n"}, ["dhcp networkd-file "]),
    ({"run/systemd/netif/links/7": "NETWORK_FILE=@/none\n"}, []),
    ({"etc/network/interfaces": "iface lo inet loopback\niface eth0 inet6 auto\n  iface eth0  inet static\n",
      "etc/network/interfaces.d/a": "iface eth0 inet dhcp\niface eth01 inet dhcp"},
     ["dhcp ifupdown   iface eth0  inet static", "dhcp ifupdown iface eth0 inet dhcp"]),
    ({"etc/network/interfaces": "iface\teth0\tinet\tdhcp\n"}, ["dhcp ifupdown iface\teth0\tinet\tdhcp"]),
    ({"etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp"}, ["dhcp ifcfg BOOTPROTO=dhcp"]),
    ({"etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='static'\n#BOOTPROTO=dhcp\n",
      "etc/sysconfig/network/ifcfg-eth1": "BOOTPROTO=dhcp"}, ["dhcp ifcfg BOOTPROTO='static'"]),
    ({"proc/17/comm": "dhclient\n", "proc/17/cmdline": "dhclient\0-i\0eth0\0", "proc/18/comm": "sshd\n"},
     ["dhcp client dhclient dhclient -i eth0 "]),
    ({"proc/17/comm": "udhcpc\n", "proc/17/cmdline": "", "proc/9/comm": "dhcpcd\n", "proc/9/cmdline": "dhcpcd: a"},
     ["dhcp client udhcpc ", "dhcp client dhcpcd dhcpcd: a"]),
    ({"etc/netplan/a.yaml": "network:\n  a: b\n", "run/netplan/b.yaml": "c", "etc/netplan/d.yml": "e"},
     ["netplan @file", "netplan network:", "netplan   a: b", "netplan @file", "netplan c"]),
]  # fmt: skip


def test_what_the_probe_tells_of_the_nic(shell: list[str], tmp_path: Path) -> None:
    found = run_each(shell, "say_nic", tmp_path, [{**NET, **files} for files, _told in NICS])
    assert [lines[:2] for lines in found] == [["nic eth0", "mac fa:16:3e:00:00:01"]] * len(NICS)
    assert [(files, lines[2:]) for (files, _told), lines in zip(NICS, found, strict=True)] == NICS


def test_no_default_route_no_nic(shell: list[str], tmp_path: Path) -> None:
    write(tmp_path, {**NET, "proc/net/route": ROUTE.replace("00000000", "0000FEA9")})
    assert run(shell, "say_nic", tmp_path) == ""


def socket(port: int, state: str = "0A", address: str = "00000000") -> str:
    return f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0\n"


def test_only_listeners_on_the_wrappers_ports_are_told(shell: list[str], tmp_path: Path) -> None:
    inside = [31000, 31005, 31010, 31015, 31016, 31231, 31232, 32767, 32768, 32975, 32976, 32983, 32991, 32992, 32999]
    outside = [22, 30999, 30463, 33000, 33023, 36864, 65535, 7918]
    tcp = "".join(map(socket, [*inside, *outside])) + socket(31001, "01")
    write(tmp_path, {"proc/net/tcp": tcp, "proc/net/tcp6": socket(31002, address="0" * 32)})
    told = run(shell, "say_ports", tmp_path).splitlines()
    assert [int(line.removeprefix("listening "), 16) for line in told] == [*inside, 31002]


def test_every_port_of_the_range_is_told_and_no_other(tmp_path: Path) -> None:
    write(tmp_path, {"proc/net/tcp": "".join(map(socket, range(65536)))})
    told = run(["sh"], "say_ports", tmp_path).splitlines()
    assert [int(line.removeprefix("listening "), 16) for line in told] == list(range(31000, 33000))
