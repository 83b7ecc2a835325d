# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which package goes to a guest and how: a real package file, and guests with these tools and those."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.host.support import host
from unit.package.package_lab import linux_zip

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host import delivery as module
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.delivery import Delivery, Packages
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import Options
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import UnsupportedPlatform
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.model import Package

TOOLS = ["tar", "gzip"]
HTTPS = "https://mirror/CloudResetPwdAgent.zip"


@pytest.fixture
def options(tmp_path: Path) -> Options:
    archive = tmp_path / "CloudResetPwdAgent.zip"
    archive.write_bytes(linux_zip())
    return Options(300, "require_off", "keep", (), 5, package=str(archive), cache_dir=str(tmp_path / "cache"))


def deliver(options: Options, **changes: Any) -> Delivery:
    return Packages(options, lambda _line: None).deliver(host(**{"tool": TOOLS, **changes}))


def test_the_package_of_the_options_is_delivered_verified(options: Options) -> None:
    found = deliver(options)
    assert found.package.sha256 == hashlib.sha256(linux_zip()).hexdigest()
    assert found.report() == {
        "variant": "linux/64",
        "source": options.package,
        "sha256": found.package.sha256,
        "delivery": "push",
    }


@pytest.mark.parametrize(
    ("architecture", "bits", "variant"),
    [
        ("x86_64", "64", "linux/64"),
        ("x86_64", "32", "linux/32"),
        ("i686", None, "linux/32"),
        ("aarch64", "64", "arm/linux/64"),
    ],
)
def test_the_variant_is_the_guests(options: Options, architecture: str, bits: str | None, variant: str) -> None:
    assert deliver(options, architecture=architecture, long_bit=bits).package.variant == variant


def test_no_package_for_the_architecture(options: Options) -> None:
    with pytest.raises(UnsupportedPlatform):
        deliver(options, architecture="riscv64", long_bit=None)


def test_a_guest_without_tar_is_told_before_anything_is_fetched(options: Options) -> None:
    with pytest.raises(HostError, match=r"has no tar.*install tar"):
        deliver(options, tool=["gzip"])
    assert not Path(options.cache_dir).exists()


@pytest.mark.parametrize(("tools", "compressed"), [(TOOLS, True), (["tar"], False)])
def test_the_payload_is_what_the_guest_can_unpack(options: Options, tools: list[str], compressed: bool) -> None:
    found = deliver(options, tool=tools)
    assert found.compressed is compressed
    assert found.payload.read_bytes().startswith(b"\x1f\x8b") is compressed
    with tarfile.open(found.payload) as tar:
        assert "setup.sh" in tar.getnames()


def test_content_that_does_not_shrink_is_sent_as_it_is(options: Options) -> None:
    Path(str(options.package)).write_bytes(linux_zip(padding=65536))
    assert not deliver(options).compressed


def test_what_the_script_is_told(options: Options) -> None:
    found = deliver(options)
    assert found.variables() == {
        "package_sha256": found.package.sha256,
        "package_url": options.package,
        "setup_folder": "CloudResetPwdAgent/CloudResetPwdAgent.Linux",
        "compressed": "yes",
    }
    assert replace(found, compressed=False).variables()["compressed"] == "no"


ABLE = [*TOOLS, "curl", "unzip", "sha256sum"]


@pytest.mark.parametrize(
    ("wanted", "source", "tools", "reason"),
    [
        ("pull", HTTPS, ABLE, ""),
        ("pull", HTTPS, [*TOOLS, "wget", "bsdtar", "sha256sum"], ""),
        ("pull", HTTPS, [*TOOLS, "wget", "busybox", "sha256sum"], ""),
        ("push", HTTPS, ABLE, None),
        ("push", "/a.zip", TOOLS, None),
        ("pull", HTTPS, [*TOOLS, "unzip", "sha256sum"], "the guest has no curl or wget"),
        ("pull", HTTPS, [*TOOLS, "curl", "sha256sum"], "the guest has no unzip or bsdtar or busybox"),
        ("pull", HTTPS, [*TOOLS, "curl", "unzip"], "the guest has no sha256sum"),
        ("pull", HTTPS, [*TOOLS, "unzip"], "the guest has no curl or wget, and no sha256sum"),
        ("pull", "/a.zip", ABLE, "/a.zip is no https address"),
        ("pull", "http://mirror/a.zip", ABLE, "http://mirror/a.zip is no https address"),
        ("pull", "/a.zip", [*TOOLS, "wget", "unzip"], "the guest has no sha256sum; /a.zip is no https address"),
    ],
)
def test_a_guest_pulls_where_that_is_wanted_and_it_can(
    options: Options,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    source: str,
    tools: Sequence[str],
    reason: str | None,
) -> None:
    package = Package("ff" * 32, source, "linux/64", Path("/x"), "s", {}, False, 9, 9)
    monkeypatch.setattr(module, "obtain", lambda _request, _progress: package)
    found = deliver(replace(options, delivery=wanted), tool=tools)
    assert (found.pull, found.no_pull) == (wanted == "pull" and not reason, reason or "")
    assert found.report()["delivery"] == ("pull" if reason == "" else "push")
