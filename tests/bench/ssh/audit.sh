# shellcheck shell=sh
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=checks.sh disable=SC2154 # agent and service are set by checks.sh
# The audit, on the guest, behind checks.sh.
[ -s "$agent/bin/$service.script" ] || echo "the agent is not there"
starts_at_boot || echo "it does not start at boot"
