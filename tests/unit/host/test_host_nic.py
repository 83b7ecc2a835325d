# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who gave the NIC its address: each source, and which of them is believed."""

from __future__ import annotations

import itertools

import pytest
from unit.host.support import answer

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.nic import NicFacts, nic_facts

MAC = "fa:16:3e:00:00:01"


def told(dhcp: list[str] | str | None = None, netplan: str | None = None, nic: str | None = "eth0") -> NicFacts:
    """The NIC's facts when the probe says this and nothing else."""
    return nic_facts(answer(nic=nic, mac=MAC, dhcp=dhcp, netplan=netplan.splitlines() if netplan else None))


@pytest.mark.parametrize(
    ("line", "method"),
    [
        ("networkd-lease dhcp", "dhcp"),
        ("networkmanager auto", "dhcp"),
        ("networkmanager manual", "static"),
        ("networkmanager disabled", "static"),
        ("networkmanager ", "unknown"),
        ("networkmanager shared", "unknown"),
        ("client dhclient dhclient -4 -v -pf /run/dhclient.eth0.pid -lf /var/lib/dhclient.eth0.leases eth0", "dhcp"),
        ("client dhclient dhclient -pf /run/dhclient.eth1.pid eth1", "unknown"),
        ("client dhclient /sbin/dhclient -pf /run/dhclient.pid", "dhcp"),
        ("client dhclient dhclient", "dhcp"),
        ("client dhcpcd dhcpcd: eth0 [ip4]", "dhcp"),
        ("client dhcpcd dhcpcd: ens4 [ip4]", "unknown"),
        ("client dhcpcd dhcpcd: wlan0 [ip4]", "unknown"),
        ("client dhcpcd dhcpcd: [manager] [ip4] [ip6]", "dhcp"),
        ("client udhcpc udhcpc -b -i eth0 -p /run/udhcpc.eth0.pid", "dhcp"),
        ("client udhcpc /sbin/udhcpc -i enp1s0", "unknown"),
        ("ifupdown iface eth0 inet dhcp", "dhcp"),
        ("ifupdown   iface eth0  inet  dhcp  ", "dhcp"),
        ("ifupdown iface eth0 inet static", "static"),
        ("ifupdown iface eth0 inet manual", "static"),
        ("ifcfg BOOTPROTO=dhcp", "dhcp"),
        ('ifcfg BOOTPROTO="dhcp"', "dhcp"),
        ("ifcfg BOOTPROTO='DHCP'", "dhcp"),
        ("ifcfg  BOOTPROTO = dhcp", "dhcp"),
        ("ifcfg BOOTPROTO=dhcp # as the cloud wants it", "dhcp"),
        ("ifcfg BOOTPROTO=bootp", "dhcp"),
        ("ifcfg BOOTPROTO=none", "static"),
        ("ifcfg BOOTPROTO=static", "static"),
        ("ifcfg BOOTPROTO='dhcp4'", "dhcp"),
        ("ifcfg BOOTPROTO='dhcp+autoip'", "dhcp"),
        ("ifcfg BOOTPROTO='static'", "static"),
        ("ifcfg BOOTPROTO=''", "unknown"),
        ("ifcfg BOOTPROTO='dhcp6'", "unknown"),
        ("networkd-file DHCP=yes", "dhcp"),
        ("networkd-file DHCP=true", "dhcp"),
        ("networkd-file DHCP=ipv4", "dhcp"),
        ("networkd-file  DHCP = both", "dhcp"),
        ("networkd-file DHCP=no", "static"),
        ("networkd-file DHCP=ipv6", "static"),
        ("networkd-file ", "static"),
        ("networkd-file", "static"),
        ("connman dhcp", "unknown"),
    ],
)
def test_what_one_source_tells(line: str, method: str) -> None:
    source = line.partition(" ")[0] if method != "unknown" else ""
    assert told(line) == NicFacts("eth0", method, source)


STATIC_OR_NONE = {
    "networkmanager": ("networkmanager auto", "networkmanager manual"),
    "client": ("client dhclient dhclient eth0", None),
    "ifupdown": ("ifupdown iface eth0 inet dhcp", "ifupdown iface eth0 inet static"),
    "ifcfg": ("ifcfg BOOTPROTO=dhcp", "ifcfg BOOTPROTO=none"),
    "networkd-file": ("networkd-file DHCP=yes", "networkd-file DHCP=no"),
}
RANKS = {"networkd-lease": ("networkd-lease dhcp", None), **STATIC_OR_NONE}


@pytest.mark.parametrize(("higher", "lower"), list(itertools.combinations(RANKS, 2)))
def test_what_is_in_force_now_stands_above_what_a_file_says(higher: str, lower: str) -> None:
    dhcp, static = RANKS[higher][0], RANKS[lower][1]
    if static:
        assert told([static, dhcp]) == NicFacts("eth0", "dhcp", higher)
    other, dhcp = RANKS[higher][1], RANKS[lower][0]
    if other:
        assert told([dhcp, other]) == NicFacts("eth0", "static", higher)


