"""What the outside is told about the hosts: Ansible's inventory, SSH's known_hosts, the services' hosts.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from lab import accounts
from lab.cloud.account import REGION
from lab.flavours import FULL, LIGHT, WINDOWS, System
from lab.hosts import HostSpec
from lab.network import API, BUCKET, WINRM
from lab.paths import Paths, write_atomically
from lab.windows.ports import CMD_PORT, POWERSHELL_PORT

BASE_URL = f"https://{BUCKET}"
API_URL = f"https://{API}"
_APIS = ("ecs", "evs", "iam", "ims", "vpc")
_ADMINISTRATOR = accounts.DEFAULTS[0]


def publish(paths: Paths, hosts: Sequence[HostSpec]) -> None:
    """Write all of it."""
    known = "".join(f"{','.join(_known_as(host))} {host.host_key.public}" for host in hosts)
    write_atomically(paths.known_hosts, known)
    write_atomically(paths.hosts, json.dumps([_for_services(host) for host in hosts], indent=1))
    write_atomically(paths.inventory, yaml.safe_dump(_inventory(paths, hosts), sort_keys=False))


def _for_services(host: HostSpec) -> dict[str, str]:
    flavour = host.flavour
    told = {"name": host.name, "address": host.address, "uuid": host.uuid}
    return {**told, "flavour": flavour.name, "system": flavour.system.value}


def _known_as(host: HostSpec) -> list[str]:
    names = [host.address, f"{host.name}.lab"]
    if host.flavour.system is System.WINDOWS:  # has a second SSH server, at a port of its own
        names += [f"[{name}]:{POWERSHELL_PORT}" for name in names]
    return names


def _inventory(paths: Paths, hosts: Sequence[HostSpec]) -> dict[str, Any]:
    options = {"UserKnownHostsFile": paths.known_hosts, "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes"}
    common = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(paths.key),
        "ansible_ssh_common_args": " ".join(f"-o {name}={value}" for name, value in options.items()),
        "cloudreset_base_url": BASE_URL,
        "cloudreset_ca_path": str(paths.ca),
        # The options of the action group cloud, as playbooks/reset.yml takes them.
        "cloudreset_cloud": {
            "region": REGION,
            "endpoints": dict.fromkeys(_APIS, API_URL),
            "ca_path": str(paths.ca),
            "credentials_file": str(paths.credentials),
        },
    }
    groups: dict[str, dict[str, Any]] = {
        FULL: {"hosts": _members(hosts, FULL)},
        LIGHT: {"hosts": _members(hosts, LIGHT)},
        WINDOWS: {"hosts": _members(hosts, WINDOWS), "vars": _windows(paths)},
    }
    return {"all": {"vars": common, "children": groups}}


def _windows(paths: Paths) -> dict[str, Any]:
    """How Ansible logs in to Windows hosts: by WinRM unless a play says otherwise.

    Over SSH (ansible_connection: ssh), port 22 gives cmd and lab_ssh_powershell_port PowerShell; say
    ansible_shell_type too.  The lab's key and the password both do.
    """
    return {
        "ansible_connection": "winrm",
        "ansible_port": WINRM.port,
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": str(paths.ca),
        "ansible_user": _ADMINISTRATOR.name,
        "ansible_password": _ADMINISTRATOR.password,
        "lab_ssh_cmd_port": CMD_PORT,
        "lab_ssh_powershell_port": POWERSHELL_PORT,
    }


def _members(hosts: Sequence[HostSpec], group: str) -> dict[str, dict[str, str]]:
    return {
        host.name: {
            "ansible_host": host.address,
            "cloudreset_server_id": host.uuid,
            "lab_flavour": host.flavour.name,
            "lab_uuid": host.uuid,
        }
        for host in hosts
        if host.flavour.group == group
    }
