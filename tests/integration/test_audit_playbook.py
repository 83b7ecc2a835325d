# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook cloudreset.huaweicloud.audit on a fleet: a verdict a host, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import yaml
from controller import Controller, Run
from snapshot import snapshot

from lab.client import Host
from lab.metadata_client import MetadataControl
from lab.package import build
from lab.package_options import OLD_PACKAGE

GONE = {"all": {"hosts": {"gone": {"ansible_host": "127.0.0.1", "ansible_port": 1}}}}


def play(controller: Controller, names: Sequence[str], *flags: str) -> Run:
    inventory = controller.folder / "gone.yml"
    inventory.write_text(yaml.safe_dump(GONE))
    more = ["-i", str(inventory), "-e", f"cloudreset_hosts={','.join(names)}"]
    return controller.play("cloudreset.huaweicloud.audit", [*more, *flags])


def verdicts(run: Run) -> dict[str, str]:
    """What was said of each host: once, in one line."""
    said = [(line["host"], line["result"]["msg"]) for line in run.results if line["task"] == "Verdict"]
    assert len(said) == len(dict(said))
    assert not any("\n" in text or text != text.strip() for _host, text in said)
    return dict(said)


def test_a_fleet_gets_a_verdict_a_host_and_nothing_changes(
    host: Host, take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    hosts = [host, *map(take, ("debian11", "debian13", "static"))]
    plain, old, good, static = hosts
    built = build(OLD_PACKAGE, controller.folder / "old.zip")
    controller.agent(good)
    controller.agent(old, package=str(built.path), checksum=built.sha256)
    static.egress("deny tcp 169.254.169.254/32 80, allow any")
    before = {one.name: snapshot(one, times=True) for one in hosts}
    for one in hosts:
        metadata.clear(one.name)
        metadata.set_password(one.name, "Pending-Pass-1")
    names = [*(one.name for one in hosts), "gone"]

    run = play(controller, names)
    said = verdicts(run)
    assert run.status == 0, run.output
    assert set(said) == set(names)
    assert said[plain.name] == "READY, but the agent is absent: run install"
    assert said[old.name] == "RESETTABLE, but with a vulnerable log4j: upgrade"
    assert said[good.name] == "RESETTABLE"
    assert said[static.name].startswith("NOT READY: dhcp: eth0 has a static address (networkd-file). Set eth0 to DHCP")
    assert "metadata: no answer within 5 s. Allow TCP port 80" in said[static.name]
    assert said["gone"].startswith("UNKNOWN: ")
    assert "onnection refused" in said["gone"]
    assert not any(line["result"].get("changed") for line in run.results)

    strict = play(controller, names, "-e", "cloudreset_strict=true")
    assert strict.status != 0
    assert verdicts(strict) == said
    kinds = {line["host"]: line["kind"] for line in strict.results if line["task"] == "Verdict"}
    assert kinds == {name: "ok" if said[name].startswith("RESETTABLE") else "failed" for name in names}

    checked = play(controller, [good.name, old.name], "-e", "cloudreset_strict=true", "--check")
    assert checked.status == 0

    assert {one.name: snapshot(one, times=True) for one in hosts} == before
    for one in hosts:
        assert set(metadata.requests(one.name)) <= {"GET meta_data.json"}
        assert metadata.show(one.name).blob


def test_the_role_s_variables_are_the_audit_s_options(host: Host, controller: Controller) -> None:
    flags = ("-e", "reset_agent_minimum_free_mb=100000", "-e", '{"reset_agent_ignore_prerequisites": ["free_space"]}')
    assert verdicts(play(controller, [host.name], *flags[:2]))[host.name].startswith("NOT READY: free_space: ")
    assert verdicts(play(controller, [host.name], *flags))[host.name].startswith("READY, but the agent is absent")
    bad = verdicts(play(controller, [host.name], "-e", "reset_agent_selinux=off"))[host.name]
    assert bad.startswith("UNKNOWN: selinux is 'off'; set it to one of: require_off, ")
