"""The files of a package, before they become an archive."""

from __future__ import annotations

from pathlib import Path

from lab import package_linux, package_windows
from lab.package_options import PackageOptions
from lab.package_parts import Entry

LAYOUT_ROOTS = {"standard": "CloudResetPwdAgent/", "nested": "CloudResetPwdAgent/CloudResetPwdAgent/", "root": ""}


def entries(options: PackageOptions, cache: Path) -> list[Entry]:
    """All entries of a package. Raises LabError if the agent cannot be compiled."""
    system = package_windows if options.variant == "windows" else package_linux
    parts = [*system.agent(options, cache)]
    if options.update_agent:
        parts += system.update_agent(options, cache)
    root = LAYOUT_ROOTS[options.layout]
    return [Entry(root + part.name, part.data, part.mode) for part in parts]
