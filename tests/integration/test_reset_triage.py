# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every branch of the triage on real hosts: each is broken where readiness does not see it, or after it was judged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from api import CloudApi
from controller import Controller
from resets import NEW, OLD, POLL, install, reset, stored
from story import AGENT
from test_ways_in import NO_KEY
from waiting import accepts, wait_for

from lab.client import Host, Lab
from lab.cloud.client import CloudControl
from lab.cloud.faults import ApiError, LostAnswer
from lab.faults import Fault, RefuseDelete, Status, Wrong
from lab.metadata_client import MetadataControl

Take = Callable[[str], Host]
KEY = "cloudreset_generation"
LINKS = "/etc/rc[2-5].d/S*cloudReset*"
OTHER = "Somebody-Elses-3"

# Run when the host goes down for the restart, or once the agent has handed over the password.
UNIT = """\
[Unit]
After=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=60
ExecStart={start}
ExecStop={stop}
[Install]
WantedBy=multi-user.target
"""
HANDED = f"until grep -q 'handed to chpasswd' {AGENT}/logs/*.log; do sleep 0.05; done; sleep 0.2"
CLOUD_INIT = "#cloud-config\n{says}\ncloud_final_modules:\n - set-passwords\n"


@dataclass(frozen=True)
class Ground:
    """What a case may reach for: the cloud, its API, and the metadata service."""

    cloud: CloudControl
    api: CloudApi
    metadata: MetadataControl


@dataclass(frozen=True)
class Case:
    """One way for a reset to fail.

    before        in the guest, before the run
    at_stop       in the guest, when it goes down for the restart
    after_agent   in the guest, when the agent has set the password
    meanwhile     from outside, when the cloud has taken the password on
    faults, server, inventory, package   of the metadata service, the cloud's server, the inventory, the agent
    """

    outcome: str
    reason: str
    said: str
    before: str = "true"
    at_stop: str = ""
    after_agent: str = ""
    meanwhile: Callable[[Ground, Host], object] | None = None
    faults: Sequence[Fault] = ()
    server: Mapping[str, Any] = field(default_factory=dict)
    inventory: Mapping[str, Any] = field(default_factory=dict)
    package: Mapping[str, Any] = field(default_factory=dict)


def failed(reason: str, said: str, **more: Any) -> Case:
    return Case("not_verified", reason, said, **more)


def shut_out(_ground: Ground, host: Host) -> None:
    host.egress("deny tcp 169.254.169.254/32 80, allow any")


def reset_by_somebody_else(ground: Ground, host: Host) -> None:
    body = {"reset-password": {"new_password": OTHER}}
    ground.api.do("PUT", f"/v1/P/cloudservers/{host.uuid}/os-reset-password", body)
    ours = ground.cloud.server(host.uuid).metadata[KEY]
    version, _generation, *rest = ours.split(".")
    ground.cloud.change(host.uuid, metadata={KEY: ".".join((version, "0" * 14, *rest))})


CLOUD_INIT_FILE = "mkdir -p /etc/cloud; printf '%s' '{}' >/etc/cloud/cloud.cfg"
SSHD = "echo {} >/etc/ssh/sshd_config.d/00-moods.conf; pkill -HUP -o sshd"
ANY_PASSWORD = "".join(f"{kind} sufficient pam_permit.so\\n" for kind in ("auth", "account", "session"))
SILENT = {"reset": "silent"}

