# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delivery pull: the guest fetches the package itself, and where it cannot, the controller sends it and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from controller import Controller, Run

from lab import faults
from lab.bucket_client import BucketControl
from lab.client import Host
from lab.faults import Fault
from lab.package import build
from lab.package_options import PackageOptions

CONTROLLER = "10.213.0.1"
# The test's own bucket has a port of its own.
NO_BUCKET = "deny tcp 10.213.0.2/32 1024-65535, allow any"
RECORD = "/CloudrResetPwdAgent/.cloudreset"


def trust_the_lab(host: Host, controller: Controller) -> None:
    """Put the lab's authority into the bundle that update-ca-certificates makes, which takes seconds."""
    host.write("/usr/local/share/ca-certificates/lab.crt", controller.lab.ca.read_text())
    host.sh("cat /usr/local/share/ca-certificates/lab.crt >>/etc/ssl/certs/ca-certificates.crt")


def payloads(controller: Controller) -> list[str]:
    """What the controller made to send to a guest."""
    return [path.name for path in controller.cache.glob("*.tar*") if path.suffix != ".sha256"]


def clients(bucket: BucketControl) -> list[str]:
    """Who asked for the package itself, in order."""
    return [item.client for item in bucket.requests() if item.path.endswith(".zip")]


def assert_pushed_with_a_warning(run: Run, host: Host, controller: Controller, warning: str) -> None:
    result = run.of(host)
    assert result["changed"], result
    assert result["agent"]["state"] == "installed"
    assert result["package"]["delivery"] == "push"
    assert result["steps"][0]["name"] == "receive"
    assert len(result["warnings"]) == 1
    assert result["warnings"][0].startswith("Fell back to delivery: push, since ")
    assert warning in result["warnings"][0], result["warnings"]
    assert "Fell back to delivery: push" in run.output
    assert len(payloads(controller)) == 1


@pytest.mark.parametrize(("tool", "agent"), [("curl", "curl/"), ("wget", "Wget/")])
def test_a_guest_that_can_fetches_the_package_itself(
    tool: str, agent: str, take: Callable[[str], Host], controller: Controller, bucket: BucketControl
) -> None:
    host = take("python")
    trust_the_lab(host, controller)
    if tool == "wget":
        host.sh("rm /usr/bin/curl")
    run = controller.agent(host, delivery="pull")
    pulled = run.of(host)
    assert pulled["changed"], pulled
    assert pulled["agent"]["state"] == "installed"
    assert pulled["package"]["delivery"] == "pull"
    assert not pulled.get("warnings")
    assert {step["name"]: step["status"] for step in pulled["steps"]}["fetch"] == "ok"
    # The controller has looked into the package, and has sent nothing of it.
    assert clients(bucket) == [CONTROLLER, host.address]
    assert next(item.user_agent for item in bucket.requests() if item.client == host.address).startswith(agent)
    assert payloads(controller) == []
    assert f"package {bucket.package().sha256}\n" in host.sh(f"cat {RECORD}").stdout
    assert host.sh("ls -A / | grep cloudreset", check=False).stdout == ""

    # What was pulled is what would have been pushed.
    digests = host.sh(f"cat {RECORD}").stdout
    host.restore()
    assert controller.agent(host).of(host)["changed"]
    assert host.sh(f"cat {RECORD}").stdout == digests


def test_a_guest_without_the_tools_gets_it_pushed_with_a_warning(host: Host, controller: Controller) -> None:
    predicted = controller.agent(host, delivery="pull", _flags=["--check"]).of(host)
    run = controller.agent(host, delivery="pull")
    missing = "the guest has no curl or wget, and no unzip or bsdtar or busybox."
    assert_pushed_with_a_warning(run, host, controller, missing)
    assert predicted["warnings"] == run.of(host)["warnings"]
    assert predicted["package"] == run.of(host)["package"]
    # Nothing is on its way to an unchanged guest, so there is nothing to warn of.
    assert not controller.agent(host, delivery="pull", upgrade=True).of(host).get("warnings")


def test_a_package_that_is_a_file_on_the_controller_is_pushed_with_a_warning(
    take: Callable[[str], Host], controller: Controller
) -> None:
    host = take("python")
    package = build(PackageOptions(), controller.folder / "package.zip").path
    run = controller.agent(host, delivery="pull", package=str(package))
    assert_pushed_with_a_warning(run, host, controller, f"{package} is no https address")


@pytest.mark.parametrize(
    ("trusted", "tool", "egress", "declared", "warning"),
    [
        pytest.param(False, "curl", "allow", (), "certificate", id="the authority is not trusted by curl"),
        pytest.param(False, "wget", "allow", (), "certificate", id="the authority is not trusted by wget"),
        pytest.param(True, "curl", NO_BUCKET, (), " after 2", id="no route for curl"),
        pytest.param(True, "wget", NO_BUCKET, (), "timed out", id="no route for wget"),
        pytest.param(True, "curl", "allow", (faults.Replaced(path="*.zip", skip=1),), "wanted ", id="other content"),
        pytest.param(True, "curl", "allow", (faults.Hang(path="*.zip", skip=1),), "the last 2 seconds", id="no answer"),
        pytest.param(True, "curl", "allow", (faults.Status(path="*.zip", skip=1, code=403),), "403", id="forbidden"),
    ],
)
def test_a_guest_that_does_not_get_it_gets_it_pushed_with_a_warning(
    trusted: bool,
    tool: str,
    egress: str,
    declared: tuple[Fault, ...],
    warning: str,
    take: Callable[[str], Host],
    controller: Controller,
    bucket: BucketControl,
) -> None:
    host = take("python")
    if trusted:
        trust_the_lab(host, controller)
    if tool == "wget":
        host.sh("rm /usr/bin/curl")
    host.egress(egress)
    bucket.set_faults(*declared)
    run = controller.agent(host, delivery="pull", download_timeout=2)
    assert_pushed_with_a_warning(run, host, controller, warning)
    assert host.sh("ls -A / | grep cloudreset", check=False).stdout == ""
