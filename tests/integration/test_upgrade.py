# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one agent to another: what is replaced, what survives, and the agent that came with the image."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from controller import Controller
from snapshot import snapshot
from story import AGENT, REINSTALL, SERVICE, agent, audit, package, script, steps, tell
from waiting import accepts, wait_for

from lab.client import Host
from lab.metadata_client import MetadataControl
from lab.package import package_bytes
from lab.package_options import OLD_PACKAGE, PackageOptions

PASSWORD = "Kept-Pass-789"
OLD: dict[str, Any] = {"version": "0.9.0", "log4j": "2.8.2", "backend": "AUTO"}
UPDATER = "cloudResetPwdUpdateAgent"
BACKEND = f"grep '^wrapper.backend.type' {AGENT}/conf/wrapper.conf"

BAD_UPGRADES: dict[str, dict[str, Any]] = {
    "does not start": {"start": "fails"},
    "ends with 1": {"setup": "fails"},
    "half": {"setup": "half"},
    "hangs": {"setup": "hangs"},
    "silent": {"setup": "silent"},
}


def install_by_hand(host: Host, options: PackageOptions, folder: str = "CloudResetPwdAgent.Linux") -> None:
    """Run a package's setup.sh as who builds an image does."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package_bytes(options))) as source,
        tarfile.open(fileobj=buffer, mode="w") as target,
    ):
        for info in source.infolist():
            if not info.is_dir():
                member = tarfile.TarInfo(info.filename)
                member.size, member.mode = info.file_size, 0o644
                target.addfile(member, io.BytesIO(source.read(info)))
    host.write("/root/image.tar", buffer.getvalue())
    unpack = "mkdir /root/image && cd /root/image && tar -xf ../image.tar"
    host.sh(f"{unpack} && cd CloudResetPwdAgent/{folder} && mkdir -p */logs && sh setup.sh && rm -r /root/image*")


def test_an_upgrade_replaces_all_of_the_old_content_and_only_when_asked(host: Host, controller: Controller) -> None:
    old, new = package(controller, "old", **OLD), package(controller, "new", version="2.0.0")
    told = tell(
        controller,
        host,
        agent("install", **old),
        agent("without upgrade", **new),
        agent("upgrade", upgrade=True, keep_backup=True, **new),
        agent("again", upgrade=True, **new),
    )
    assert told["install"]["agent"]["log4j_vulnerable"]
    assert {jar["version"] for jar in told["install"]["agent"]["log4j"]} == {"2.8.2"}
    assert not told["without upgrade"]["changed"]
    assert told["without upgrade"]["agent"]["package_sha256"] == old["checksum"]

    upgraded = told["upgrade"]
    assert upgraded["changed"], upgraded
    assert steps(upgraded) == REINSTALL
    assert upgraded["agent"]["package_sha256"] == new["checksum"]
    assert {jar["version"] for jar in upgraded["agent"]["log4j"]} == {"2.17.0"}
    assert host.sh(f"find {AGENT} -name '*2.8.2*'").stdout == ""
    # The old agent is kept as it was, and out of the way.
    assert upgraded["agent"]["backup"] == "/.cloudreset/backup"
    assert host.sh("cat /.cloudreset/backup/.cloudreset").stdout.startswith(f"package {old['checksum']}\n")
    assert not told["again"]["changed"]

    third = tell(controller, host, agent("third", upgrade=True, **package(controller, "third", version="3.0.0")))[
        "third"
    ]
    assert third["changed"]
    assert third["agent"]["backup"] is None
    assert host.sh("ls -A / | grep cloudreset", check=False).stdout == ""


@pytest.mark.parametrize(("name", "registration"), [("plain1", "init"), ("plain2", "systemd"), ("sysv", "init")])
def test_an_upgrade_that_fails_leaves_the_old_agent_at_work(
    name: str, registration: str, take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    host = take(name)
    old = package(controller, "old", registration=registration, **OLD)
    first = tell(controller, host, agent("install", **old))["install"]
    if name == "sysv":
        host.sh("insserv")  # gives all scripts new numbers, as it does again when one comes or goes
    before = disk(host)
    bad = {why: package(controller, why, version="2.0.0", **options) for why, options in BAD_UPGRADES.items()}
    told = tell(
        controller,
        host,
        *(agent(why, upgrade=True, setup_timeout=2 if why == "hangs" else 60, **bad[why]) for why in bad),
        audit("after"),
    )
    for why in bad:
        result = told[why]
        assert result["kind"] == "failed", (why, result)
        assert not result["changed"], why
        assert result["rolled_back"] == AGENT, why
        assert "The agent that was there before was put back." in result["msg"], why
        # It is the old one, in all that is told of it.
        assert result["agent"] == told["after"]["agent"], why
    kept = ("state", "package_sha256", "registered_as", "enabled", "backend", "log4j", "modes_wrong", "backup")
    assert {key: told["after"]["agent"][key] for key in kept} == {key: first["agent"][key] for key in kept}
    assert before ^ disk(host) == set()
    assert host.sh("pgrep -f '[s]leep 86400|[s]etup.sh'", check=False).stdout == ""

    metadata.set_password(host.name, PASSWORD)
    host.reboot()
    wait_for(lambda: metadata.show(host.name).blob == "")
    assert accepts(host, "root", PASSWORD)


def disk(host: Host) -> set[str]:
    """What lies on the disk, but for logs; without the number of a link, and the time of a unit that is made anew."""
    lines = (line for line in snapshot(host) if not line.startswith((f"{AGENT}/logs", "/etc/init.d/.depend.")))
    return {re.sub(r"(rc.\.d/[SK])\d\d|(\.service f 644 0 \d+) [\d.]+$", r"\1\2", line) for line in lines}


def test_the_backend_that_the_operator_chose_survives_and_the_last_line_counts(
    host: Host, controller: Controller
) -> None:
    old, new = package(controller, "old", **OLD), package(controller, "new", version="2.0.0", backend="AUTO")
    conf = f"{AGENT}/conf/wrapper.conf"
    lines = r"wrapper.backend.type=SOCKET\n  wrapper.backend.type = PIPE\n#wrapper.backend.type=AUTO"
    told = tell(
        controller,
        host,
        agent("install", **old),
        script(f"printf '{lines}' >>{conf}"),
        agent("kept", **old),
        agent("upgrade", upgrade=True, **new),
    )
    assert told["install"]["agent"]["backend"] == "AUTO"
    assert (told["kept"]["changed"], told["kept"]["agent"]["backend"]) == (False, "PIPE")
    assert (told["upgrade"]["changed"], told["upgrade"]["agent"]["backend"]) == (True, "PIPE")
    assert host.sh(BACKEND).stdout == "wrapper.backend.type=PIPE\n"

    told = tell(
        controller,
        host,
        agent("auto", backend="auto", **new),
        agent("auto again", backend="auto", **new),
        script(f"echo wrapper.backend.type=SOCKET >>{conf}"),
        agent("pipe", backend="pipe", **new),
        agent("pipe again", backend="pipe", **new),
    )
    for backend in ("auto", "pipe"):
        assert steps(told[backend]) == ["backend"]
        assert told[backend]["agent"]["backend"] == backend.upper()
        assert not told[f"{backend} again"]["changed"]
    assert host.sh(BACKEND).stdout == "wrapper.backend.type=PIPE\n"
    # A package's own mode is the one of a fresh agent, and what is asked for stands above it.
    fresh = package(controller, "fresh", version="4.0.0", backend="SOCKET")
    told = tell(
        controller,
        host,
        agent("absent", state="absent"),
        agent("fresh", **fresh),
        agent("absent too", state="absent"),
        agent("fresh pipe", backend="pipe", **fresh),
    )
    assert told["fresh"]["agent"]["backend"] == "SOCKET"
    assert told["fresh pipe"]["agent"]["backend"] == "PIPE"


@pytest.mark.parametrize("name", ["plain3", "sysv"])
def test_the_agent_that_came_with_the_image_counts_and_is_compared_by_content(
    name: str, take: Callable[[str], Host], controller: Controller
) -> None:
    host = take(name)
    install_by_hand(host, PackageOptions(**OLD))
    same, new = package(controller, "same", **OLD), package(controller, "new", version="2.0.0")
    told = tell(
        controller,
        host,
        audit("found"),
        agent("present", **new),
        agent("present again", **new),
        agent("same", upgrade=True, **same),
        agent("upgrade", upgrade=True, **new),
    )
    found = told["found"]["agent"]
    assert (found["state"], found["package_sha256"], found["damage"]) == ("installed", None, [])
    # Its setup left 755 and 644, which the guide asks to mend; nothing else of it is touched.
    assert steps(told["present"]) == ["modes"]
    assert told["present"]["package"] is None
    assert not told["present again"]["changed"]
    assert not told["same"]["changed"], told["same"]["steps"]
    assert told["upgrade"]["changed"]
    assert told["upgrade"]["agent"]["package_sha256"] == new["checksum"]
    assert not told["upgrade"]["agent"]["log4j_vulnerable"]
    assert host.sh(f"find {AGENT} -name '*2.8.2*'").stdout == ""


@pytest.mark.parametrize("name", ["plain4", "sysv"])
def test_old_update_agents_go_with_the_agent(name: str, take: Callable[[str], Host], controller: Controller) -> None:
    host = take(name)
    install_by_hand(host, OLD_PACKAGE, "CloudResetPwdUpdateAgent.Linux")
    host.sh("mkdir /CloudResetPwdAgentNew")
    assert host.sh("pgrep -f '[C]loudResetPwdUpdateAgent/bin'").stdout
    told = tell(
        controller, host, audit("found"), agent("absent", state="absent"), agent("absent again", state="absent")
    )
    assert told["found"]["agent"]["updaters"] == ["/CloudResetPwdUpdateAgent", "/CloudResetPwdAgentNew"]
    assert told["absent"]["changed"], told["absent"]
    assert (told["absent"]["agent"]["state"], told["absent"]["agent"]["updaters"]) == ("absent", [])
    assert not told["absent again"]["changed"]
    assert host.sh(f"ls -d /Cloud* /etc/init.d/*{SERVICE}* /etc/init.d/{UPDATER}*", check=False).stdout == ""
    assert host.sh("ls /etc/rc?.d | grep -i cloudReset", check=False).stdout == ""
    assert host.sh("pgrep -f '[C]loudResetPwdUpdateAgent|[C]loudrResetPwdAgent'", check=False).stdout == ""
