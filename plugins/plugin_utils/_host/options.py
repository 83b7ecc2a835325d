# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options of reset_agent and reset_agent_info, and what they have to fulfil."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .._package.errors import OptionError
from .._package.model import PackageRequest
from .._package.places import places
from . import prerequisites
from .errors import HostError

ASSESS_SPEC: dict[str, dict[str, Any]] = {
    "minimum_free_mb": {"type": "int", "default": 300},
    "selinux": {
        "type": "str",
        "choices": ["require_off", "permissive_during_install", "ignore"],
        "default": "require_off",
    },
    "backend": {"type": "str", "choices": ["keep", "pipe", "auto"], "default": "keep"},
    "ignore_prerequisites": {"type": "list", "elements": "str", "default": []},
    "metadata_timeout": {"type": "int", "default": 5},
}

AGENT_SPEC: dict[str, dict[str, Any]] = {
    **ASSESS_SPEC,
    "state": {"type": "str", "choices": ["present", "absent", "restarted", "stopped"], "default": "present"},
    "region": {"type": "str"},
    "base_url": {"type": "str"},
    "fallback_region": {"type": "str"},
    "package": {"type": "str"},
    "checksum": {"type": "str"},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
    "delivery": {"type": "str", "choices": ["push", "pull"], "default": "push"},
    "upgrade": {"type": "bool", "default": False},
    "keep_backup": {"type": "bool", "default": False},
    "setup_timeout": {"type": "int", "default": 300},
    "download_timeout": {"type": "int", "default": 30},
    "lock_timeout": {"type": "int", "default": 120},
    "cache_dir": {"type": "path", "default": "~/.cache/cloudreset"},
}

_POSITIVE = ("setup_timeout", "download_timeout", "metadata_timeout")
_NOT_NEGATIVE = ("minimum_free_mb", "lock_timeout")
_PATHS = ("package", "checksum", "ca_path", "cache_dir")


@dataclass(frozen=True)
class Options:
    """The validated options. Times are in seconds."""

    minimum_free_mb: int
    selinux: str
    backend: str
    ignore_prerequisites: tuple[str, ...]
    metadata_timeout: int
    state: str = "present"
    region: str | None = None
    base_url: str | None = None
    fallback_region: str | None = None
    package: str | None = None
    checksum: str | None = None
    ca_path: str | None = None
    validate_certs: bool = True
    delivery: str = "push"
    upgrade: bool = False
    keep_backup: bool = False
    setup_timeout: int = 300
    download_timeout: int = 30
    lock_timeout: int = 120
    cache_dir: str = "~/.cache/cloudreset"

    @property
    def limits(self) -> prerequisites.Limits:
        """What these options ask of a guest."""
        return prerequisites.Limits(self.minimum_free_mb, self.selinux, self.backend)

    def package_request(self, variant: str, run_id: str) -> PackageRequest:
        """Return what is to be fetched for a variant. Requests of one run_id share what the first of them found."""
        return _request(asdict(self), variant, run_id)


def parse(values: Mapping[str, Any]) -> Options:
    """Return the options from arguments that the spec has already checked for type and choice.

    Raises HostError with one sentence for each thing wrong, all of them at once.
    """
    problems = [*_problems(values), *(_package_problems(values) if values.get("state") == "present" else [])]
    if problems:
        raise HostError(" ".join(problems))
    known = {field.name: values[field.name] for field in fields(Options) if field.name in values}
    return Options(**{**known, "ignore_prerequisites": tuple(known["ignore_prerequisites"])})


def _problems(values: Mapping[str, Any]) -> Sequence[str]:
    found = [f"{name} is {values[name]}; set it to at least 1." for name in _POSITIVE if values.get(name, 1) < 1]
    found += [f"{name} is {values[name]}; set it to 0 or more." for name in _NOT_NEGATIVE if values.get(name, 0) < 0]
    unknown = [name for name in values["ignore_prerequisites"] if name not in prerequisites.NAMES]
    if unknown:
        names = ", ".join(prerequisites.NAMES)
        found.append(f"ignore_prerequisites has {', '.join(map(repr, unknown))}; use names from: {names}.")
    return found


def _package_problems(values: Mapping[str, Any]) -> Sequence[str]:
    found = []
    if not (values.get("region") or values.get("base_url") or values.get("package")):
        found.append("None of region, base_url and package is set; set the one that says where the package comes from.")
    ca_path = values.get("ca_path")
    if ca_path and not _is_homeless(ca_path) and not Path(ca_path).is_file():
        found.append(f"ca_path is {ca_path!r}, and there is no such file on the controller; set it to a PEM file.")
    if not values["cache_dir"]:
        found.append("cache_dir is empty; set it to a directory of yours.")
    homeless = [f"{name} is {values[name]!r}" for name in _PATHS if _is_homeless(values.get(name))]
    if homeless:
        return [*found, f"{', '.join(homeless)}, and the controller knows no such user; set a full path."]
    return [*found, *_place_problems(values)]


def _is_homeless(path: str | None) -> bool:
    """Return whether a path is below a home that is not there, for which pathlib raises RuntimeError."""
    return bool(path) and os.path.expanduser(str(path)).startswith("~")  # noqa: PTH111


def _place_problems(values: Mapping[str, Any]) -> Sequence[str]:
    """Check where the package comes from and its checksum apart, then together, so that one does not hide the other."""
    no_address = dict.fromkeys(("package", "base_url", "region", "fallback_region"))
    found = []
    for changes in ({"checksum": "0" * 64}, no_address, {}):
        try:
            places(_request({**values, **changes}, "linux/64", run_id=""))
        except OptionError as exception:  # noqa: PERF203 - three rounds
            found.append(str(exception))
    return list(dict.fromkeys(found))


def _request(values: Mapping[str, Any], variant: str, run_id: str) -> PackageRequest:
    return PackageRequest(
        variant=variant,
        region=values.get("region"),
        base_url=values.get("base_url"),
        fallback_region=values.get("fallback_region"),
        package=values.get("package"),
        checksum=values.get("checksum"),
        ca_path=values.get("ca_path"),
        validate_certs=values["validate_certs"],
        timeout=values["download_timeout"],
        cache_dir=Path(values["cache_dir"]).expanduser(),
        run_id=run_id,
    )
