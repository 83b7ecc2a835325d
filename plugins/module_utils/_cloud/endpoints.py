# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the address of a service in a region of a cloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import CloudError

DEFAULT_CLOUD = "myhuaweicloud.com"
# Regions whose addresses are under another domain.
CLOUDS = {"eu-west-101": "myhuaweicloud.eu"}
SERVICES = ("ecs", "evs", "iam", "ims", "vpc")

_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_CHECKING = "finding the endpoint"


@dataclass(frozen=True)
class Endpoint:
    """Where a service answers; `prefix` stands before every path."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class Endpoints:
    """All of a region's addresses. What is wrong with them is a CloudError when they are made."""

    region: str | None
    cloud: str | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises CloudError for a region, a domain, a service or an address that cannot be one, all at once."""
        wrong = []
        if self.region and not _REGION.fullmatch(self.region):
            wrong.append(f"region is '{self.region}', which is no region's id")
        if self.cloud and not _DOMAIN.fullmatch(self.cloud):
            wrong.append(f"cloud is '{self.cloud}', which is no domain")
        for service, url in self.overrides.items():
            if service not in SERVICES:
                wrong.append(f"endpoints has '{service}', and the services are {', '.join(SERVICES)}")
            elif problem := _problem(url):
                wrong.append(f"endpoints.{service} is '{url}', {problem}")
        if wrong:
            raise CloudError(_CHECKING, "; ".join(wrong), kind="input", hint="set them right")

    def of(self, service: str) -> Endpoint:
        """The address of a service. Raises CloudError if neither a region nor the address is given."""
        if service in self.overrides:
            return _parsed(self.overrides[service].replace("{region}", self.region or ""))
        if not self.region:
            hint = f"set region, the environment variable HW_REGION_NAME, or endpoints.{service}"
            raise CloudError(_CHECKING, "no region is given", kind="input", hint=hint)
        return _parsed(f"https://{service}.{self.region}.{self.cloud or CLOUDS.get(self.region, DEFAULT_CLOUD)}")


def _problem(url: str) -> str:
    try:
        parts = urlsplit(url.replace("{region}", "region"))
        _port = parts.port
    except ValueError:
        return "which is no address"
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
        return "which is no https address"
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return "and passwords go over https only"
    if parts.query or parts.fragment or parts.username is not None:
        return "which has more than a host and a path"
    return ""


def _parsed(url: str) -> Endpoint:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Endpoint(parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"))
