# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options that all cloud modules share; documented in doc_fragments/cloud.py."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from .agency import from_agency
from .client import Client, Limits
from .clock import SystemClock
from .credentials import SOURCES, Keyring, Places
from .endpoints import Endpoints
from .errors import CloudError
from .transport import Wire

CLOUD_SPEC: dict[str, dict[str, Any]] = {
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "credential_sources": {"type": "list", "elements": "str", "choices": list(SOURCES), "default": list(SOURCES)},
    "credentials_file": {"type": "path"},
    "profile": {"type": "str", "default": "basic"},
    "region": {"type": "str"},
    "project_id": {"type": "str"},
    "cloud": {"type": "str"},
    "endpoints": {"type": "dict", "default": {}},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 30},
    "retries": {"type": "int", "default": 5},
    "retry_timeout": {"type": "int", "default": 300},
    "requests_per_second": {"type": "float", "default": 10.0},
}


def client_from(params: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Client:
    """A client by a module's parameters. Raises CloudError for what is wrong with them; asks nothing yet."""
    environment = os.environ if environment is None else environment
    clock = SystemClock()
    region = params["region"] or environment.get("HW_REGION_NAME") or environment.get("HW_REGION")
    cloud = params["cloud"] or environment.get("HW_CLOUD")
    endpoints = Endpoints(region, cloud, {name: str(url) for name, url in params["endpoints"].items()})
    places = Places(
        sources=params["credential_sources"],
        environment=environment,
        agency=from_agency,
        given=params,
        credentials_file=params["credentials_file"],
        profile=params["profile"],
    )
    wire = Wire(params["timeout"], params["validate_certs"], params["ca_path"], params["proxy"])
    limits = Limits(params["retries"], params["retry_timeout"], params["requests_per_second"])
    _check(limits, params["project_id"] or "")
    return Client(Keyring(places, clock.now), endpoints, wire, limits, params["project_id"] or "", clock)


def _check(limits: Limits, project_id: str) -> None:
    wrong = [f"{name} is {value:g}" for name, value in vars(limits).items() if value < 0]
    if not re.fullmatch(r"[A-Za-z0-9_-]*", project_id):
        wrong.append(f"project_id is '{project_id}', which is no id")
    if wrong:
        raise CloudError(
            "reading the options", "; ".join(wrong), kind="input", hint="set them right; numbers are 0 or more"
        )
