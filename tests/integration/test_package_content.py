# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a package: from where it may come, which one a guest needs, and what is refused before any is sent."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from cases import ZIP, run_cases
from controller import Controller
from snapshot import snapshot
from story import agent, package, tell

from lab import package_defects
from lab.bucket_client import BucketControl
from lab.client import Host
from lab.package_options import Defect

NO_UPDATER = "ls -d /CloudResetPwdUpdate* /etc/init.d/cloudResetPwdUpdate* 2>/dev/null"
DEFECTS: dict[Defect, str] = {
    "two_setups": "exactly one CloudResetPwdAgent.Linux/setup.sh and holds .* and ",
    "no_setup": "exactly one CloudResetPwdAgent.Linux/setup.sh and holds none",
    "escape": "lab-escaped",
    "absolute": "lab-escaped",
    "symlink": "CloudResetPwdAgent/out",
    "bomb": "times its own size",
    "truncated": "no whole zip archive",
    "encrypted": "is encrypted",
    "duplicate": "is there twice",
}


def test_a_package_is_taken_from_a_file_or_an_address(
    host: Host, controller: Controller, bucket: BucketControl
) -> None:
    (controller.folder / "files").mkdir()
    built = package(controller, version="7.7.7")
    beside = package(controller, "files/beside", version="8.8.8")
    package(controller, "files/told", version="8.8.8")
    (controller.folder / "files/told.zip.sha256").write_text("0" * 64)
    address = f"{controller.base_url}{ZIP}"
    wanted = {
        "absolute": (built["package"], built["checksum"]),
        "url": (f"file://{built['package']}", built["checksum"]),
        "beside_the_playbook": ("package.zip", built["checksum"]),
        "in_files": ("beside.zip", beside["checksum"]),
        "address": (address, bucket.package().sha256),
    }
    cases = {case: {"package": place, "region": "cn-north-1"} for case, (place, _digest) in wanted.items()}
    cases["told_wrong"] = {"package": "told.zip", "region": "cn-north-1"}
    cases["missing"] = {"package": "missing.zip", "region": "cn-north-1"}
    run = run_cases(controller, host, cases, "--check")
    for case, (_place, digest) in wanted.items():
        assert run.of(case).get("package", {}).get("sha256") == digest, run.of(case)
    assert "should have 0000" in run.of("told_wrong")["msg"]
    assert "no file that can be read" in run.of("missing")["msg"]
    # A package without a checksum file beside it is the operator's own; the address has its own.
    assert [item.path for item in bucket.requests()] == [f"{ZIP}.sha256", ZIP]


def test_every_defect_of_an_archive_is_refused_and_nothing_is_sent(
    host: Host, controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {*DEFECTS, "none"} == {*get_args(Defect)}
    monkeypatch.setattr(package_defects, "BOMB_BYTES", 160 * 2**20)
    names: list[Defect] = [*DEFECTS]
    cases = {name: {"package": package(controller, name, defect=name)["package"]} for name in names}
    cases["for_windows"] = {"package": package(controller, "windows", variant="windows")["package"]}
    before = snapshot(host, times=True)
    run = run_cases(controller, host, cases)
    for case, pattern in {**DEFECTS, "for_windows": "is a package for windows"}.items():
        assert run.of(case)["kind"] == "failed", case
        assert re.search(pattern, run.of(case)["msg"]), (case, run.of(case)["msg"])
    assert run.ssh_starts == len(cases)
    assert snapshot(host, times=True) == before
    assert list(controller.cache.glob("*.tar*")) == []


def test_every_layout_installs_and_no_update_agent_with_it(host: Host, controller: Controller) -> None:
    built = {
        "standard": package(controller, "standard", version="1.1.0"),
        "nested": package(controller, "nested", version="1.2.0", layout="nested"),
        "root": package(controller, "root", version="1.3.0", layout="root"),
        "old": package(controller, "old", version="0.9.0", update_agent=True),
    }
    told = tell(controller, host, *(agent(name, upgrade=True, **options) for name, options in built.items()))
    for name, options in built.items():
        assert told[name]["changed"], told[name]
        assert (told[name]["agent"]["state"], told[name]["agent"]["package_sha256"]) == (
            "installed",
            options["checksum"],
        )
        assert told[name]["agent"]["updaters"] == []
    assert host.sh(NO_UPDATER, check=False).stdout == ""


def test_the_variant_follows_the_architecture(host: Host, controller: Controller) -> None:
    machines = {
        "x86_64 64": "linux/64",
        "x86_64 32": "linux/32",
        "i686 32": "linux/32",
        "aarch64 64": "arm/linux/64",
        "s390x 64": None,
    }
    options = {"base_url": controller.base_url, "ca_path": str(controller.lab.ca), "cache_dir": "cache"}
    tasks: list[dict[str, Any]] = []
    for machine in machines:
        name, bits = machine.split()
        told = f"echo 'echo {name}' >/usr/bin/uname; echo 'echo {bits}' >/usr/bin/getconf"
        tasks.append({"name": "tell", "ansible.builtin.raw": told})
        task = {"name": machine, "cloudreset.huaweicloud.reset_agent": options}
        tasks.append({**task, "check_mode": True, "ignore_errors": True})
    run = controller.play([{"hosts": host.name, "gather_facts": False, "tasks": tasks}])
    results = {line["task"]: line["result"] for line in run.results}
    for machine, variant in machines.items():
        if variant:
            assert results[machine]["package"]["variant"] == variant, results[machine]
            source = f"{controller.base_url}{ZIP.replace('linux/64', variant)}"
            assert results[machine]["package"]["source"] == source
        else:
            assert "architecture failed" in results[machine]["msg"]
