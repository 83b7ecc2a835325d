# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option stands in four places: the action's spec, the module's documentation, and the role's spec and task."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import (
    AGENT_SPEC,
    ASSESS_SPEC,
    INFO_SPEC,
)

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.cloudreset.huaweicloud.plugins"
ROLE = ROOT / "roles" / "reset_agent"
TOLD = ("type", "elements", "choices", "default")


def documented(module: str) -> dict[str, Any]:
    text = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{module}").DOCUMENTATION)
    options = dict(text.get("options", {}))
    for name in text.get("extends_documentation_fragment", []):
        fragment = importlib.import_module(f"{PLUGINS}.doc_fragments.{name.rpartition('.')[2]}")
        options |= yaml.safe_load(fragment.ModuleDocFragment.DOCUMENTATION).get("options", {})
    return options


def told(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {key: option[key] for key in TOLD if key in option} for name, option in options.items()}


@pytest.mark.parametrize(("module", "spec"), [("reset_agent", AGENT_SPEC), ("reset_agent_info", INFO_SPEC)])
def test_the_documentation_tells_the_options_that_the_action_takes(module: str, spec: dict[str, Any]) -> None:
    assert told(documented(module)) == told(spec)


def test_the_role_takes_every_option_of_the_action_under_its_prefix() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    wanted = {f"reset_agent_{name}": option for name, option in told(AGENT_SPEC).items()}
    for option in wanted.values():
        option.pop("default", None)  # the role has none of its own: the action's stay in force
    assert told(specs) == wanted


def test_the_role_hands_on_every_option_and_leaves_out_what_is_not_set() -> None:
    (task,) = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())
    assert task["cloudreset.huaweicloud.reset_agent"] == {
        name: f"{{{{ reset_agent_{name} | default(omit) }}}}" for name in AGENT_SPEC
    }


@pytest.mark.parametrize("name", sorted(ASSESS_SPEC))
def test_the_audit_asks_with_the_same_limits_as_the_installation(name: str) -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks" / "audit.yml").read_text())
    arguments = play["tasks"][0]["cloudreset.huaweicloud.reset_agent_info"]
    assert arguments[name] == f"{{{{ reset_agent_{name} | default(omit) }}}}"
