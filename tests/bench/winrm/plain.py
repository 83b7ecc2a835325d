# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One plain PowerShell command over WinRM on each host, as an operator would ask them all by hand, with pywinrm."""

from __future__ import annotations

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import winrm

_SCRIPT = "'up'"
_ANSWER = b"up"
_OPTIONS = ("-NoProfile", "-NonInteractive", "-EncodedCommand", base64.b64encode(_SCRIPT.encode("utf-16-le")).decode())


def main() -> None:
    """Ask all hosts of the list; the environment names it and the rest."""
    hosts = Path(os.environ["HOSTS_FILE"]).read_text(encoding="ascii").split()
    with ThreadPoolExecutor(int(os.environ["FORKS"])) as pool:
        list(pool.map(_ask, hosts))


def _ask(address: str) -> None:
    login = (os.environ["WINRM_USER"], os.environ["WINRM_PASSWORD"])
    done = winrm.Session(address, auth=login, transport="ntlm").run_cmd("powershell", _OPTIONS)
    if (done.status_code, done.std_out.strip()) != (0, _ANSWER):
        raise RuntimeError(f"{address}: status {done.status_code}: {done.std_out!r} {done.std_err!r}")


if __name__ == "__main__":
    main()
