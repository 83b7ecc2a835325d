# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is asked of a Linux guest, as a table of pure functions over the facts.

Facts from the vendor's pages "Installing the One-Click Password Reset Plug-in" (en-us_topic_0068095385) and "Login with
the New Password Fails" (en-us_topic_0105187294).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...module_utils._prerequisite import FAIL, PASS, UNKNOWN, WARN, Prerequisite
from .linux_facts import LinuxFacts
from .nic import nic_facts
from .prerequisites import Limits, architecture, free_space, metadata, ports

# SUSE 11 SP4 is the one system for which the guide asks for memory.
SUSE_11_SP4_MEMORY_KB = 4 * 1024 * 1024
# A server sold as 4 GiB shows less in MemTotal: the kernel keeps some for itself.
KERNEL_RESERVE_KB = 256 * 1024
REFUSED_SYSTEMS = {
    "coreos": "CoreOS",
    "flatcar": "CoreOS (Flatcar)",
    "rhcos": "CoreOS (RHCOS)",
    "kylin": "KylinOS",
    "neokylin": "KylinOS (NeoKylin)",
}
BOOT_TOOLS = ("systemctl", "update-rc.d", "chkconfig", "insserv", "rc.d")


def _root(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    wanted = "root (uid 0)"
    if facts.uid == 0:
        return Prerequisite("root", PASS, wanted, wanted)
    return Prerequisite("root", FAIL, f"uid {facts.uid}", wanted, "Set become: true, or connect as root.")


def _root_writable(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    if facts.root_writable:
        return Prerequisite("root_writable", PASS, "writable", "writable")
    if facts.uid != 0 and "rw" in facts.answer.first("root_options").split(","):
        return Prerequisite("root_writable", UNKNOWN, "not asked as root", "writable", "Set become: true.")
    hint = "Mount / read-write; the agent is installed to /CloudrResetPwdAgent."
    return Prerequisite("root_writable", FAIL, f"mounted {facts.answer.first('root_options')}", "writable", hint)


def _selinux(facts: LinuxFacts, limits: Limits) -> Prerequisite:
    if facts.selinux != "enforcing":
        return Prerequisite("selinux", PASS, facts.selinux, "disabled or permissive")
    if limits.selinux == "permissive_during_install":
        hint = "Permissive during the installation only; SELinux may still keep the agent from its work."
        return Prerequisite("selinux", WARN, facts.selinux, "permissive during the installation", hint)
    if limits.selinux == "ignore":
        return Prerequisite("selinux", WARN, facts.selinux, "disabled", "Ignored by selinux: ignore.")
    hint = "Disable SELinux, or set selinux: permissive_during_install."
    return Prerequisite("selinux", FAIL, facts.selinux, "disabled or permissive", hint)


def _dhcp(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    nic = nic_facts(facts.answer)
    if not nic.name:
        return Prerequisite("dhcp", UNKNOWN, "no default route", "DHCP", "Check that the primary NIC uses DHCP.")
    if nic.method == "dhcp":
        return Prerequisite("dhcp", PASS, f"{nic.name} on DHCP ({nic.source})", "DHCP")
    if nic.method == "static":
        hint = f"Set {nic.name} to DHCP, and turn DHCP on in its VPC subnet."
        return Prerequisite("dhcp", FAIL, f"{nic.name} has a static address ({nic.source})", "DHCP", hint)
    return Prerequisite("dhcp", UNKNOWN, f"nothing on {nic.name} told", "DHCP", "Check that the NIC uses DHCP.")


def _memory(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    text = " ".join(facts.answer.all("release_text"))
    suse_11_sp4 = "VERSION = 11" in text and "PATCHLEVEL = 4" in text
    if not suse_11_sp4:
        return Prerequisite("memory", PASS, f"{(facts.memory_kb or 0) // 1024} MB", "no minimum on this system")
    wanted = "at least 4 GiB on SUSE 11 SP4"
    if facts.memory_kb is None:
        return Prerequisite("memory", UNKNOWN, "/proc/meminfo did not tell", wanted, "Check the memory by hand.")
    enough = facts.memory_kb >= SUSE_11_SP4_MEMORY_KB - KERNEL_RESERVE_KB
    hint = "" if enough else "Change to a flavor with 4 GiB or more."
    return Prerequisite("memory", PASS if enough else FAIL, f"{facts.memory_kb // 1024} MB", wanted, hint)


def _system(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    wanted = "neither CoreOS nor KylinOS"
    release = facts.os_release
    words = [release.get("ID", ""), release.get("VARIANT_ID", ""), *release.get("ID_LIKE", "").split()]
    words += [path.rpartition("/")[2].partition("-")[0] for path in facts.answer.all("release")]
    for word in words:
        if word.lower() in REFUSED_SYSTEMS:
            hint = "The vendor does not support the plug-in here; reset the password by other means."
            return Prerequisite("system", FAIL, REFUSED_SYSTEMS[word.lower()], wanted, hint)
    name = release.get("PRETTY_NAME") or " ".join(facts.answer.all("release_text")[:1])
    if not name:
        return Prerequisite("system", UNKNOWN, "no release file", wanted, "Check the operating system by hand.")
    return Prerequisite("system", PASS, name, wanted)


def _init(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    wanted = "systemd or SysV init"
    if facts.init in ("systemd", "sysv"):
        return Prerequisite("init", PASS, facts.init, wanted)
    hint = "The plug-in registers itself with systemd or in /etc/init.d only."
    return Prerequisite("init", FAIL, facts.init or "neither", wanted, hint)


def _boot_start(facts: LinuxFacts, _limits: Limits) -> Prerequisite:
    wanted = "one of systemctl, update-rc.d, chkconfig, insserv or rc?.d directories"
    ways = [tool for tool in BOOT_TOOLS if tool in facts.tools and (tool != "systemctl" or facts.init == "systemd")]
    if ways:
        return Prerequisite("boot_start", PASS, ", ".join(ways), wanted)
    hint = "Install the tool with which this system registers services."
    return Prerequisite("boot_start", FAIL, "none", wanted, hint)


def _ports(facts: LinuxFacts, limits: Limits) -> Prerequisite:
    return ports({int(port, 16) for port in facts.answer.all("listening")}, facts.agent.backend, limits)


CHECKS: Mapping[str, Callable[[LinuxFacts, Limits], Prerequisite]] = {
    "root": _root,
    "root_writable": _root_writable,
    "free_space": free_space,
    "selinux": _selinux,
    "dhcp": _dhcp,
    "metadata": metadata,
    "memory": _memory,
    "system": _system,
    "architecture": architecture,
    "init": _init,
    "boot_start": _boot_start,
    "ports": _ports,
}
