# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often a Windows host is asked, and a package that it cannot fetch itself."""

from __future__ import annotations

from collections import Counter

from controller import Controller
from windows import windows_package

from lab.client import Lab, WindowsHost


def test_an_unchanged_host_is_asked_once(lab: Lab, winhost: WindowsHost, controller: Controller) -> None:
    package = windows_package(controller)
    assert controller.agent(winhost, **package).of(winhost)["changed"]
    log = lab.paths.console(winhost.name).with_name("winrm.log")
    before = len(log.read_text().splitlines())
    assert not controller.agent(winhost, **package, upgrade=True).of(winhost)["changed"]
    asked = Counter(line.split()[-1] for line in log.read_text().splitlines()[before:])
    assert (asked["Create"], asked["Command"]) == (1, 1), asked


def test_a_package_that_the_guest_does_not_get_is_pushed_with_a_warning(
    winhost: WindowsHost, controller: Controller
) -> None:
    # TLS of .NET fails on Wine (0x80090302), before it is asked whom it trusts.
    pushed = controller.agent(winhost, delivery="pull").of(winhost)
    assert (pushed["changed"], pushed["agent"]["state"]) == (True, "installed"), pushed
    assert pushed["package"]["delivery"] == "push"
    (warning,) = pushed["warnings"]
    assert warning.startswith(
        "Fell back to delivery: push, since the guest did not get it: fetch: cannot fetch https://"
    )
