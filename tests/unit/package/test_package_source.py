# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package, and where: tables and URLs."""

from __future__ import annotations

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import (
    OptionError,
    UnsupportedPlatform,
)
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.source import (
    REGIONS,
    candidate_urls,
    shown,
    sidecar_url,
    variant_for,
)


def bucket_url(region: str, variant: str) -> str:
    return (
        f"https://{region}-cloud-reset-pwd.obs.{region}.myhuaweicloud.com/{variant}/reset_pwd_agent/"
        "CloudResetPwdAgent.zip"
    )


@pytest.mark.parametrize(
    ("os", "architecture", "bits", "variant"),
    [
        ("linux", "x86_64", None, "linux/64"),
        ("Linux", "AMD64", 64, "linux/64"),
        ("linux", "x86_64", 32, "linux/32"),
        ("linux", "i386", None, "linux/32"),
        ("linux", "i486", 32, "linux/32"),
        ("linux", "i586", None, "linux/32"),
        ("linux", "i686\n", None, "linux/32"),
        ("linux", "i686", 64, "linux/64"),
        ("linux", "aarch64", 64, "arm/linux/64"),
        ("linux", "arm64", None, "arm/linux/64"),
        ("windows", "AMD64", None, "windows"),
        ("windows", "64-bit", 64, "windows"),
        ("windows", "32-bit", None, "windows"),
        ("windows", "i386", 32, "windows"),
    ],
)
def test_variant_of_each_platform(os: str, architecture: str, bits: int | None, variant: str) -> None:
    assert variant_for(os, architecture, bits) == variant


@pytest.mark.parametrize(
    ("os", "architecture", "bits"),
    [
        ("linux", "riscv64", None),
        ("linux", "aarch64", 32),
        ("linux", "armv7l", None),
        ("windows", "arm64", None),
        ("freebsd", "amd64", 64),
        ("linux", "", None),
        ("", "x86_64", None),
    ],
)
def test_platform_without_a_package_is_refused(os: str, architecture: str, bits: int | None) -> None:
    with pytest.raises(UnsupportedPlatform, match="There is no agent package for"):
        variant_for(os, architecture, bits)


@pytest.mark.parametrize(
    ("region", "fallback", "regions"),
    [
        (None, None, ["ap-southeast-1"]),
        ("ap-southeast-1", None, ["ap-southeast-1"]),
        ("ap-southeast-2", None, ["ap-southeast-2", "ap-southeast-1"]),
        ("cn-east-2", None, ["cn-east-2", "cn-north-1"]),
        ("cn-north-1", None, ["cn-north-1"]),
        ("cn-north-1", "cn-south-1", ["cn-north-1", "cn-south-1"]),
        ("la-south-2", None, ["la-south-2", "ap-southeast-1"]),
        ("cn-north-9", None, ["cn-north-9", "cn-north-1"]),
        ("af-south-1", "af-south-1", ["af-south-1"]),
    ],
)
def test_regions_are_tried_in_order(region: str | None, fallback: str | None, regions: list[str]) -> None:
    assert candidate_urls("linux/64", region, None, fallback) == [bucket_url(name, "linux/64") for name in regions]


def test_region_whose_bucket_lacks_the_variant_is_passed_over() -> None:
    assert candidate_urls("linux/32", "cn-north-4", None, None) == [bucket_url("cn-north-1", "linux/32")]
    assert candidate_urls("arm/linux/64", "cn-north-4", None, None) == [bucket_url("cn-north-1", "arm/linux/64")]
    assert candidate_urls("windows", "cn-north-4", None, None)[0] == bucket_url("cn-north-4", "windows")
    with pytest.raises(OptionError, match="set fallback_region"):
        candidate_urls("linux/32", "cn-north-4", None, "cn-north-4")


def test_every_listed_region_has_linux_64_and_windows() -> None:
    assert len(REGIONS) == 6
    assert all({"linux/64", "windows"} <= variants for variants in REGIONS.values())


def test_base_url_stands_for_the_bucket() -> None:
    tail = "/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip"
    assert candidate_urls("linux/64", "cn-north-1", "https://m.example/x/", None) == ["https://m.example/x" + tail]
    assert candidate_urls("linux/32", "cn-north-4", "https://{region}.m.example", "cn-south-1") == [
        "https://cn-north-4.m.example" + tail.replace("64", "32"),
        "https://cn-south-1.m.example" + tail.replace("64", "32"),
    ]


@pytest.mark.parametrize("region", ["evil.com/", "CN-north-1", "cn north 1", "cn", "a-b\n", "-a-b", "../x-y", "a-b@c"])
def test_region_that_is_no_name_is_refused(region: str) -> None:
    with pytest.raises(OptionError, match=r"^region is"):
        candidate_urls("linux/64", region, None, None)
    with pytest.raises(OptionError, match=r"^fallback_region is"):
        candidate_urls("linux/64", None, None, region)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a/b",
        "https://",
        "https:///x",
        "mirror/x",
        "https://a b/",
        "https://a:99999/",
        "https://[",
        "https://a/#x",
    ],
)
def test_base_url_that_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(OptionError, match=r"^base_url is"):
        candidate_urls("linux/64", None, url, None)


def test_unknown_variant_is_refused() -> None:
    with pytest.raises(OptionError, match="linux/65"):
        candidate_urls("linux/65", None, None, None)


def test_sidecar_goes_before_the_query() -> None:
    assert sidecar_url("https://h/a.zip?sig=1") == "https://h/a.zip.sha256?sig=1"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://user:secret@h:1/a.zip?Signature=secret#secret", "https://h:1/a.zip"),
        ("https://h?secret", "https://h"),
        ("https://a@b:secret@h/x@y", "https://h/x@y"),
        ("/local/a@b", "/local/a@b"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, text: str) -> None:
    assert shown(url) == text
