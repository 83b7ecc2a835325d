# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP, told by each network manager, and the metadata service, asked by each client that a guest may have."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from controller import Controller
from story import Task, audit, script, tell, tell_all

from lab.client import Host
from lab.faults import Fault, Hang, Late, Status, Wrong
from lab.metadata_client import MetadataControl

PASSWORD = "Pending-Pass-1"
SILENT = "rm -rf /run/systemd/netif"
NETWORK = "/etc/systemd/network/20-eth0.network"
NMCLI = (
    '#!/bin/sh\ncase "$*" in\n"-g GENERAL.CONNECTION device show eth0") echo "System eth0" ;;\n'
    '"-g ipv4.method connection show System eth0") echo %s ;;\nesac\n'
)


def told(result: Mapping[str, Any], name: str) -> tuple[str, str]:
    """Status and finding of one prerequisite."""
    (item,) = [item for item in result["prerequisites"] if item["name"] == name]
    return item["status"], item["found"]


def write(path: str, *lines: str) -> str:
    """A command that writes a file."""
    quoted = " ".join(f'"{line}"' for line in lines)
    return f"mkdir -p {path.rpartition('/')[0]} && printf '%s\\n' {quoted} >{path}"


def dhcp(source: str) -> tuple[str, str]:
    return "pass", f"eth0 on DHCP ({source})"


def static(source: str) -> tuple[str, str]:
    return "fail", f"eth0 has a static address ({source})"


UNKNOWN = ("unknown", "nothing on eth0 told")


def test_dhcp_is_told_by_the_client_that_has_the_lease(
    host: Host, take: Callable[[str], Host], controller: Controller
) -> None:
    hosts = {host.name: host, **{name: take(name) for name in ("debian13", "sysv")}}
    results = tell_all(controller, list(hosts.values()), audit("audit"))
    found = {name: told(results[name]["audit"], "dhcp") for name in hosts}
    assert found == {
        host.name: dhcp("networkd-lease"),
        "debian13": dhcp("networkd-lease"),
        "sysv": dhcp("client"),
    }


def _cases(table: Mapping[str, tuple[str, tuple[str, str]]]) -> list[Task]:
    return [task for name, (text, _wanted) in table.items() for task in (script(text), audit(name))]


def test_dhcp_is_told_by_what_the_managers_of_a_systemd_host_say(host: Host, controller: Controller) -> None:
    rhel = "/etc/sysconfig/network-scripts/ifcfg-eth0"
    suse = "/etc/sysconfig/network/ifcfg-eth0"
    plan = "/etc/netplan/50-cloud-init.yaml"
    head = ("network:", " version: 2", " ethernets:")
    by_name = (*head, "  primary:", "   match: {name: 'e*0'}")
    table = {
        "no lease, file says DHCP": ("rm /run/systemd/netif/leases/*", dhcp("networkd-file")),
        "file says none": (f"sed -i /DHCP/d {NETWORK}", static("networkd-file")),
        "nothing": (SILENT, UNKNOWN),
        "ifcfg dhcp": (write(rhel, "BOOTPROTO='dhcp'"), dhcp("ifcfg")),
        "ifcfg static": (write(rhel, "BOOTPROTO=static", "IPADDR=10.0.0.2"), static("ifcfg")),
        "ifcfg none": (write(rhel, "BOOTPROTO=none # by hand"), static("ifcfg")),
        "of another NIC": (f"mv {rhel} {rhel[:-1]}1", UNKNOWN),
        "SUSE dhcp": (write(suse, "BOOTPROTO='dhcp4'", "STARTMODE='auto'"), dhcp("ifcfg")),
        "SUSE static": (write(suse, "BOOTPROTO='static'"), static("ifcfg")),
        "netplan dhcp": (f"rm {suse}; " + write(plan, *head, "  eth0: {dhcp4: true}"), dhcp("netplan")),
        "netplan static": (write(plan, *head, "  eth0: {addresses: [10.0.0.2/24]}"), static("netplan")),
        "netplan by name": (write(plan, *by_name, "   dhcp4: yes"), dhcp("netplan")),
        "netplan, later file": (write("/etc/netplan/90.yaml", *head, "  eth0: {dhcp4: no}"), static("netplan")),
        "netplan broken": ("rm /etc/netplan/90.yaml; " + write(plan, "network: ["), UNKNOWN),
        "netplan of another NIC": (write(plan, *head, "  eth7: {dhcp4: true}"), UNKNOWN),
        "client": (
            "cp /bin/sleep /bin/udhcpc; setsid -f udhcpc 600 >/dev/null 2>&1; until pgrep -x udhcpc; do :; done",
            dhcp("client"),
        ),
        "of another NIC again": ("pkill udhcpc; " + write(rhel, "BOOTPROTO=static"), static("ifcfg")),
    }
    results = tell(controller, host, *_cases(table))
    assert {name: told(results[name], "dhcp") for name in table} == {name: case[1] for name, case in table.items()}
    # What nobody tells is no failure.
    assert results["nothing"]["ready"]


