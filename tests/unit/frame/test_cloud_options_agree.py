# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the cloud modules take is what their documentation tells, and they are all in the action group."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.endpoints import SERVICES
from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.options import CLOUD_SPEC

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = "ansible_collections.cloudreset.huaweicloud.plugins"
GROUP = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["cloud"]
FRAGMENT = yaml.safe_load(importlib.import_module(f"{PLUGINS}.doc_fragments.cloud").ModuleDocFragment.DOCUMENTATION)
TOLD = ("type", "elements", "choices", "default", "required")


def told(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {key: option[key] for key in TOLD if key in option} for name, option in options.items()}


def test_the_fragment_tells_the_options_that_all_cloud_modules_share() -> None:
    assert told(FRAGMENT["options"]) == told(CLOUD_SPEC)
    assert list(FRAGMENT["options"]) == list(CLOUD_SPEC)


def test_the_fragment_tells_the_services() -> None:
    assert all(f"V({service})" in " ".join(FRAGMENT["options"]["endpoints"]["description"]) for service in SERVICES)


@pytest.mark.parametrize("name", GROUP)
def test_a_module_tells_its_own_options_and_includes_the_fragment(name: str) -> None:
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert told(documentation["options"]) == told(module.SPEC)
    assert "cloudreset.huaweicloud.cloud" in documentation["extends_documentation_fragment"]
    assert documentation["attributes"]["action_group"]["membership"] == ["cloudreset.huaweicloud.cloud"]


def test_every_module_with_the_fragment_is_in_the_group() -> None:
    modules = (path for path in (ROOT / "plugins" / "modules").glob("*.py"))
    there = sorted(path.stem for path in modules if "\n  - cloudreset.huaweicloud.cloud\n" in path.read_text())
    assert sorted(GROUP) == there


def test_no_secret_option_is_logged() -> None:
    assert {name for name, option in CLOUD_SPEC.items() if option.get("no_log")} == {
        "secret_key",
        "security_token",
        "proxy",
    }
