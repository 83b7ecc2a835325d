# shellcheck shell=sh
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=checks.sh disable=SC2154 # agent and service are set by checks.sh
# The rerun, on the guest, behind checks.sh: is the agent as it should be?
{ [ -s "$agent/bin/$service.script" ] && [ -s "$agent/conf/wrapper.conf" ]; } || die "the agent is not there"
(cd "$agent" && sha256sum --check --quiet /root/agent.sha256) || die "files were changed"
modes_are_right || die "wrong modes"
starts_at_boot || die "it does not start at boot"