@pytest.mark.parametrize("source", RANKS)
def test_netplan_is_asked_last(source: str) -> None:
    assert told(RANKS[source][0], "@file\nnetwork: {ethernets: {eth0: {dhcp4: false}}}").source == source


def test_a_source_that_cannot_tell_leaves_it_to_the_next() -> None:
    lines = ["networkmanager shared", "client dhclient dhclient eth1", "ifcfg BOOTPROTO=none"]
    assert told(lines) == NicFacts("eth0", "static", "ifcfg")


def test_no_default_route_and_nothing_told() -> None:
    assert told(nic=None) == NicFacts("", "unknown", "")


BROKEN = "@file\nnetwork:\n  ethernets: {eth0: {dhcp4: true\n"


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("@file\nnetwork:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true", "dhcp"),
        ("@file\n---\nnetwork:\n  ethernets:\n    eth0:\n      dhcp4: yes", "dhcp"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp4: on}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp4: 'true'}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp4: False}}}", "static"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp4: off}}}", "static"),
        ("@file\nnetwork: {ethernets: {eth0: {addresses: [10.0.0.2/24]}}}", "static"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp4: true, addresses: [10.0.0.2/24]}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {eth0: {dhcp6: true}}}", "unknown"),
        ("@file\nnetwork: {ethernets: {eth1: {dhcp4: true}}}", "unknown"),
        (f"@file\nnetwork: {{ethernets: {{a: {{match: {{macaddress: '{MAC}'}}, dhcp4: true}}}}}}", "dhcp"),
        (f"@file\nnetwork: {{ethernets: {{a: {{match: {{macaddress: '{MAC.upper()}'}}, dhcp4: true}}}}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {a: {match: {macaddress: 'fa:16:3e:00:00:02'}, dhcp4: true}}}", "unknown"),
        ("@file\nnetwork: {ethernets: {eth0: {match: {macaddress: 'fa:16:3e:00:00:02'}, dhcp4: true}}}", "unknown"),
        ("@file\nnetwork: {ethernets: {a: {match: {name: 'eth*'}, dhcp4: true}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {a: {match: {name: 'en*'}, dhcp4: true}}}", "unknown"),
        ("@file\nnetwork: {ethernets: {a: {match: {name: 'en*'}, set-name: eth0, dhcp4: true}}}", "dhcp"),
        ("@file\nnetwork: {ethernets: {a: {match: {driver: virtio}, set-name: eth1, dhcp4: true}}}", "unknown"),
        ("@file\nnetwork: {ethernets: {eth0: {match: , dhcp4: true}}}", "dhcp"),
        (
            "@file\nnetwork: {ethernets: {eth0: {addresses: [1.1]}}}\n@file\nnetwork: {ethernets: {eth0: {dhcp4: y}}}",
            "dhcp",
        ),
        (
            "@file\nnetwork: {ethernets: {eth0: {dhcp4: true}}}\n@file\nnetwork: {ethernets: {eth0: {dhcp4: false}}}",
            "static",
        ),
        (
            "@file\nnetwork: {ethernets: {eth0: {dhcp4: true}}}\n@file\nnetwork: {ethernets: {eth1: {dhcp4: false}}}",
            "dhcp",
        ),
        ("@file\n@file\nnetwork: {ethernets: {eth0: {dhcp4: true}}}", "dhcp"),
        ("@file\nnetwork: {renderer: networkd}\n@file\nnetwork: {ethernets: {eth0: {dhcp4: true}}}", "dhcp"),
        (f"{BROKEN}", "unknown"),
        (f"@file\nnetwork: {{ethernets: {{eth0: {{dhcp4: true}}}}}}\n{BROKEN}", "unknown"),
        ("@file\nnetwork: {ethernets: [eth0]}", "unknown"),
        ("@file\nnetwork: {ethernets: eth0}", "unknown"),
        ("@file\nnetwork: {ethernets: {eth0: dhcp}}", "unknown"),
        ("@file\nnetwork: [a]", "unknown"),
        ("@file\njust words", "unknown"),
        ("@file\nnetwork: {made: 2024-99-99, ethernets: {eth0: {dhcp4: true}}}", "dhcp"),
    ],
)
def test_what_netplan_tells(text: str, method: str) -> None:
    assert told(netplan=text) == NicFacts("eth0", method, "netplan" if method != "unknown" else "")


def test_netplan_matches_a_mac_address_of_digits_alone() -> None:
    text = "@file\nnetwork: {ethernets: {a: {match: {macaddress: 52:54:00:12:34:56}, dhcp4: true}}}"
    found = nic_facts(answer(nic="eth0", mac="52:54:00:12:34:56", dhcp=None, netplan=text.splitlines()))
    assert found == NicFacts("eth0", "dhcp", "netplan")


def test_netplan_does_not_take_a_missing_mac_address_for_a_match() -> None:
    text = "@file\nnetwork: {ethernets: {a: {match: {macaddress: ''}, dhcp4: true}}}"
    assert nic_facts(answer(nic="eth0", mac=None, dhcp=None, netplan=text.splitlines())).method == "unknown"