# Two lanes of hosts, so that two workers share the work; on `sysv` there are no units.
LANES: dict[str, tuple[str, ...]] = {
    "one": ("plain1", "plain2", "debian11", "debian13"),
    "two": ("plain3", "plain4", "python", "sysv"),
}
ROUNDS: dict[str, tuple[str, list[Case]]] = {
    "the agent is gone": (
        "one",
        [
            failed("agent_missing", "The agent is absent", at_stop=f"rm -rf {AGENT} /etc/init.d/cloudReset* {LINKS}"),
            failed("agent_damaged", "The agent is damaged: ", at_stop=f"rm {AGENT}/bin/wrapper"),
            failed("agent_not_enabled", "The agent is disabled, so", at_stop=f"rm {LINKS}"),
            failed(
                "metadata_unreachable",
                "cannot fetch the password. metadata: ",
                meanwhile=shut_out,
                package={"tries": 1},
            ),
        ],
    ),
    "the agent does not do its work": (
        "two",
        [
            failed(
                "agent_failed",
                "and the password still waits for it. Its log says: ",
                faults=[Wrong(path="*/meta_data.json", body="no_uuid", skip=1, times=1)],
            ),
            failed(
                "blob_unread",
                "which has not fetched it.",
                at_stop=f"echo wrapper.lab.start=FAILS >>{AGENT}/conf/wrapper.conf",
            ),
            failed("account_locked", "root is locked.", after_agent="passwd -l root"),
            failed(
                "sshd_refuses_passwords", "sshd takes no passwords.", before=SSHD.format("PasswordAuthentication no")
            ),
        ],
    ),
    "somebody else sets it": (
        "one",
        [
            failed(
                "cloud_init_rewrote",
                "set lock_passwd: false",
                before=CLOUD_INIT_FILE.format(CLOUD_INIT.format(says="users:\n - name: root\n   lock_passwd: true")),
                after_agent="passwd -l root",
            ),
            failed(
                "cloud_init_may_rewrite",
                "cloud-init's settings set one, too",
                before=CLOUD_INIT_FILE.format(CLOUD_INIT.format(says=f"password: {OTHER}")),
                after_agent=f"echo root:{OTHER} | chpasswd",
            ),
            failed(
                "superseded", "Another reset or change of the password came after", meanwhile=reset_by_somebody_else
            ),
            failed(
                "sshd_refuses_root",
                "sshd has PermitRootLogin ",
                before=SSHD.format("PermitRootLogin prohibit-password"),
            ),
        ],
    ),
    "the restart is not one": (
        "two",
        [
            Case("not_restarted", "not_rebooted", "still in the boot of before", server={"trouble": "lies"}),
            Case("not_restarted", "not_rebooted", "its part of the job", server={"trouble": "fails"}),
            failed(
                "agent_running",
                "has not taken the password yet",
                package={"tries": 12, "delay_ms": 2000},
                faults=[Status(path="*/resetpwd_flag", method="POST", code=500)],
            ),
            failed("account_expired", "has expired.", before="chage -E 0 root"),
        ],
    ),
    "not quite verified": (
        "one",
        [
            Case("verified", "blob_left", "the metadata service still offers it", faults=[RefuseDelete()]),
            failed(
                "old_password_works",
                "and so does the old one",
                before=f"printf '{ANY_PASSWORD}' >/etc/pam.d/sshd",
            ),
            failed(
                "guest_not_asked",
                "could not be asked why",
                server=SILENT,
                inventory={"ansible_user": "nobody-here"},
            ),
            failed(
                "agent_failed",
                "did not set it: root's last changed on 2026-01-01",
                server=SILENT,
                before="chage -d 2026-01-01 root",
            ),
        ],
    ),
    "nobody knows": (
        "two",
        [
            failed(
                "unexplained",
                "nothing that the guest tells explains it",
                server=SILENT,
                before="chage -d $(date -u +%F) root",
            ),
            Case(
                "unknown",
                "login_unknown",
                "host key",
                at_stop="rm /etc/ssh/ssh_host_*; ssh-keygen -A",
            ),
        ],
    ),
}


@pytest.fixture
def ground(lab: Lab, cloud: CloudControl, metadata: MetadataControl) -> Ground:
    return Ground(cloud, CloudApi(lab), metadata)


def prepare(ground: Ground, host: Host, case: Case) -> None:
    """Break what is to be broken before the run, and leave the hooks."""
    host.sh(case.before)
    if case.at_stop or case.after_agent:
        host.write("/root/at-stop", case.at_stop or "true")
        host.write("/root/after-agent", f"{HANDED}\n{case.after_agent}" if case.after_agent else "true")
        unit = UNIT.format(start="/bin/sh /root/after-agent", stop="/bin/sh /root/at-stop")
        host.write("/etc/systemd/system/broken.service", unit)
        # Started now without its work, so that it is stopped with the host.
        host.sh(
            "mv /root/after-agent /root/later; echo true >/root/after-agent; systemctl enable -q --now broken; "
            "mv /root/later /root/after-agent"
        )
        host.sh(f"rm -f {AGENT}/logs/*.log")
    ground.metadata.set_faults(host.name, *case.faults)
    if case.faults and case.package:
        ground.metadata.set_flag(host.name, "False")
    ground.cloud.change(host.uuid, **case.server)


