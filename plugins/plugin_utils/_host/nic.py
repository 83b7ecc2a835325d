# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: whether a guest's NIC has its address from DHCP, by what its network managers tell.

The probe reports every source that has something to say; this file weighs them. What a manager does now (a lease, an
active connection, a running client) comes before what a file says that it would do.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from .wire import Answer

_METHODS = {
    **dict.fromkeys(("dhcp", "dhcp4", "dhcp+autoip", "bootp", "auto", "ipv4", "both"), "dhcp"),
    **dict.fromkeys(("yes", "true", "on", "y", "1"), "dhcp"),
    **dict.fromkeys(("static", "manual", "none", "ipv6", "disabled"), "static"),
    **dict.fromkeys(("no", "false", "off", "n", "0"), "static"),
}


@dataclass(frozen=True)
class NicFacts:
    """The NIC with the default route: its name, dhcp, static or unknown, and who told."""

    name: str
    method: str
    source: str


def nic_facts(answer: Answer) -> NicFacts:
    """Return how the NIC got its address, from the probe's ``nic``, ``dhcp`` and ``netplan`` lines."""
    name = answer.first("nic")
    told = [line.partition(" ")[::2] for line in answer.all("dhcp")]
    for source, read in _SOURCES.items():
        for key, value in told:
            method = read(value, name) if key == source else None
            if method:
                return NicFacts(name, method, source)
    method = _netplan(answer, name)
    return NicFacts(name, method or "unknown", "netplan" if method else "")


def _assigned(value: str, _nic: str) -> str | None:
    """Read ``KEY=value`` of ifcfg and .network files, with a comment behind it or without."""
    return _METHODS.get(value.partition("=")[2].partition(" #")[0].strip().strip("\"'").lower())


def _networkd_file(value: str, nic: str) -> str | None:
    """Read the DHCP line of the .network file in force; one that has none asks for no DHCP."""
    return _assigned(value, nic) if value.strip() else "static"


def _word(value: str, _nic: str) -> str | None:
    return _METHODS.get(value.strip().lower())


def _client(value: str, nic: str) -> str | None:
    """Read a running client: its name, then its command line. One that names no NIC serves all."""
    words = value.split()[1:]
    names_a_nic = any(word.startswith(("eth", "en", "wl")) for word in words if "/" not in word)
    return "dhcp" if nic in words or not names_a_nic else None


def _ifupdown(value: str, _nic: str) -> str | None:
    return _METHODS.get(value.rsplit(maxsplit=1)[-1])


_SOURCES: Mapping[str, Callable[[str, str], str | None]] = {
    "networkd-lease": _word,
    "networkmanager": _word,
    "client": _client,
    "ifupdown": _ifupdown,
    "ifcfg": _assigned,
    "networkd-file": _networkd_file,
}


def _netplan(answer: Answer, nic: str) -> str | None:
    """Read netplan's files; a later file's word stands above an earlier one's, as in netplan itself."""
    try:
        # Every scalar as its text: a MAC address of digits alone is a number to YAML 1.1, and a bad date an error.
        documents = list(yaml.load_all("\n".join(_netplan_lines(answer)), Loader=yaml.BaseLoader))
    except yaml.YAMLError:
        # netplan itself would not have applied such a file: it tells nothing.
        return None
    method = None
    for document in documents:
        network = document.get("network") if isinstance(document, dict) else None
        ethernets = network.get("ethernets") if isinstance(network, dict) else None
        for name, settings in ethernets.items() if isinstance(ethernets, dict) else ():
            if isinstance(settings, dict) and _is_nic(name, settings, nic, answer.first("mac")):
                method = _METHODS.get(str(settings["dhcp4"]).lower()) if "dhcp4" in settings else method
                method = method or ("static" if settings.get("addresses") else None)
    return method


def _netplan_lines(answer: Answer) -> list[str]:
    """Return all files' lines as one stream of YAML documents: the probe says ``@file`` before each."""
    return ["---" if line == "@file" else line for line in answer.all("netplan")]


def _is_nic(name: str, settings: Mapping[str, Any], nic: str, mac: str) -> bool:
    match = settings.get("match") or {}
    if not isinstance(match, dict) or not match:
        return name == nic
    by_mac = str(match.get("macaddress", "")).lower() == mac.lower() and bool(mac)
    by_name = fnmatch.fnmatch(nic, str(match.get("name", ""))) or settings.get("set-name") == nic
    return by_mac or by_name
