"""At which ports the Windows hosts' SSH server listens, by the shell that it gives."""

from __future__ import annotations

CMD_PORT = 22
POWERSHELL_PORT = 2222