def test_dhcp_is_told_by_networkmanager_before_any_file(host: Host, controller: Controller) -> None:
    # A stand-in: NetworkManager itself cannot be installed on a host of the lab.
    host.sh(f"{SILENT}; mkdir /run/NetworkManager")
    host.write("/etc/sysconfig/network-scripts/ifcfg-eth0", "BOOTPROTO=static\n")
    host.write("/usr/bin/nmcli", NMCLI % "auto", mode=0o755)
    table = {
        "auto": ("true", dhcp("networkmanager")),
        "manual": ("sed -i s/auto/manual/ /usr/bin/nmcli", static("networkmanager")),
        "shared": ("sed -i s/manual/shared/ /usr/bin/nmcli", static("ifcfg")),
        "not running": ("rmdir /run/NetworkManager; sed -i s/shared/auto/ /usr/bin/nmcli", static("ifcfg")),
    }
    results = tell(controller, host, *_cases(table))
    assert {name: told(results[name], "dhcp") for name in table} == {name: case[1] for name, case in table.items()}


def test_dhcp_is_told_by_ifupdown_where_no_client_runs(take: Callable[[str], Host], controller: Controller) -> None:
    host = take("sysv")
    table = {
        "as it is": ("true", dhcp("client")),
        "client gone": ("pkill -KILL dhclient", dhcp("ifupdown")),
        "static": ("sed -i 's/eth0 inet dhcp/eth0 inet static/' /etc/network/interfaces", static("ifupdown")),
        "nothing": ("sed -i /eth0/d /etc/network/interfaces", UNKNOWN),
        "folder": (write("/etc/network/interfaces.d/primary", "iface eth0 inet dhcp"), dhcp("ifupdown")),
    }
    results = tell(controller, host, *_cases(table))
    assert {name: told(results[name], "dhcp") for name in table} == {name: case[1] for name, case in table.items()}


# The name, what strikes, metadata_timeout, and what is then told; "*" is anything.
STRIKES: list[tuple[str, Fault | None, int, tuple[str, str]]] = [
    ("well", None, 5, ("pass", "server {uuid}")),
    ("silent", Hang(), 1, ("fail", "no answer within 1 s")),
    ("late within the time", Late(seconds=1.2), 6, ("pass", "server {uuid}")),
    ("late beyond it", Late(seconds=2.5), 1, ("fail", "no answer within 1 s")),
    ("500", Status(code=500), 5, ("fail", "HTTP/1.1 500 Internal Server Error")),
    ("404", Status(code=404), 5, ("fail", "HTTP/1.1 404 Not Found")),
    ("garbage", Wrong(body="garbage"), 5, ("fail", "an answer without a server's uuid")),
    ("html", Wrong(body="html"), 5, ("fail", "an answer without a server's uuid")),
    ("empty", Wrong(body="empty"), 5, ("fail", "an answer without a server's uuid")),
    ("no uuid", Wrong(body="no_uuid"), 5, ("fail", "an answer without a server's uuid")),
    ("well again", None, 5, ("pass", "server {uuid}")),
]


def test_only_an_answer_with_a_uuid_in_time_passes_and_only_meta_data_is_asked_for(
    host: Host, take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    hosts = [host, take("busybox"), take("python")]  # they ask by bash, busybox's wget and curl
    faults = [
        type(fault)(**{**vars(fault), "path": "*/meta_data.json", "skip": number, "times": 1})
        for number, (_name, fault, _timeout, _told) in enumerate(STRIKES)
        if fault
    ]
    for one in hosts:
        metadata.set_password(one.name, PASSWORD)
        metadata.set_faults(one.name, *faults)
    tasks = [audit(name, metadata_timeout=timeout) for name, _fault, timeout, _told in STRIKES]
    results = tell_all(controller, hosts, *tasks)
    for one in hosts:
        found = {name: told(results[one.name][name], "metadata") for name, *_rest in STRIKES}
        assert found == {name: (wanted[0], wanted[1].format(uuid=one.uuid)) for name, *_rest, wanted in STRIKES}
        ids = {name: result["server_id"] for name, result in results[one.name].items()}
        assert ids == {name: one.uuid if wanted[0] == "pass" else None for name, *_rest, wanted in STRIKES}
        assert metadata.requests(one.name) == ["GET meta_data.json"] * len(STRIKES)
        assert metadata.show(one.name).blob
    assert PASSWORD not in str(results)


CLIENTS = ("bash", "curl", "perl", "wget", "busybox")


def test_any_of_the_clients_that_a_guest_may_have_will_do(
    take: Callable[[str], Host], controller: Controller, metadata: MetadataControl
) -> None:
    busybox, host = take("busybox"), take("python")
    program = b64decode(busybox.sh("base64 /usr/local/lib/busybox").stdout)
    host.write("/usr/local/bin/busybox", program, mode=0o755)
    host.sh("usermod --shell /bin/sh root")
    # Each is taken away once it has been seen at work.
    tasks = [
        task
        for client in CLIENTS
        for task in (audit(f"{client} well"), audit(f"{client} 404"), script(f"rm $(command -v {client})"))
    ]
    metadata.set_faults(host.name, *(Status(code=404, skip=2 * turn + 1, times=1) for turn in range(len(CLIENTS))))
    results = tell(controller, host, *tasks, audit("none"))
    refused = dict.fromkeys(CLIENTS, ("fail", "HTTP/1.1 404 Not Found"))
    refused["wget"] = ("fail", "no answer")  # GNU wget keeps it to itself
    for client in CLIENTS:
        assert told(results[f"{client} well"], "metadata") == ("pass", f"server {host.uuid}"), client
        assert told(results[f"{client} 404"], "metadata") == refused[client], client
    assert told(results["none"], "metadata") == ("unknown", "no program to ask with")
    assert results["none"]["ready"]
    agents = [record.user_agent.partition("/")[0] for record in metadata.log(host.name)]
    assert agents == ["", "", "curl", "curl", "", "", "Wget", "Wget", "Wget", "Wget"]
