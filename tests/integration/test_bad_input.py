# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input of every option of both modules: one sentence, and neither the guest nor the bucket hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from controller import Controller
from unasked import unasked_bucket

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import AGENT_SPEC, INFO_SPEC

# A port where nobody listens: a task that went there would say so.
NOBODY = {"all": {"hosts": {"nobody": {"ansible_host": "127.0.0.1", "ansible_port": 1}}}}
NUMBER = "set it to a whole number"
BOOL = "set it to true or false"
SHA256 = "wanted sha256:<64 hexadecimal digits>"
ADDRESS = "wanted https://host/path"
REGION = "wanted one such as ap-southeast-1"
HOME = "the controller knows no such user; set a full path"

# Arguments, and what the sentence says beside the option's name, which it begins with.
BOTH: list[tuple[str, Any, str]] = [
    ("minimum_free_mb", "many", NUMBER),
    ("minimum_free_mb", "", NUMBER),
    ("minimum_free_mb", 1.5, NUMBER),
    ("minimum_free_mb", [300], NUMBER),
    ("minimum_free_mb", -1, "set it to 0 or more"),
    ("selinux", "off", "one of: require_off, permissive_during_install, ignore"),
    ("selinux", False, "one of: require_off, permissive_during_install, ignore"),
    ("selinux", "", "one of: require_off, permissive_during_install, ignore"),
    ("backend", "socket", "one of: keep, pipe, auto"),
    ("metadata_timeout", "5s", NUMBER),
    ("metadata_timeout", 0, "set it to at least 1"),
    ("metadata_timeout", -1, "set it to at least 1"),
    ("ignore_prerequisites", ["disk"], "has 'disk'; use names from: root, root_writable, free_space, selinux, dhcp,"),
    ("ignore_prerequisites", "dhcp,disk", "has 'disk'; use names from: root"),
    ("ignore_prerequisites", ["DHCP", "dhcp", ""], "has 'DHCP', ''; use names from: root"),
    ("ignore_prerequisites", {"dhcp": True}, "set it to a list of names"),
    ("minimum_free", 300, "is no option of this module; use those it has: minimum_free_mb, "),
]
INFO: list[tuple[str, Any, str]] = [("login", "maybe", "true or false")]
AGENT: list[tuple[str, Any, str]] = [
    ("state", "installed", "one of: present, absent, restarted, stopped"),
    ("state", ["present"], "one of: present, absent, restarted, stopped"),
    ("state", None, "one of: present, absent, restarted, stopped"),
    ("region", "Moon", REGION),
    ("region", "ap southeast 1", REGION),
    ("region", "ap-southeast-1/../x", REGION),
    ("region", ["ap-southeast-1"], REGION),
    ("fallback_region", "Moon", REGION),
    ("base_url", "bucket", ADDRESS),
    ("base_url", "", "is empty; set it, or leave it out"),
    ("base_url", "ftp://mirror/x", ADDRESS),
    ("base_url", "https://", ADDRESS),
    ("base_url", "https://mirror:port/", ADDRESS),
    ("base_url", "https://user:Secret-1@mir ror/", ADDRESS),
    ("base_url", "http://mirror", "set checksum to the package's SHA-256, or use https"),
    ("package", "/nowhere/agent.zip", "is no file that can be read; wanted an agent package or its URL"),
    ("package", "agent.zip", "is no file that can be read; wanted an agent package or its URL"),
    ("package", "/etc", "is no file that can be read; wanted an agent package or its URL"),
    ("package", "file:///nowhere", "is no file that can be read; wanted an agent package or its URL"),
    ("package", "", "is empty; set it, or leave it out"),
    ("package", "~nobody-here/agent.zip", HOME),
    ("package", "ftp://mirror/agent.zip", ADDRESS),
    ("package", "http://mirror/agent.zip", "set checksum to the package's SHA-256, or use https"),
    ("checksum", "abc", SHA256),
    ("checksum", "", SHA256),
    ("checksum", 12, SHA256),
    ("checksum", "0" * 63, SHA256),
    ("checksum", "sha256:" + "g" * 64, SHA256),
    ("checksum", "md5:" + "0" * 32, SHA256),
    ("checksum", "http://mirror/sum", "set it to the package's SHA-256, or use https"),
    ("checksum", "~nobody-here/sum", HOME),
    ("ca_path", "/nowhere/ca.pem", "set it to a PEM file"),
    ("ca_path", "/etc", "set it to a PEM file"),
    ("ca_path", "/etc/passwd", "no certificate in it; set it to a PEM file"),
    ("ca_path", "", "is empty; set it, or leave it out"),
    ("ca_path", "~nobody-here/ca.pem", HOME),
    ("validate_certs", "maybe", BOOL),
    ("upgrade", "perhaps", BOOL),
    ("keep_backup", 2, BOOL),
    ("delivery", "post", "one of: push, pull"),
    ("setup_timeout", 0, "set it to at least 1"),
    ("setup_timeout", "long", NUMBER),
    ("download_timeout", 0, "set it to at least 1"),
    ("download_timeout", {}, NUMBER),
    ("lock_timeout", -1, "set it to 0 or more"),
    ("lock_timeout", "never", NUMBER),
    ("cache_dir", "", "set it to a directory of yours"),
    ("cache_dir", "/etc/passwd", "cannot be a directory; set it to one of yours"),
    ("cache_dir", "/etc/passwd/cache", "cannot be a directory; set it to one of yours"),
    ("cache_dir", "~nobody-here/cache", HOME),
]
SEVERAL = {
    "minimum_free": 300,
    "selinux": "off",
    "upgrade": "perhaps",
    "lock_timeout": -1,
    "ignore_prerequisites": ["disk"],
    "ca_path": "/nowhere/ca.pem",
    "base_url": "bucket",
    "checksum": "abc",
}


