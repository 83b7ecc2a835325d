#!/bin/sh
# Makes the root that a Windows host's processes see, in a mount namespace of its own: the machine's, for Wine and Python
# are the machine's, but with its own C:, /etc, /run, /tmp and /var/log.  Nothing that it writes there is the machine's.
# root.sh WHERE IMAGE MEGABYTES PATH... : the paths are wanted wherever they are, even below /tmp.
set -eu
where=$1 image=$2 size=$3
shift 3

mount -t tmpfs -o "size=${size}m,mode=755" clab "$where"
mkdir "$where/upper" "$where/work" "$where/root"
root=$where/root
mount -t tmpfs -o size=64m,mode=755 clab "$root"
mkdir "$root/.etc" "$root/.etc/upper" "$root/.etc/work"
mkdir "$root/host" "$root/C:" "$root/etc" "$root/run" "$root/proc"
mkdir -m 1777 "$root/tmp"
mount -t overlay -o "lowerdir=$image,upperdir=$where/upper,workdir=$where/work" /dev/vda1 "$root/host"
mount --bind "$root/host/drive_c" "$root/C:" # how SFTP calls it
mount -t overlay -o "lowerdir=/etc,upperdir=$root/.etc/upper,workdir=$root/.etc/work" clab "$root/etc"
for entry in /*; do
    name=${entry#/}
    case $name in etc | run | tmp | proc | host | lost+found) continue ;; esac
    if [ -L "$entry" ]; then
        cp -P "$entry" "$root/$name"
    elif [ -d "$entry" ]; then
        mkdir "$root/$name"
        mount --rbind "$entry" "$root/$name"
    fi
done
mount -t tmpfs -o size=4m,mode=755 clab "$root/var/log"
for path in "$@"; do
    [ -e "$root$path" ] && continue
    mkdir -p "$root$path"
    mount --bind "$path" "$root$path"
done
mount -t proc proc "$root/proc"

cd "$root"
mkdir .old
pivot_root . .old
umount -l /.old
rmdir /.old
echo mounted
read -r _ || true
