# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What security group rules let out to the metadata service."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.module_utils._cloud.egress import Reach, judge, read_rule

ALL = {"remote_ip_prefix": "0.0.0.0/0"}
LOCAL = {"remote_ip_prefix": "169.254.0.0/16", "protocol": "tcp", "multiport": "80"}
ONE = {"remote_ip_prefix": "169.254.169.254/32"}
DENY = {"action": "deny"}
GROUPS = {"metadata": ["10.0.0.1", "169.254.169.254"], "wide": ["169.254.0.0-169.254.255.255"], "odd": ["what"]}

CASES: list[tuple[str, list[dict[str, Any]], Reach]] = [
    ("no rule", [], "none"),
    ("the default", [ALL], "all"),
    ("no prefix", [{}], "all"),
    ("what the guide asks for", [LOCAL], "all"),
    ("a larger network", [{"remote_ip_prefix": "168.0.0.0/7"}], "all"),
    ("another network", [{"remote_ip_prefix": "10.0.0.0/8"}], "none"),
    ("both halves", [{"remote_ip_prefix": "169.254.0.0/17"}, {"remote_ip_prefix": "169.254.128.0/17"}], "all"),
    ("the address only", [ONE], "partial"),
    ("the half that has it", [{"remote_ip_prefix": "169.254.128.0/17"}], "partial"),
    ("the half that has it not", [{"remote_ip_prefix": "169.254.0.0/17"}], "none"),
    ("by its number", [{**LOCAL, "protocol": "6"}], "all"),
    ("another protocol", [{**LOCAL, "protocol": "udp"}], "none"),
    ("icmp", [{"protocol": "icmp", **ALL}], "none"),
    ("a list of ports", [{**LOCAL, "multiport": "22,3389,80"}], "all"),
    ("a range of ports", [{**LOCAL, "multiport": "1-30,79-81"}], "all"),
    ("other ports", [{**LOCAL, "multiport": "443,800,8-79"}], "none"),
    ("ports of v1", [{**LOCAL, "multiport": None, "port_range_min": 1, "port_range_max": 80}], "all"),
    ("other ports of v1", [{**LOCAL, "multiport": None, "port_range_min": 443, "port_range_max": 443}], "none"),
    ("ports that cannot be read", [{**LOCAL, "multiport": "http"}], "undecided"),
    ("ingress", [{**ALL, "direction": "ingress"}], "none"),
    ("IPv6", [{"ethertype": "IPv6"}], "none"),
    ("disabled", [{**ALL, "enabled": False}], "none"),
    ("deny first", [{**ALL, "priority": 1, **DENY}, {**ALL, "priority": 2}], "none"),
    ("deny wins at the same priority", [{**ALL, "priority": 5}, {**ALL, "priority": 5, **DENY}], "none"),
    ("allow first", [{**ALL, "priority": 1}, {**ALL, "priority": 2, **DENY}], "all"),
    ("a disabled deny", [{**ALL, "priority": 1, **DENY, "enabled": False}, {**ALL, "priority": 2}], "all"),
    ("deny of another port", [{**LOCAL, "multiport": "443", **DENY, "priority": 1}, {**ALL, "priority": 2}], "all"),
    ("deny of the address", [{**ONE, **DENY, "priority": 1}, {**ALL, "priority": 2}], "none"),
    ("deny of a neighbour", [{"remote_ip_prefix": "169.254.1.1", **DENY, "priority": 1}, ALL], "partial"),
    ("a remote group", [{"remote_group_id": "g"}], "undecided"),
    ("a remote group, and another decides", [{"remote_group_id": "g"}, ALL], "all"),
    ("a remote group denied, and another denies", [{"remote_group_id": "g", **DENY}, {**ALL, **DENY}], "none"),
    ("a remote group denied before", [{"remote_group_id": "g", **DENY, "priority": 1}, ALL], "undecided"),
    ("a remote group after the decision", [{**ALL, "priority": 1}, {"remote_group_id": "g", **DENY}], "all"),
    ("an address group", [{"remote_address_group_id": "metadata"}], "partial"),
    ("an address group with a range", [{"remote_address_group_id": "wide"}], "all"),
    ("an address group with nonsense", [{"remote_address_group_id": "odd"}], "undecided"),
    ("an address group that nobody knows", [{"remote_address_group_id": "?"}], "undecided"),
    ("an address group that denies", [{"remote_address_group_id": "metadata", **DENY, "priority": 1}, ALL], "none"),
    ("a prefix that is none", [{"remote_ip_prefix": "what"}], "undecided"),
    ("a prefix of IPv6", [{"remote_ip_prefix": "::/0"}], "none"),
]


@pytest.mark.parametrize(("rules", "reach"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_gets_out(rules: list[dict[str, Any]], reach: Reach) -> None:
    raw = [
        {"id": f"r{n}", "security_group_id": "g", "direction": "egress", "ethertype": "IPv4", "priority": 100, **rule}
        for n, rule in enumerate(rules)
    ]
    read = [rule for entry in raw if (rule := read_rule(entry))]
    assert judge(read, GROUPS).reach == reach
    assert judge(reversed(read), GROUPS).reach == reach


def test_the_rule_that_decides_is_told() -> None:
    raw = {"id": "r", "security_group_id": "web", "direction": "egress", "ethertype": "IPv4"}
    for more, told in (({}, "the allow rule r of the group web"), (DENY, "the deny rule r of the group web")):
        rule = read_rule({**raw, **more})
        assert rule
        verdict = judge([rule], {})
        assert [one.told for one in verdict.rules] == [told]
