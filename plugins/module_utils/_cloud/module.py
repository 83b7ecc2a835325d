# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what every cloud module does before and after its own work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .client import Client
from .errors import CloudError
from .options import CLOUD_SPEC, client_from

_module: Callable[..., AnsibleModule] = AnsibleModule


def cloud_module(spec: dict[str, dict[str, Any]], **more: Any) -> AnsibleModule:
    """A module that takes the options of all cloud modules and its own."""
    return _module(argument_spec={**CLOUD_SPEC, **spec}, supports_check_mode=True, **more)


def finish(module: AnsibleModule, work: Callable[[Client], dict[str, Any]]) -> None:
    """Does the work and leaves with its result; a CloudError becomes a failure with the fields of `error`."""
    try:
        result = work(client_from(module.params))
    except CloudError as error:
        module.fail_json(msg=str(error), error=error.result())
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
