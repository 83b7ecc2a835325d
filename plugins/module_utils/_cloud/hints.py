# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what to do about an error code of the cloud, for the operator."""

from __future__ import annotations

_PERMISSION = "ask for the IAM permission that this call needs, and see whether a policy denies it"

HINTS = {
    "Ecs.0003": _PERMISSION,
    "Ecs.0110": _PERMISSION,
    "Pdp.0001": _PERMISSION,
    "Ecs.0005": "a parameter is not what the API takes",
    "Ecs.0011": "choose another password",
    "Ecs.0023": "project_id is not a project of these credentials in this region; set it right, or leave it out",
    "Ecs.0030": "the server is frozen; see to the account's balance or the order behind it",
    "Ecs.0100": "the server's status does not allow it; wait for what is going on there and run it again",
    "Ecs.0114": "there is no such server; see whether id, region and project are right",
    "Ecs.0614": "there is no such server; see whether id, region and project are right",
    "Ecs.0226": "look at the server in the console, and run it again",
    "Ecs.0227": "look at the server in the console, and run it again",
    "Ecs.0603": "another command was at work on the server for the whole time; run it again later",
    "Ecs.0605": "the server is locked; see its metadata lockSource and unlock it there",
    "Ecs.0610": "run it again later; if it stays, look at the server in the console",
    "Ecs.0612": "the cloud could not see whether the reset agent is there; run it again later",
    "Ecs.0613": "the reset agent is not installed; install it with reset_agent",
    "Common.0013": "the credentials are not valid any more; get new ones",
    "Common.0021": "project_id is not a project of these credentials; set it right, or leave it out",
}

_BY_TEXT = (
    (
        "failed to reach the limit",
        "the access key is locked for some minutes after wrong signatures; wait, then try with the right secret_key",
    ),
    (
        "signature",
        "see whether secret_key and security_token belong to access_key, and whether the controller's clock is right",
    ),
    ("secretkey", "see whether access_key exists, is enabled and belongs to this cloud"),
    ("decrypt token", "see whether security_token is whole and not expired"),
)


def hint_for(code: str, message: str) -> str:
    """What to do about an error, or nothing where nobody knows."""
    if code in HINTS:
        return HINTS[code]
    if code.startswith(("APIGW.03", "APIG.03")):
        lower = message.lower()
        return next((hint for word, hint in _BY_TEXT if word in lower), "")
    return ""
