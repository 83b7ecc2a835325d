# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the options of ecs_password_reset as a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import CloudError
from .reset_plan import ResetRequest


def read_request(params: Mapping[str, Any], *, check: bool) -> ResetRequest:
    """The request. Raises CloudError for all that is wrong with the options, at once."""
    if params["passwords"] is not None:
        given = dict(params["passwords"])
    else:
        given = dict.fromkeys(params["server_ids"], params["new_password"])
    wrong = [
        f"passwords has a value for {server_id} that is no string; put it in quotes"
        for server_id, password in given.items()
        if not isinstance(password, str)
    ]
    if any(not str(server_id).strip() for server_id in given):
        wrong.append("an id of a server is empty")
    if params["generation"] is not None and not params["generation"].strip():
        wrong.append("generation is empty; give it a value, or leave it out")
    if wrong:
        raise CloudError("reading the options", "; ".join(wrong), kind="input", hint="nothing was sent")
    return ResetRequest(
        passwords={str(server_id): password for server_id, password in given.items()},
        generation=params["generation"] or "",
        place=None if params["record"] == "none" else params["record"],
        complexity=params["check_password"],
        system=None if params["os_type"] == "auto" else params["os_type"],
        check=check,
    )
