"""Making packages of the stand-in agent: the same options give the same bytes.

python -m lab.package OUT.zip [option=value]...
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

from lab.package_defects import DEFECTS
from lab.package_files import entries
from lab.package_options import PackageOptions
from lab.paths import Paths

FILE_NAME = "CloudResetPwdAgent.zip"


@dataclass(frozen=True)
class BuiltPackage:
    """A package on disk."""

    path: Path
    sha256: str
    size: int
    options: PackageOptions


def package_bytes(options: PackageOptions, cache: Path | None = None) -> bytes:
    """A package in memory. Raises LabError if the agent cannot be compiled."""
    cache = cache or Paths.from_environment().cache / "agent"
    return DEFECTS[options.defect](entries(options, cache))


def build(options: PackageOptions, out: Path, cache: Path | None = None) -> BuiltPackage:
    """Write a package to the file `out`. Raises LabError if the agent cannot be compiled."""
    data = package_bytes(options, cache)
    out.write_bytes(data)
    return BuiltPackage(out, hashlib.sha256(data).hexdigest(), len(data), options)


def options_from_words(words: list[str]) -> PackageOptions:
    """Options from `name=value` words. Raises ValueError for a wrong one."""
    kinds = {field.name: type(getattr(PackageOptions(), field.name)) for field in fields(PackageOptions)}
    values: dict[str, object] = {}
    for word in words:
        name, _any, text = word.partition("=")
        if name not in kinds:
            raise ValueError(f"there is no option {name}; there are {', '.join(kinds)}")
        values[name] = text == "true" if kinds[name] is bool else kinds[name](text)
    return PackageOptions(**values)  # type: ignore[arg-type]  # checked by the class itself


def main() -> None:
    """Build one package by hand."""
    parser = argparse.ArgumentParser(prog="lab.package", description="make a package of the stand-in agent")
    parser.add_argument("out", type=Path)
    parser.add_argument("options", nargs="*", metavar="option=value")
    arguments = parser.parse_args()
    built = build(options_from_words(arguments.options), arguments.out)
    print(f"{built.path}: {built.size} bytes, sha256 {built.sha256}")


if __name__ == "__main__":
    main()
