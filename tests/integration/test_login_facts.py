# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reset_agent_info tells with login: on real guests, and that nothing of a password or a blob is in any output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from controller import Controller
from snapshot import snapshot

from lab.client import Host
from lab.metadata_client import MetadataControl

PASSWORD = "Pending-Pass-1"
CLOUD_CFG = """
ssh_pwauth: false
system_info:
  default_user: {name: root, lock_passwd: true}
cloud_config_modules:
 - set-passwords
chpasswd:
  list: |
    root:Cloud-Cfg-Pass-1
"""


@pytest.mark.parametrize("name", ["", "busybox"])
def test_what_keeps_a_password_from_letting_anybody_in(
    take: Callable[[str], Host], host_name: str, controller: Controller, metadata: MetadataControl, name: str
) -> None:
    host = take(name or host_name)

    def told(**options: Any) -> dict[str, Any]:
        run = controller.info(host, login=True, _flags=["-vvvv"], **options)
        result = run.of(host)
        assert result["kind"] == "ok", run.output
        shadow = host.sh("cat /etc/shadow").stdout
        digests = {line.split(":")[1] for line in shadow.splitlines() if len(line.split(":")[1]) > 5}
        secrets = [PASSWORD, "Cloud-Cfg-Pass-1", *digests, *filter(None, [metadata.show(host.name).blob])]
        assert [secret for secret in secrets if secret in run.output or secret in str(result)] == []
        return dict(result["login"])

    today = host.sh("date -u +%F").stdout.strip()
    # busybox' find cannot tell what snapshot asks for.
    before = None if name else snapshot(host, times=True)
    healthy = told()
    assert healthy["sshd"]["password_authentication"] is True
    assert healthy["sshd"]["permit_root_login"] == "yes"
    assert (healthy["root_account"]["locked"], healthy["root_account"]["expired"]) == (False, False)
    assert healthy["cloud_init"] == {"present": False, "rewrites_password": False, "ssh_pwauth": None}
    assert healthy["pending_reset"] is False
    assert name or snapshot(host, times=True) == before

    metadata.set_password(host.name, PASSWORD)
    assert told()["pending_reset"] is True
    assert metadata.show(host.name).blob

    host.sh(
        "mkdir -p /etc/cloud; passwd -l root; passwd -x 1 root; "
        "printf 'PermitRootLogin prohibit-password\\nPasswordAuthentication no\\n' >/etc/ssh/sshd_config.d/00.conf"
    )
    host.write("/etc/cloud/cloud.cfg", CLOUD_CFG)
    kept_out = told()
    assert kept_out["sshd"]["password_authentication"] is False
    assert kept_out["sshd"]["permit_root_login"] in ("prohibit-password", "without-password")
    assert kept_out["root_account"]["locked"] is True
    assert kept_out["cloud_init"] == {"present": True, "rewrites_password": True, "ssh_pwauth": False}
    host.sh("passwd -u root; echo root:Other-Pass-1 | chpasswd; chage -d 0 root || passwd -e root")
    assert told()["root_account"] == {"named": True, "locked": False, "expired": True, "password_changed": None}
    host.sh("passwd -x 99999 root; echo root:Other-Pass-2 | chpasswd")
    assert told()["root_account"] == {"named": True, "locked": False, "expired": False, "password_changed": today}


def test_without_root_rights_what_cannot_be_told_is_null(host: Host, controller: Controller) -> None:
    login = controller.info(host, login=True, _vars={"ansible_user": "plain"}).of(host)["login"]
    assert login["sshd"]["password_authentication"] is None
    assert login["root_account"] == {"named": True, "locked": None, "expired": None, "password_changed": None}
    assert login["pending_reset"] is False


def test_one_round_trip_and_nothing_asked_that_was_not_asked_for(
    host: Host, controller: Controller, metadata: MetadataControl
) -> None:
    run = controller.info(host)
    assert "login" not in run.of(host)
    assert "GET reset_password" not in metadata.requests(host.name)
    assert controller.info(host, login=True).ssh_starts == run.ssh_starts
    assert metadata.requests(host.name)[-1] == "GET reset_password"
