# shellcheck shell=sh
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck source=checks.sh disable=SC2154 # agent and service are set by checks.sh
# The installation, on the guest, behind checks.sh: the zip comes on standard input. It does what our action does: what
# arrived is what was verified on the controller, and what was installed is recorded, for the rerun to tell a change.
stage=/root/.CloudResetPwdAgent
{ rm -rf "$stage" && mkdir -m 700 "$stage" && cd "$stage"; } || die "cannot make $stage"
cat >package.zip
echo "$sha256  package.zip" | sha256sum --check --quiet || die "the package arrived damaged"
unzip -q package.zip || die "cannot unpack the package"
cd CloudResetPwdAgent/CloudResetPwdAgent.Linux || die "no setup folder in the package"
said=$(sh ./setup.sh 2>&1 </dev/null)
case $said in *"Failed to start service cloudResetPwdAgent"*) die "$said" ;; esac
case $said in *"cloudResetPwdAgent install successfully"*) ;; *) die "$said" ;; esac
chmod 700 "$agent/bin/$service.script" "$agent/bin/wrapper" || die "cannot set the modes"
find "$agent/lib" -type f -exec chmod 600 {} + || die "cannot set the modes"
starts_at_boot || update-rc.d "$service" defaults || die "cannot make it start at boot"
cd "$agent" || die "there is no $agent"
find . -type f ! -path './logs/*' ! -name '*.pid' ! -name '*.status' -exec sha256sum {} + >/root/agent.sha256
cd / && rm -rf "$stage"
