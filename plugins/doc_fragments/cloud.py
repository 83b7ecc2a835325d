# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that all cloud modules share: how the cloud is reached, and with which credentials."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of plugins/module_utils/_cloud/options.py."""

    DOCUMENTATION = r"""
options:
  access_key:
    description:
      - The access key (AK). It has to come with O(secret_key).
      - Credentials are looked for in the places of O(credential_sources), always in this order. First O(access_key)
        and O(secret_key) with O(security_token).
      - Then the environment variables E(HW_ACCESS_KEY), E(HW_SECRET_KEY), E(HW_SECURITY_TOKEN) and E(HW_PROJECT_ID).
      - Then those of the vendor's SDK, E(HUAWEICLOUD_SDK_AK), E(HUAWEICLOUD_SDK_SK), E(HUAWEICLOUD_SDK_SECURITY_TOKEN)
        and E(HUAWEICLOUD_SDK_PROJECT_ID).
      - Then the file O(credentials_file).
      - Last, temporary credentials of the agency of the ECS that the module runs on, from its metadata service. They
        are got anew before they end.
      - The first place that has any decides. Half of a pair there is an error.
    type: str
  secret_key:
    description: The secret key (SK) of O(access_key).
    type: str
  security_token:
    description: The security token, for a temporary O(access_key).
    type: str
  credential_sources:
    description: The places where credentials are looked for. Their order does not matter.
    type: list
    elements: str
    choices: [options, environment, profile, agency]
    default: [options, environment, profile, agency]
  credentials_file:
    description:
      - An INI file with sections of C(ak), C(sk), C(security_token) and C(project_id), as the vendor's SDK has it.
      - If not set, E(HUAWEICLOUD_SDK_CREDENTIALS_FILE), or else C(~/.huaweicloud/credentials) if it is there.
    type: path
  profile:
    description: The section of O(credentials_file).
    type: str
    default: basic
  region:
    description:
      - The region's id, such as V(ap-southeast-1).
      - If not set, E(HW_REGION_NAME), or else E(HW_REGION).
    type: str
  project_id:
    description:
      - The id of the region's project.
      - If not set, the one that stands with the credentials, or else the project that is called like O(region), which
        is looked up with one API call.
    type: str
  cloud:
    description:
      - The domain of the cloud's addresses, for a sister or private cloud, such as V(otc.t-systems.com). A service is
        at C(https://SERVICE.REGION.CLOUD).
      - If not set, E(HW_CLOUD), or else V(myhuaweicloud.eu) for V(eu-west-101) and V(myhuaweicloud.com) for the others.
    type: str
  endpoints:
    description:
      - Addresses of single services, for those that are elsewhere. The keys are V(ecs), V(evs), V(iam), V(ims) and
        V(vpc).
      - C({region}) in an address is replaced. They have to be https.
    type: dict
    default: {}
  validate_certs:
    description: Whether the cloud's certificates are checked.
    type: bool
    default: true
  ca_path:
    description: A PEM file with an authority that is trusted beside those of the system.
    type: path
  proxy:
    description:
      - The proxy, such as V(http://proxy.example.com:3128). It may hold a user and a password.
      - If not set, E(HTTPS_PROXY) and E(NO_PROXY) decide. An empty one stands for none at all.
    type: str
  timeout:
    description: How long a connection may stand still, and the body of an answer may take, in seconds.
    type: int
    default: 30
  retries:
    description:
      - How often a call is tried again after it was throttled, after faults of the cloud that pass, and after faults of
        the connection. What may not be done twice is tried again only when it is sure that it was not done.
      - A refused signature is never tried again, since some in a row lock the access key.
    type: int
    default: 5
  retry_timeout:
    description: How long the pauses between the tries of one call may be in all, in seconds.
    type: int
    default: 300
  requests_per_second:
    description: How many calls a module sends in a second; V(0) for any number.
    type: float
    default: 10.0
notes:
  - The module asks the cloud from the host that it runs on. Have it run on the controller, with
    C(delegate_to=localhost) or in a play with C(connection=local).
  - Only Python's standard library is needed.
"""
