"""What the outside is told about the hosts: Ansible's inventory, SSH's known_hosts, the services' hosts.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from lab.cloud.account import REGION
from lab.hosts import HostSpec
from lab.network import API, BUCKET
from lab.paths import Paths, write_atomically

BASE_URL = f"https://{BUCKET}"
API_URL = f"https://{API}"
_APIS = ("ecs", "evs", "iam", "ims", "vpc")


def publish(paths: Paths, hosts: Sequence[HostSpec]) -> None:
    """Write all of it."""
    known = "".join(f"{host.address},{host.name}.lab {host.host_key.public}" for host in hosts)
    write_atomically(paths.known_hosts, known)
    write_atomically(paths.hosts, json.dumps([_for_services(host) for host in hosts], indent=1))
    write_atomically(paths.inventory, yaml.safe_dump(_inventory(paths, hosts), sort_keys=False))


def _for_services(host: HostSpec) -> dict[str, str]:
    return {"name": host.name, "address": host.address, "uuid": host.uuid, "flavour": host.flavour.name}


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
    groups = {group: {"hosts": _members(hosts, group)} for group in ("full", "light")}
    return {"all": {"vars": common, "children": groups}}


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
