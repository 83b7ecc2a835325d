# shellcheck shell=sh
# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# The checks before an installation, on the guest.
set -u
umask 022
agent=/CloudrResetPwdAgent
service=cloudResetPwdAgent

die() { echo "$*" && exit 1; }

[ "$(id -u)" = 0 ] || die "not root"
[ -w / ] || die "/ cannot be written"
[ "$(df -Pm / | awk 'NR == 2 { print $4 }')" -ge 300 ] || die "less than 300 MB free"
[ "$(getenforce 2>/dev/null)" != Enforcing ] || die "SELinux is enforcing"
case $(uname -m) in x86_64 | aarch64) ;; *) die "no package for $(uname -m)" ;; esac
grep -rsqE 'dhcp|DHCP' /etc/network /etc/systemd/network /etc/netplan /etc/sysconfig || echo "DHCP: nothing told"
curl -fsS -m 5 http://169.254.169.254/openstack/latest/meta_data.json </dev/null | grep -q uuid ||
    die "the metadata service does not answer"

modes_are_right() {
    [ -z "$(find "$agent/bin/$service.script" "$agent/bin/wrapper" ! -perm 700)" ] &&
        [ -z "$(find "$agent/lib" -type f ! -perm 600)" ]
}

starts_at_boot() { [ -x "/etc/init.d/$service" ] && ls /etc/rc3.d/S??"$service" >/dev/null; }
