# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a login by pypsrp, which is what Ansible's psrp connection uses."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from .login import LoginError
from .winrm_way import WinrmWay

if TYPE_CHECKING:
    from requests import Session

# Else its time-outs show as tracebacks where nobody has set up logging.
logging.getLogger("pypsrp").addHandler(logging.NullHandler())


class PypsrpClient:
    """A pypsrp client with one account and password."""

    def __init__(self, way: WinrmWay, password: str, timeout: float) -> None:
        """Send nothing yet. Raises LoginError without pypsrp, or for options that it does not take."""
        try:
            from pypsrp.wsman import WSMan  # noqa: PLC0415 - only who uses psrp has it
        except ImportError as error:
            raise LoginError(
                f"The connection psrp needs pypsrp on the controller, which cannot be loaded ({error}); install it "
                "for the Python that runs Ansible (pip install pypsrp)."
            ) from None
        options = dict(way.options)
        self._configuration = options.pop("configuration_name")
        seconds = max(1, math.ceil(timeout))
        try:
            self._wsman = WSMan(
                way.target.address,
                port=way.target.port,
                username=way.target.user,
                password=password,
                ssl=way.scheme == "https",
                path=way.path,
                auth=way.method,
                connection_timeout=seconds,
                operation_timeout=seconds,
                read_timeout=seconds + 1,
                **options,
            )
        except ValueError as error:
            raise LoginError(f"The inventory's settings for psrp do not go together: {error}.") from None
        transport = self._wsman.transport
        # The library would make it with the first message, and talk, before anybody can look on.
        self.session: Session = transport._build_session()  # noqa: SLF001
        transport._build_session = lambda: self.session  # type: ignore[method-assign]  # noqa: SLF001

    def ask(self, message: bytes) -> None:
        """Log in and send a message."""
        self._wsman.transport.send(message)

    def run(self, script: str) -> str:
        """Run a PowerShell script in a runspace that is closed afterwards, and return its output."""
        from pypsrp.powershell import PowerShell, RunspacePool  # noqa: PLC0415 - as above

        with RunspacePool(self._wsman, configuration_name=self._configuration) as pool:
            shell = PowerShell(pool)
            shell.add_script(script)
            return "\n".join(map(str, shell.invoke()))
