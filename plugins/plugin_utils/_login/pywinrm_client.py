# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a login by pywinrm, which is what Ansible's winrm connection uses."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, cast

from .login import LoginError
from .powershell import encoded
from .winrm_way import WinrmWay

if TYPE_CHECKING:
    from requests import Session


class PywinrmClient:
    """A pywinrm client with one account and password."""

    def __init__(self, way: WinrmWay, password: str, timeout: float) -> None:
        """Send nothing yet. Raises LoginError without pywinrm, or for options that it does not take."""
        try:
            from winrm.exceptions import WinRMError  # noqa: PLC0415 - only who uses winrm has it
            from winrm.protocol import Protocol  # noqa: PLC0415
        except ImportError as error:
            raise LoginError(
                f"The connection winrm needs pywinrm on the controller, which cannot be loaded ({error}); install it "
                "for the Python that runs Ansible (pip install pywinrm)."
            ) from None
        options = dict(way.options)
        encryption = options.pop("message_encryption", "auto")
        self._encrypts = way.method == "ntlm" and (
            encryption == "always" or (encryption == "auto" and way.scheme == "http")
        )
        seconds = max(1, math.ceil(timeout))
        try:
            self._protocol = Protocol(
                way.url,
                transport=way.method,
                username=way.target.user,
                password=password,
                # Set up by ask(), since the library would do it, and talk, before anybody can look on.
                message_encryption="never",
                operation_timeout_sec=seconds,
                read_timeout_sec=seconds + 1,
                **options,
            )
        except (TypeError, ValueError, WinRMError) as error:
            raise LoginError(f"The inventory's settings for winrm do not go together: {error}.") from None
        self._protocol.transport.build_session()
        # Before pywinrm 0.5 it is not returned.
        self.session = cast("Session", self._protocol.transport.session)

    def ask(self, message: bytes) -> None:
        """Log in and send a message."""
        transport = self._protocol.transport
        if self._encrypts and transport.encryption is None:
            # Before pywinrm 0.5 the transport had to have its session.
            wanted = inspect.signature(transport.setup_encryption).parameters
            transport.setup_encryption(*[self.session for _parameter in wanted])
        transport.send_message(message)

    def run(self, script: str) -> str:
        """Run a PowerShell script in a shell that is closed afterwards, and return its output."""
        program, *arguments = encoded(script)
        shell = self._protocol.open_shell(codepage=65001)
        try:
            command = self._protocol.run_command(shell, program, arguments)
            output, _errors, _status = self._protocol.get_command_output(shell, command)
        finally:
            self._protocol.close_shell(shell, close_session=False)
        return output.decode(errors="replace")
