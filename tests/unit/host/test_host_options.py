# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options have to fulfil: each bad value is one sentence that names it and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import (
    AGENT_SPEC,
    ASSESS_SPEC,
    INFO_SPEC,
    Options,
    checked,
    parse,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.prerequisites import Limits
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.system import PREREQUISITES

REGION = {"region": "ap-southeast-1"}


def validated(arguments: dict[str, Any], spec: dict[str, Any] | None = None) -> dict[str, Any]:
    """What Ansible's own check makes of a task's arguments."""
    result = ArgumentSpecValidator(spec or AGENT_SPEC).validate(arguments)  # type: ignore[no-untyped-call]
    assert result.error_messages == []
    return dict(result.validated_parameters)


def problems(**arguments: Any) -> str:
    with pytest.raises(HostError) as caught:
        parse(validated(arguments))
    assert not caught.value.changed
    return str(caught.value)


@pytest.mark.parametrize("name", ["setup_timeout", "download_timeout", "metadata_timeout"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_time_is_at_least_a_second(name: str, value: int) -> None:
    assert problems(**REGION, **{name: value}) == f"{name} is {value}; set it to at least 1."
    assert getattr(parse(validated({**REGION, name: 1})), name) == 1


@pytest.mark.parametrize("name", ["minimum_free_mb", "lock_timeout"])
def test_a_size_and_a_wait_may_be_zero(name: str) -> None:
    assert problems(**REGION, **{name: -1}) == f"{name} is -1; set it to 0 or more."
    assert getattr(parse(validated({**REGION, name: 0})), name) == 0


SECRET = "https://user:S3cret@host/a"  # a URL with credentials, which no message may show
CA = __file__  # it has what a PEM file has: -----BEGIN CERTIFICATE-----


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, ["None of region, base_url and package is set", "set the one"]),
        ({"region": ""}, ["None of region, base_url and package is set"]),
        ({"base_url": ""}, ["base_url is empty; set it, or leave it out."]),
        ({"package": ""}, ["package is empty; set it, or leave it out."]),
        ({"region": "AP Southeast"}, ["region is 'AP Southeast'", "wanted one such as"]),
        ({**REGION, "fallback_region": "x"}, ["fallback_region is 'x'", "wanted one such as"]),
        ({"base_url": "ftp://mirror"}, ["base_url is 'ftp://mirror'", "wanted https://"]),
        ({"base_url": "mirror"}, ["base_url is 'mirror'", "wanted https://"]),
        ({"base_url": "http://mirror"}, ["base_url is", "set checksum"]),
        ({"package": "/no/such.zip"}, ["package is '/no/such.zip'", "wanted an agent package"]),
        ({"package": "http://mirror/a.zip"}, ["package is 'http://mirror/a.zip'", "set checksum"]),
        ({"package": f"{SECRET} b"}, ["package is 'https://host/a", "wanted https://"]),
        ({"package": "~nosuchuser/a.zip"}, ["package is '~nosuchuser/a.zip'", "set a full path"]),
        ({**REGION, "checksum": "md5:00"}, ["checksum is of the kind 'md5'", "wanted sha256:"]),
        ({**REGION, "checksum": "12"}, ["checksum is '12'", "wanted sha256:"]),
        ({**REGION, "checksum": ""}, ["checksum is empty", "wanted sha256:"]),
        ({**REGION, "checksum": "~nosuchuser/a"}, ["checksum is '~nosuchuser/a'", "set a full path"]),
        ({**REGION, "ca_path": "/no/ca.pem"}, ["ca_path is '/no/ca.pem'", "set it to a PEM file"]),
        ({**REGION, "ca_path": "/etc"}, ["ca_path is '/etc'", "set it to a PEM file"]),
        ({**REGION, "ca_path": "~nosuchuser/ca.pem"}, ["ca_path is '~nosuchuser/ca.pem'", "set a full path"]),
        ({**REGION, "cache_dir": "~nosuchuser/c"}, ["cache_dir is '~nosuchuser/c'", "set a full path"]),
        ({**REGION, "cache_dir": ""}, ["cache_dir is empty", "set it to a directory"]),
        ({**REGION, "ignore_prerequisites": ["dhcpp"]}, ["ignore_prerequisites has 'dhcpp'", ", ".join(PREREQUISITES)]),
        (
            {**REGION, "ignore_prerequisites": ["a", "root", "b"]},
            ["ignore_prerequisites has 'a', 'b'", "use names from"],
        ),
    ],
)
def test_a_bad_value_is_one_sentence_with_the_option_and_the_remedy(arguments: dict[str, Any], told: list[str]) -> None:
    message = problems(**arguments)
    assert [part for part in told if part not in message] == []
    assert (message.count(". "), message[-1]) == (0, ".")
    assert "S3cret" not in message


def test_all_that_is_wrong_is_told_at_once() -> None:
    message = problems(
        base_url="ftp://m",
        checksum="md5:1",
        ca_path="/no/ca.pem",
        setup_timeout=0,
        lock_timeout=-1,
        ignore_prerequisites=["x"],
        cache_dir="",
    )
    parts = ("base_url", "checksum", "ca_path", "setup_timeout", "lock_timeout", "ignore_prerequisites", "cache_dir")
    assert [message.count(f"{name} is") + message.count(f"{name} has") for name in parts] == [1] * len(parts)


@pytest.mark.parametrize(
    ("name", "value"),
    [("region", "A"), ("base_url", "ftp://m"), ("package", "/no/such.zip"), ("fallback_region", "A")],
)
def test_a_bad_address_and_a_bad_checksum_are_both_told_once(name: str, value: str) -> None:
    message = problems(**{**({} if name == "package" else REGION), name: value, "checksum": "md5:1"})
    assert [message.count(part) for part in (f"{name} is '{value}'", "checksum is of the kind")] == [1, 1]


