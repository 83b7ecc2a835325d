# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which package a platform needs, and at which addresses it is looked for.

Regions, variants and the address pattern: Huawei Cloud ECS user guide, "Obtaining the One-Click Password Reset Plug-in"
(ecs_13_0117). The architectures are those that the variants name.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from .errors import OptionError, UnsupportedPlatform

ALL_VARIANTS = frozenset({"linux/32", "linux/64", "arm/linux/64", "windows"})

FAMILIES = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "64-bit": "x86_64",
    "i386": "x86",
    "i486": "x86",
    "i586": "x86",
    "i686": "x86",
    "x86": "x86",
    "32-bit": "x86",
    "aarch64": "arm64",
    "arm64": "arm64",
}
FAMILY_BITS = {"x86_64": 64, "x86": 32, "arm64": 64}

VARIANTS = {
    ("linux", "x86_64", 64): "linux/64",
    ("linux", "x86_64", 32): "linux/32",
    ("linux", "x86", 32): "linux/32",
    # A 64-bit system whose kernel calls itself i686 to this session only (setarch).
    ("linux", "x86", 64): "linux/64",
    ("linux", "arm64", 64): "arm/linux/64",
    ("windows", "x86_64", 64): "windows",
    ("windows", "x86_64", 32): "windows",
    ("windows", "x86", 32): "windows",
}

REGIONS: dict[str, frozenset[str]] = {
    "cn-north-1": ALL_VARIANTS,
    "cn-east-2": ALL_VARIANTS,
    "cn-south-1": ALL_VARIANTS,
    "ap-southeast-1": ALL_VARIANTS,
    "ap-southeast-2": ALL_VARIANTS,
    "cn-north-4": frozenset({"linux/64", "windows"}),
}

DEFAULT_REGION = "ap-southeast-1"
DEFAULT_FALLBACKS = (("cn-", "cn-north-1"), ("", DEFAULT_REGION))

BUCKET = "https://{region}-cloud-reset-pwd.obs.{region}.myhuaweicloud.com"
OBJECT = "{base}/{variant}/reset_pwd_agent/CloudResetPwdAgent.zip"
SIDECAR_SUFFIX = ".sha256"

_REGION_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+", re.ASCII)
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f<>\"\\^`|]")


def variant_for(os: str, architecture: str, userland_bits: int | None) -> str:
    """The variant for a platform.

    Takes the operating system (`linux`, `windows`), the kernel's architecture as the guest says it, and the width of
    its userland in bits where that is known (a 32-bit system on a 64-bit kernel needs the 32-bit package). Raises
    UnsupportedPlatform. Page: ecs_13_0117.
    """
    family = FAMILIES.get(architecture.strip().lower(), "")
    bits = userland_bits or FAMILY_BITS.get(family, 0)
    variant = VARIANTS.get((os.strip().lower(), family, bits))
    if variant is None:
        width = f" with a {userland_bits}-bit userland" if userland_bits else ""
        raise UnsupportedPlatform(
            f"There is no agent package for {os or 'an unknown system'} on {architecture or 'an unknown architecture'}"
            f"{width}; the vendor makes them for Linux and Windows on x86 and x86_64 and for Linux on aarch64 only."
        )
    return variant


def variant_os(variant: str) -> str:
    """`linux` or `windows`. Raises OptionError for what is no variant."""
    if variant not in ALL_VARIANTS:
        known = ", ".join(sorted(ALL_VARIANTS))
        raise OptionError(f"The variant '{variant}' is not known; wanted one of {known}.")
    return "windows" if variant == "windows" else "linux"


def candidate_urls(variant: str, region: str | None, base_url: str | None, fallback_region: str | None) -> list[str]:
    """The addresses of the zip, in the order in which they are tried.

    `base_url` stands for the whole bucket address and may hold `{region}`. A region that the vendor lists is tried
    when it has the variant, an unlisted one always; then comes the fallback region: the one given, else `cn-north-1`
    for a region in China and `ap-southeast-1` for the others. No region means `ap-southeast-1`. Raises OptionError.
    """
    variant_os(variant)
    regions = _regions(region, fallback_region)
    if base_url is not None:
        base = checked_url("base_url", base_url).rstrip("/")
        bases = [base.replace("{region}", name) for name in regions] if "{region}" in base else [base]
    else:
        bases = [BUCKET.replace("{region}", name) for name in _having(variant, regions)]
    return [OBJECT.format(base=base, variant=variant) for base in bases]


def sidecar_url(url: str) -> str:
    """The address of a package's checksum file: the same with `.sha256`, before any query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path + SIDECAR_SUFFIX))


def is_url(text: str) -> bool:
    """Whether an option's value is a URL rather than a path."""
    return "://" in text


def checked_url(option: str, url: str) -> str:
    """The URL itself when it is one that can be fetched. Takes the option it came from. Raises OptionError."""
    parts = _split(option, url)
    if parts.scheme not in ("https", "http") or not parts.hostname or _UNSAFE_IN_URL.search(url) or parts.fragment:
        raise OptionError(f"{option} is '{shown(url)}', which is no address to fetch from; wanted https://host/path.")
    return url


def shown(url: str) -> str:
    """The URL as it may be printed: without user, password and query, which may hold secrets."""
    if not is_url(url):
        return url
    scheme, rest = url.split("://", 1)
    address = re.split(r"[?#]", rest, maxsplit=1)[0]
    host, slash, path = address.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _split(option: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it is what checks it
    except ValueError as error:
        raise OptionError(
            f"{option} is '{shown(url)}', which is no address ({error}); wanted https://host/path."
        ) from error
    return parts


def _regions(region: str | None, fallback_region: str | None) -> list[str]:
    first = _named("region", region or DEFAULT_REGION)
    default = next(name for prefix, name in DEFAULT_FALLBACKS if first.startswith(prefix))
    return list(dict.fromkeys([first, _named("fallback_region", fallback_region or default)]))


def _named(option: str, region: str) -> str:
    if not _REGION_NAME.fullmatch(region):
        raise OptionError(f"{option} is '{region}', which is no region's name; wanted one such as {DEFAULT_REGION}.")
    return region


def _having(variant: str, regions: list[str]) -> list[str]:
    having = [name for name in regions if variant in REGIONS.get(name, ALL_VARIANTS)]
    if not having:
        raise OptionError(
            f"The bucket of {' and '.join(regions)} has no {variant} package; set fallback_region to one that has, "
            f"such as {DEFAULT_REGION}."
        )
    return having
