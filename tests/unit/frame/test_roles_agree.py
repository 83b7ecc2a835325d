# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A role's README tells the variables that its argument_specs tell, in the same words; its defaults are those."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import AGENT_SPEC

ROLES = Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir())
MARKUP = re.compile(r"[OCV]\((.+?)\)")


def options(role: str) -> dict[str, dict[str, Any]]:
    specs = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text())
    found: dict[str, dict[str, Any]] = specs["argument_specs"]["main"]["options"]
    return found


def shown(default: Any) -> str:
    return "" if default in (None, "", []) else str(default).lower() if isinstance(default, bool) else str(default)


def default(role: str, name: str, option: dict[str, Any]) -> Any:
    """The default: the role's own, or that of the action behind reset_agent, to which it leaves what is not set."""
    return (
        AGENT_SPEC[name.removeprefix("reset_agent_")].get("default") if role == "reset_agent" else option.get("default")
    )


def told(option: dict[str, Any]) -> str:
    text = option["description"]
    return MARKUP.sub(r"`\1`", text if isinstance(text, str) else " ".join(text))


@pytest.mark.parametrize("role", NAMES)
def test_the_readme_tells_every_variable_as_the_specs_do(role: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) ?\| (.*) \|$", (ROLES / role / "README.md").read_text(), re.MULTILINE)
    wanted = [(name, shown(default(role, name, option)), told(option)) for name, option in options(role).items()]
    assert rows == wanted


@pytest.mark.parametrize("role", NAMES)
def test_the_defaults_are_those_of_the_specs(role: str) -> None:
    file = ROLES / role / "defaults" / "main.yml"
    defaults = yaml.safe_load(file.read_text()) if file.exists() else {}
    specs = options(role)
    assert {name: value for name, value in defaults.items() if "{{" not in str(value)} == {
        name: specs[name].get("default", "") for name, value in defaults.items() if "{{" not in str(value)
    }
    assert not defaults or set(defaults) == set(specs)
