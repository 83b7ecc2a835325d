# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which package goes to a guest, and how it gets there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._package.fetch import obtain, payload
from .._package.model import Package
from .._package.run import default_run_id
from .._package.source import variant_for
from .errors import HostError
from .facts import HostFacts
from .options import Options

# What is saved on the way costs CPU on the controller once, and on every guest.
WORTH_COMPRESSING = 0.8


@dataclass(frozen=True)
class Delivery:
    """A package on its way to a guest: pulled by the guest, or pushed as ``payload``.

    ``no_pull`` tells why the guest cannot pull although that was asked for.
    """

    package: Package
    compressed: bool
    pull: bool
    no_pull: str = ""

    @property
    def payload(self) -> Path:
        """The tar file to send."""
        return payload(self.package, self.compressed)

    def variables(self) -> dict[str, str]:
        """Return what the guest's script needs to know of it."""
        return {
            "package_sha256": self.package.sha256,
            "package_url": self.package.source,
            "setup_folder": self.package.setup_folder,
            "compressed": "yes" if self.compressed else "no",
        }

    def report(self) -> dict[str, Any]:
        """Return what a module's result tells of it."""
        return {
            "variant": self.package.variant,
            "source": self.package.source,
            "sha256": self.package.sha256,
            "delivery": "pull" if self.pull else "push",
        }


@dataclass(frozen=True)
class Packages:
    """Where packages come from, by the caller's options."""

    options: Options
    progress: Callable[[str], None]

    def deliver(self, facts: HostFacts) -> Delivery:
        """Return the verified package for a guest and the way it takes.

        Raises PackageError when there is none, HostError when the guest cannot unpack it.
        """
        if facts.cannot_unpack:
            raise HostError(facts.cannot_unpack)
        variant = variant_for(facts.system, facts.architecture, facts.userland_bits)
        package = obtain(self.options.package_request(variant, default_run_id()), self.progress)
        wanted = self.options.delivery == "pull"
        no_pull = _no_pull(facts, package) if wanted else ""
        return Delivery(package, facts.gunzips and _shrinks(package), wanted and not no_pull, no_pull)


def _shrinks(package: Package) -> bool:
    """Return whether it pays to compress the content on the way; how far it goes is told by the package itself."""
    return package.packed_bytes < WORTH_COMPRESSING * package.unpacked_bytes


def _no_pull(facts: HostFacts, package: Package) -> str:
    """Return why a guest cannot pull a package; empty when it can."""
    found = list(facts.cannot_pull)
    if not package.source.startswith("https://"):
        found.append(f"{package.source} is no https address")
    return "; ".join(found)
