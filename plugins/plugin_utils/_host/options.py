# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options of reset_agent and reset_agent_info, and what they have to fulfil."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._package.errors import OptionError
from .._package.model import PackageRequest
from .._package.places import places
from .errors import HostError
from .prerequisites import Limits
from .system import PREREQUISITES

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

INFO_SPEC: dict[str, dict[str, Any]] = {**ASSESS_SPEC, "login": {"type": "bool", "default": False}}

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
_KINDS = {"int": "a whole number", "bool": "true or false", "list": "a list of names", "dict": "a map"}
_CERTIFICATE = re.compile(rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----")


@dataclass(frozen=True)
class Options:
    """The validated options. Times are in seconds."""

    minimum_free_mb: int
    selinux: str
    backend: str
    ignore_prerequisites: tuple[str, ...]
    metadata_timeout: int
    login: bool = False
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
    def limits(self) -> Limits:
        """What these options ask of a guest."""
        return Limits(self.minimum_free_mb, self.selinux, self.backend)

    def package_request(self, variant: str, run_id: str) -> PackageRequest:
        """Return what is to be fetched for a variant. Requests of one run_id share what the first of them found."""
        return _request(vars(self), variant, run_id)


def checked(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments with the types and defaults of the spec, and one sentence for each that does not fit it.

    Ansible's own check tells the first of them only. What does not fit has its default in what is returned, so that the
    rest can be checked, too.
    """
    found = _validated(spec, arguments)
    if not found.error_messages:
        return dict(found.validated_parameters), []
    problems: dict[str, str] = {name: _misfit(name, spec, value) for name, value in arguments.items()}
    fitting = {name: value for name, value in arguments.items() if not problems[name]}
    values = dict(_validated(spec, fitting).validated_parameters)
    if problems.get("state"):
        values["state"] = None  # the default would ask for a package
    return values, [*filter(None, problems.values())]


def _validated(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> Any:
    return ArgumentSpecValidator(spec).validate(dict(arguments))  # type: ignore[no-untyped-call]


def _misfit(name: str, spec: Mapping[str, Any], value: Any) -> str:
    if name not in spec:
        return f"{name} is no option of this module; use those it has: {', '.join(spec)}."
    if not _validated({name: spec[name]}, {name: value}).error_messages:
        return ""
    choices = spec[name].get("choices")
    wanted = f"one of: {', '.join(choices)}" if choices else _KINDS[spec[name]["type"]]
    return f"{name} is {value!r}; set it to {wanted}."


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
    unknown = [name for name in values["ignore_prerequisites"] if name not in PREREQUISITES]
    if unknown:
        names = ", ".join(PREREQUISITES)
        found.append(f"ignore_prerequisites has {', '.join(map(repr, unknown))}; use names from: {names}.")
    return found


def _package_problems(values: Mapping[str, Any]) -> Sequence[str]:
    empty = [name for name in ("base_url", "package", "ca_path") if values.get(name) == ""]
    found = [f"{name} is empty; set it, or leave it out." for name in empty]
    values = {**values, **dict.fromkeys(empty)}
    sources = ("region", "base_url", "package")
    if not any(values.get(name) or name in empty for name in sources):
        found.append("None of region, base_url and package is set; set the one that says where the package comes from.")
    ca_path = values.get("ca_path")
    if ca_path and not _is_homeless(ca_path):
        found += _ca_problems(ca_path)
    if not values["cache_dir"]:
        found.append("cache_dir is empty; set it to a directory of yours.")
    elif not _is_homeless(values["cache_dir"]) and not _may_be_folder(Path(values["cache_dir"])):
        found.append(f"cache_dir is {values['cache_dir']!r}, which cannot be a directory; set it to one of yours.")
    homeless = [f"{name} is {values[name]!r}" for name in _PATHS if _is_homeless(values.get(name))]
    if homeless:
        return [*found, f"{', '.join(homeless)}, and the controller knows no such user; set a full path."]
    return [*found, *_place_problems(values)]


def _is_homeless(path: str | None) -> bool:
    """Return whether a path is below a home that is not there, for which pathlib raises RuntimeError."""
    return bool(path) and os.path.expanduser(str(path)).startswith("~")  # noqa: PTH111


def _ca_problems(path: str) -> Sequence[str]:
    try:
        wrong = "" if _CERTIFICATE.search(Path(path).read_bytes()) else "which has no certificate in it"
    except OSError as error:
        wrong = f"which cannot be read on the controller ({error.strerror})"
    return [f"ca_path is {path!r}, {wrong}; set it to a PEM file."] if wrong else []


def _may_be_folder(path: Path) -> bool:
    """Return whether the path is a directory, or can be made one."""
    path = path.expanduser().absolute()
    # Not by pathlib, which raises an error for what may not be looked at.
    return next(place for place in (path, *path.parents) if os.path.exists(place)).is_dir()  # noqa: PTH110


def _place_problems(values: Mapping[str, Any]) -> Sequence[str]:
    """Check where the package comes from and its checksum apart, then together, so that one does not hide the other."""
    digest = {"checksum": "0" * 64}
    no_address = dict.fromkeys(("package", "base_url", "region", "fallback_region"))
    alone = [{**no_address, **digest, name: values[name]} for name in ("region", "base_url") if values.get(name)]
    rounds: list[dict[str, Any]] = [*alone, digest, no_address, {}]
    found = []
    for changes in rounds:
        try:
            places(_request({**values, **changes}, "linux/64", run_id=""))
        except OptionError as exception:  # noqa: PERF203 - few rounds
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
