r"""Wine's registry files, as text: system.reg is HKEY_LOCAL_MACHINE, user.reg is HKEY_CURRENT_USER.

A section may be there twice, and the later one's values hold.  So settings are made by adding text to the file while
the host is off, which costs nothing; starting Wine for each would cost half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

# A number is a DWORD, a list is a REG_MULTI_SZ.
Value: TypeAlias = "str | int | list[str]"
Keys: TypeAlias = "Mapping[str, Mapping[str, Value]]"


def text(keys: Keys) -> str:
    """The sections of these keys."""
    return "".join(_section(key, values) for key, values in keys.items())


def _section(key: str, values: Mapping[str, Value]) -> str:
    lines = "".join(f'"{_escaped(name)}"={_value(value)}\n' for name, value in values.items())
    return f"\n[{_escaped(key)}]\n{lines}"


def _value(value: Value) -> str:
    if isinstance(value, int):
        return f"dword:{value:08x}"
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    return 'str(7):"{}"'.format("".join(rf"{_escaped(item)}\0" for item in value))


def _escaped(string: str) -> str:
    return string.replace("\\", "\\\\").replace('"', '\\"')
