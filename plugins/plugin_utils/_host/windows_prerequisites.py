# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is asked of a Windows guest, as a table of pure functions over the facts.

Facts from the vendor's pages "Installing the One-Click Password Reset Plug-in" (en-us_topic_0068095385) and "Login with
the New Password Fails" (en-us_topic_0105187294).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...module_utils._prerequisite import FAIL, PASS, UNKNOWN, WARN, Prerequisite
from .prerequisites import Limits, architecture, free_space, metadata, ports
from .security_software import SERVICES
from .windows_facts import WindowsFacts

# Windows Server 2008, the oldest system of the vendor's table.
OLDEST = (6, 0)
OLDEST_POWERSHELL = (3, 0)


def _administrator(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    wanted = "an administrator"
    if facts.administrator:
        return Prerequisite("administrator", PASS, facts.account, wanted)
    hint = "Connect as a member of Administrators (ansible_user); become is not used on Windows."
    return Prerequisite("administrator", FAIL, f"{facts.account}, who is none", wanted, hint)


def _drive_writable(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    if facts.drive_error is None:
        return Prerequisite("drive_writable", PASS, "writable", "C: writable")
    if not facts.administrator:
        hint = "Connect as an administrator."
        return Prerequisite("drive_writable", UNKNOWN, "not asked as an administrator", "C: writable", hint)
    hint = "The agent is installed to C:\\CloudResetPwdAgent; make C: writable."
    return Prerequisite("drive_writable", FAIL, facts.drive_error, "C: writable", hint)


def _dhcp(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    address, nic = facts.answer.first("address"), facts.answer.first("nic")
    if not address:
        return Prerequisite("dhcp", UNKNOWN, "no route", "DHCP", "Check that the primary NIC uses DHCP.")
    if not nic:
        found = f"no NIC is registered with {address}"
        return Prerequisite("dhcp", UNKNOWN, found, "DHCP", "Check that the primary NIC uses DHCP.")
    if facts.answer.first("dhcp") == "1":
        return Prerequisite("dhcp", PASS, f"{address} by DHCP", "DHCP")
    hint = "Let the NIC obtain its address automatically, and turn DHCP on in its VPC subnet."
    return Prerequisite("dhcp", FAIL, f"{address} is a static address", "DHCP", hint)


def _system(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    wanted = "Windows Server 2008 or newer"
    if not facts.version:
        return Prerequisite("system", UNKNOWN, facts.name or "not told", wanted, "Check the operating system by hand.")
    found = f"{facts.name} ({'.'.join(map(str, facts.version))})"
    if facts.version < OLDEST:
        hint = "The vendor does not support the plug-in here; reset the password by other means."
        return Prerequisite("system", FAIL, found, wanted, hint)
    if not facts.is_server:
        return Prerequisite("system", WARN, found, wanted, "The vendor names server editions only; try a reset first.")
    return Prerequisite("system", PASS, found, wanted)


def _powershell(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    wanted, found = "PowerShell 3.0 or newer", ".".join(map(str, facts.powershell)) or "not told"
    if facts.powershell >= OLDEST_POWERSHELL:
        return Prerequisite("powershell", PASS, found, wanted)
    return Prerequisite("powershell", FAIL, found, wanted, "Install the Windows Management Framework 3.0 or newer.")


def _pending_reboot(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    reasons = sorted(facts.answer.all("pending_reboot"))
    if not reasons:
        return Prerequisite("pending_reboot", PASS, "none", "no restart pending")
    hint = "The restart of a reset would also finish these, and take longer; restart before."
    return Prerequisite("pending_reboot", WARN, ", ".join(reasons), "no restart pending", hint)


def _security_software(facts: WindowsFacts, _limits: Limits) -> Prerequisite:
    wanted = "none that is known to block the plug-in"
    found = sorted({SERVICES[name] for name in facts.answer.all("security_service") if name in SERVICES})
    if not found:
        return Prerequisite("security_software", PASS, "none", wanted)
    hint = "Let it trust C:\\CloudResetPwdAgent and the service cloudResetPwdAgent, then prove a reset."
    return Prerequisite("security_software", WARN, ", ".join(found), wanted, hint)


def _ports(facts: WindowsFacts, limits: Limits) -> Prerequisite:
    return ports({int(port) for port in facts.answer.all("listening")}, facts.agent.backend, limits)


CHECKS: Mapping[str, Callable[[WindowsFacts, Limits], Prerequisite]] = {
    "administrator": _administrator,
    "drive_writable": _drive_writable,
    "free_space": free_space,
    "dhcp": _dhcp,
    "metadata": metadata,
    "system": _system,
    "architecture": architecture,
    "powershell": _powershell,
    "pending_reboot": _pending_reboot,
    "security_software": _security_software,
    "ports": _ports,
}