def test_a_bad_region_and_a_bad_base_url_are_both_told_once() -> None:
    message = problems(region="A", base_url="ftp://m")
    assert [message.count(part) for part in ("region is 'A'", "base_url is 'ftp://m'")] == [1, 1]


def test_the_defaults_of_the_audit_are_those_of_the_installation() -> None:
    defaults: dict[str, Any] = {name: spec.get("default") for name, spec in AGENT_SPEC.items()}
    assert vars(Options(**{name: defaults[name] for name in ASSESS_SPEC})) == {**defaults, "login": False}


def test_a_home_that_is_not_there_does_not_hide_the_rest() -> None:
    message = problems(cache_dir="~nosuchuser/c", package="~nosuchuser/p", ca_path="/no/ca.pem", setup_timeout=0)
    for name in ("cache_dir", "package", "ca_path", "setup_timeout"):
        assert f"{name} is" in message
    assert "package is '~nosuchuser/p', cache_dir is '~nosuchuser/c', and" in message


@pytest.mark.parametrize("state", ["absent", "restarted", "stopped"])
def test_where_no_package_is_needed_none_has_to_be_named(state: str) -> None:
    assert parse(validated({"state": state})).state == state
    with pytest.raises(HostError, match="setup_timeout"):
        parse(validated({"state": state, "setup_timeout": 0}))


@pytest.mark.parametrize(
    "arguments",
    [
        REGION,
        {"region": "my-new-region-1"},
        {"base_url": "https://mirror/{region}"},
        {"base_url": "http://mirror", "checksum": "sha256:" + "0" * 64},
        {"package": "https://mirror/a.zip"},
        {**REGION, "checksum": "0" * 64},
        {**REGION, "checksum": "https://mirror/sum"},
        {**REGION, "ca_path": CA},
        {**REGION, "ignore_prerequisites": list(PREREQUISITES)},
        {"package": __file__},
    ],
)
def test_good_values(arguments: dict[str, Any]) -> None:
    assert isinstance(parse(validated(arguments)), Options)


def test_what_the_audit_needs_is_enough() -> None:
    options = parse(validated({"minimum_free_mb": 7, "selinux": "ignore", "backend": "pipe"}, ASSESS_SPEC))
    assert options.limits == Limits(7, "ignore", "pipe")
    assert options.ignore_prerequisites == ()


def test_the_audit_alone_looks_at_logins() -> None:
    assert parse(validated({"login": True}, INFO_SPEC)).login is True
    assert INFO_SPEC.keys() - AGENT_SPEC.keys() == {"login"}


def test_an_option_that_is_not_given_is_as_the_documentation_says() -> None:
    options = vars(parse(validated(REGION)))
    defaults = {name: spec.get("default") for name, spec in AGENT_SPEC.items()} | REGION
    defaults |= {"ignore_prerequisites": (), "cache_dir": str(Path("~/.cache/cloudreset").expanduser())}
    assert options == {**defaults, "login": False}


def test_each_option_is_handed_on() -> None:
    given = {
        "minimum_free_mb": 1, "selinux": "ignore", "backend": "auto", "ignore_prerequisites": ["root"],
        "metadata_timeout": 2, "state": "present", "region": "cn-north-1", "base_url": "https://m",
        "checksum": "0" * 64, "fallback_region": "cn-east-2", "package": "https://m/p.zip", "ca_path": CA,
        "validate_certs": False, "delivery": "pull", "upgrade": True, "keep_backup": True, "setup_timeout": 3,
        "download_timeout": 4, "lock_timeout": 5, "cache_dir": "/c",
    }  # fmt: skip
    assert set(given) == set(AGENT_SPEC)
    assert vars(parse(validated(given))) == {**given, "ignore_prerequisites": ("root",), "login": False}


def test_the_package_that_is_asked_for() -> None:
    given = {
        "region": "cn-north-1", "base_url": "https://m", "fallback_region": "cn-east-2", "package": "https://m/p.zip",
        "checksum": "0" * 64, "ca_path": CA, "validate_certs": False,
    }  # fmt: skip
    request = parse(validated({**given, "download_timeout": 4, "cache_dir": "~/c"})).package_request("windows", "run")
    assert vars(request) == {
        **given, "variant": "windows", "timeout": 4, "cache_dir": Path("~/c").expanduser(), "run_id": "run"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"setup_timeout": "long"}, "setup_timeout is 'long'; set it to a whole number."),
        ({"setup_timeout": None}, "setup_timeout is None; set it to a whole number."),
        ({"upgrade": "perhaps"}, "upgrade is 'perhaps'; set it to true or false."),
        ({"ignore_prerequisites": {"a": 1}}, "ignore_prerequisites is {'a': 1}; set it to a list of names."),
        ({"state": "latest"}, "state is 'latest'; set it to one of: present, absent, restarted, stopped."),
        ({"backend": None}, "backend is None; set it to one of: keep, pipe, auto."),
    ],
)
def test_what_does_not_fit_the_spec_is_told_and_has_its_default(arguments: dict[str, Any], told: str) -> None:
    values, found = checked(AGENT_SPEC, {**REGION, **arguments})
    assert found == [told]
    # The default state would ask for a package.
    assert values == validated(REGION) | ({"state": None} if "state" in arguments else {})


def test_all_that_does_not_fit_the_spec_is_told() -> None:
    values, found = checked(ASSESS_SPEC, {"region": "x", "backend": "best", "minimum_free_mb": "7"})
    assert [line.partition(" is ")[0] for line in found] == ["region", "backend"]
    assert found[0] == f"region is no option of this module; use those it has: {', '.join(ASSESS_SPEC)}."
    assert values["minimum_free_mb"] == 7