@contextmanager
def meanwhile(ground: Ground, cases: Mapping[Host, Case]) -> Iterator[None]:
    """Do what comes from outside once the cloud has taken the password on and remembers it."""

    def work(host: Host, act: Callable[[Ground, Host], object]) -> None:
        wait_for(lambda: KEY in ground.cloud.server(host.uuid).metadata, 60)
        act(ground, host)

    workers = [
        threading.Thread(target=work, args=(host, case.meanwhile)) for host, case in cases.items() if case.meanwhile
    ]
    for worker in workers:
        worker.start()
    yield
    for worker in workers:
        worker.join()


@pytest.mark.parametrize("name", ROUNDS)
def test_each_branch_on_a_host_that_is_broken_so(name: str, ground: Ground, controller: Controller, take: Take) -> None:
    lane, rows = ROUNDS[name]
    cases = {take(host): case for host, case in zip(LANES[lane], rows, strict=False)}
    hosts = list(cases)
    plays = [install([host], controller, host.name, **case.package) for host, case in cases.items()]
    assert controller.play(plays).status == 0
    for host, case in cases.items():
        prepare(ground, host, case)
    inventory = {host.name: dict(case.inventory) for host, case in cases.items()}
    with meanwhile(ground, cases):
        ran = reset(controller, hosts, password=NEW, generation="1", old_password=OLD, inventory=inventory)
    found = {host.name: (*ran.outcome(host), case.said in ran.line(host)) for host, case in cases.items()}
    wanted = {host.name: (case.outcome, case.reason, True) for host, case in cases.items()}
    assert found == wanted, "\n".join(ran.line(host) for host in hosts) + ran.run.output
    assert {ran.recap(host)["changed"] for host in hosts} == {1}


def test_a_reset_without_an_answer_is_carried_through_all_the_same(
    cloud_alone: CloudControl, controller: Controller, take: Take, host_name: str
) -> None:
    done, undone = hosts = [take(name) for name in (host_name, "debian13")]
    assert controller.play([install(hosts, controller)]).status == 0
    cloud_alone.set_faults(
        LostAnswer(path=f"*/{done.uuid}/os-reset-password"),
        ApiError(path=f"*/{undone.uuid}/os-reset-password", status=502, code="", shape="gateway"),
    )
    # A password each, so that there is a request for each.
    file = controller.folder / "passwords.vault"
    # Without another try of what may be done twice, which takes its time.
    impatient = {"group/cloudreset.huaweicloud.cloud": "{{ cloudreset_cloud | combine({'retries': 0}) }}", **POLL}
    ran = reset(
        controller,
        hosts,
        keywords={"module_defaults": impatient},
        file=str(file),
        generation="1",
        old_password=OLD,
    )
    assert ran.line(done) == "VERIFIED: The new password lets you in, and the old one is refused.", ran.run.output
    assert ran.outcome(undone) == ("unknown", "reset_unanswered"), ran.run.output
    assert accepts(undone, "root", OLD)
    # What nobody knows of stays pending.
    assert [stored(controller, file)[host.name]["pending"] is None for host in hosts] == [True, False]


def test_a_restart_of_the_agent_that_fails_is_told(ground: Ground, controller: Controller, host: Host) -> None:
    assert controller.play([install([host], controller)]).status == 0
    host.sh(f"echo wrapper.lab.start=FAILS >>{AGENT}/conf/wrapper.conf")
    ran = reset(
        controller, [host], password=NEW, restart="agent", inventory={host.name: {**NO_KEY, "ansible_password": OLD}}
    )
    assert ran.outcome(host) == ("not_verified", "blob_unread"), ran.run.output
    assert "Failed to start service" in ran.line(host)
    assert ran.recap(host)["changed"] == 1