def refusals(controller: Controller, tasks: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Run all tasks (their name, module and arguments) in one go; return the sentence with which each was refused."""
    steps = [
        {"name": name, f"cloudreset.huaweicloud.{module}": {**arguments}, "ignore_errors": True}
        for name, (module, arguments) in tasks.items()
    ]
    play = {"hosts": "nobody", "gather_facts": False, "ignore_unreachable": True, "tasks": steps}
    run = controller.play([play], ["-i", inventory(controller)])
    assert {line["task"]: line["kind"] for line in run.results} == dict.fromkeys(tasks, "failed")
    assert not any(line["result"]["changed"] for line in run.results)
    assert run.ssh_starts == 0
    assert not controller.cache.exists()
    return {line["task"]: line["result"]["msg"] for line in run.results}


def inventory(controller: Controller) -> str:
    path = controller.folder / "nobody.yml"
    path.write_text(yaml.safe_dump(NOBODY))
    return str(path)


def is_one_sentence(message: str, option: str, told: str) -> bool:
    return message.startswith(f"{option} ") and told in message and ". " not in message and message.endswith(".")


def test_each_bad_value_is_one_sentence_with_the_option_and_the_remedy(controller: Controller) -> None:
    cases = [("reset_agent_info", case) for case in [*BOTH, *INFO]] + [
        ("reset_agent", case) for case in [*BOTH, *AGENT]
    ]
    table = {f"{module} {option}={value!r}": (module, option, value, told) for module, (option, value, told) in cases}
    with unasked_bucket() as address:
        source = {"base_url": address, "cache_dir": str(controller.cache)}
        tasks = {
            name: (module, {**(source if module == "reset_agent" else {}), option: value})
            for name, (module, option, value, _told) in table.items()
        }
        messages = refusals(controller, tasks)
    wrong = {name: text for name, text in messages.items() if not is_one_sentence(text, *table[name][1::2])}
    assert wrong == {}
    assert "Secret-1" not in str(messages.values())


def test_every_option_has_a_case() -> None:
    assert {option for option, _value, _told in [*BOTH, *INFO]} >= set(INFO_SPEC)
    assert {option for option, _value, _told in [*BOTH, *AGENT]} >= set(AGENT_SPEC)


def test_a_missing_source_is_told_and_all_that_is_wrong_at_once(controller: Controller) -> None:
    tasks = {
        "nothing": ("reset_agent", {}),
        "empty": ("reset_agent", {"region": "", "base_url": None, "checksum": "0" * 64}),
        "several": ("reset_agent", SEVERAL),
        # What the default would ask for is not what the caller wanted.
        "state": ("reset_agent", {"state": "instaled"}),
    }
    messages = refusals(controller, tasks)
    no_source = "None of region, base_url and package is set; set the one that says where the package comes from."
    assert (messages["nothing"], messages["empty"]) == (no_source, no_source)
    several = messages["several"]
    assert [option for option in SEVERAL if f"{option} is " not in several and f"{option} has " not in several] == []
    assert several.count(". ") == len(SEVERAL) - 1
    assert messages["state"] == "state is 'instaled'; set it to one of: present, absent, restarted, stopped."


def test_the_role_refuses_what_it_does_not_know(controller: Controller) -> None:
    flags = ["-i", inventory(controller), "-e", "cloudreset_hosts=nobody", "-e", "reset_agent_state=instaled"]
    run = controller.play("cloudreset.huaweicloud.install", flags)
    assert run.status != 0
    assert "reset_agent_state must be one of: present, absent, restarted, stopped" in run.of("nobody")["msg"]
    assert run.ssh_starts == 0
