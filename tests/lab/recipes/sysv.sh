#!/bin/sh
# SysV init instead of systemd, nothing of which stays behind.
set -eu
apt-get update
apt-get install -y --no-install-recommends --allow-remove-essential \
    sysvinit-core sysv-rc initscripts insserv ifupdown isc-dhcp-client systemd-sysv- libpam-systemd-
apt-get purge -y systemd
rm -rf /etc/systemd /lib/systemd/system /run/systemd
rm -f /etc/network/interfaces

# What belongs to a machine with disks, a clock and consoles.
for script in checkfs.sh checkroot.sh checkroot-bootclean.sh hwclock.sh mountall.sh mountall-bootclean.sh \
    mountnfs.sh mountnfs-bootclean.sh umountfs umountroot umountnfs.sh; do
    update-rc.d -f "$script" remove
    rm -f "/etc/init.d/$script"
done
sed -i -E '/^[1-6]:.*getty/d' /etc/inittab
