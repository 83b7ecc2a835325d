# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the host side's action plugins share."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from .._package.errors import PackageError
from .errors import HostError
from .guest import Guest
from .linux_guest import LinuxGuest
from .options import Options, checked, parse
from .windows_guest import WindowsGuest


class HostAction(ActionBase):
    """Checks the arguments, does the work on the guest and turns what went wrong into one sentence."""

    SPEC: Mapping[str, Any] = {}
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            result |= self.work(self._guest(), self._options())
        except (HostError, PackageError) as exception:
            result |= {"failed": True, "changed": getattr(exception, "changed", False), "msg": str(exception)}
        return result

    def _guest(self) -> Guest:
        """Return the guest, whose system the inventory tells by the shell of its connection."""
        return WindowsGuest(self) if getattr(self._connection._shell, "_IS_WINDOWS", False) else LinuxGuest(self)

    def _options(self) -> Options:
        """Check the task's arguments. Raises HostError for all that is wrong with them, at once."""
        values, problems = checked(self.SPEC, self._task.args)
        try:
            options = parse({**values, **self._local_files(values)})
        except HostError as exception:
            problems.append(str(exception))
        if problems:
            raise HostError(" ".join(problems))
        return options

    def _local_files(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Find relative paths where Ansible finds a copy task's: beside the playbook, or in the role's files."""
        found = {}
        for name in ("package", "checksum", "ca_path"):
            value = values.get(name)
            if value and "://" not in value and not value.startswith(("/", "~")):
                with contextlib.suppress(AnsibleError):  # then it is no file, and the options' check says what it is
                    found[name] = self._find_needle("files", value)  # type: ignore[no-untyped-call]
        return found

    def work(self, guest: Guest, options: Options) -> dict[str, Any]:
        """Return what the module adds to the result. Raises HostError or PackageError."""
        raise NotImplementedError
