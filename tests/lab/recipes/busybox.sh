#!/bin/sh
# A userland whose tools are busybox's applets.  What boots the host (systemd, util-linux' login tools, shadow, sudo)
# stays as it is; what a script would call becomes an applet or goes away.
set -eu
apt-get update
apt-get install -y --no-install-recommends busybox-static
busybox=/usr/local/lib/busybox
mkdir -p /usr/local/lib
cp /bin/busybox "$busybox"

usermod --shell /bin/sh deployer
for user in root operator plain noisy ttyuser; do usermod --shell /bin/sh "$user"; done

kept=' init halt reboot poweroff shutdown su login passwd chpasswd mount umount ip run-init switch_root pivot_root '
applets=$("$busybox" --list)
for applet in $applets; do
    case "$kept" in *" $applet "*) continue ;; esac
    for folder in /usr/bin /usr/sbin; do
        [ -e "$folder/$applet" ] || [ -L "$folder/$applet" ] || continue
        "$busybox" ln -sf "$busybox" "$folder/$applet"
    done
    [ -e "/usr/bin/$applet" ] || [ -e "/usr/sbin/$applet" ] || "$busybox" ln -s "$busybox" "/usr/bin/$applet"
done

# The rest of coreutils and its kin has no counterpart here.
for package in coreutils findutils sed grep tar gzip diffutils mawk perl-base bash dash procps debianutils; do
    while read -r file; do
        case "$file" in /bin/* | /sbin/* | /usr/bin/* | /usr/sbin/*) ;; *) continue ;; esac
        [ -L "$file" ] && [ "$("$busybox" readlink "$file")" = "$busybox" ] && continue
        "$busybox" rm -f "$file"
    done <"/var/lib/dpkg/info/$package.list"
done
