#!/bin/sh
# Process 1 of a Windows host: brings Windows up with its automatic services, then the ways in.  It ends with the host.
# shellcheck disable=SC2154 # the environment is `machine.py`'s; LAB_REGISTRY is what the registry is told at this boot.
set -u
umask 022
hostname "$LAB_NAME"
rm -rf /tmp/.wine-* /run/sshd
mkdir -p /run/sshd
# OpenSSH for Windows does not care about the case of a name; the one Unix user is Wine's.
{
    grep -E '^(root|sshd):' /etc/passwd
    awk -F: '{ rest = ":x:0:0::/host/drive_c/users/root:/bin/sh"; print $1 rest; print tolower($1) rest }' "$LAB_ACCOUNTS"
} >/etc/passwd.new
mv /etc/passwd.new /etc/passwd
printf '%s' "$LAB_REGISTRY" >>"$WINEPREFIX/system.reg"
cd "$WINEPREFIX/drive_c/users/root" || exit 1

windows() {
    env -i WINEPREFIX="$WINEPREFIX" WINEDEBUG="$WINEDEBUG" LC_ALL=C.UTF-8 \
        DOTNET_EnableWriteXorExecute="$DOTNET_EnableWriteXorExecute" "$LAB_WINE" "$@"
}
windows 'C:\windows\system32\session.exe' &
windows wineboot || exit 1
echo "$LAB_BOOT" >/run/up

# The image's sshd with the image's libraries, whatever this machine has.  It cannot start itself again (-r).
"$LAB_TOOLS/lib64/ld-linux-x86-64.so.2" --library-path "$LAB_TOOLS/usr/lib/x86_64-linux-gnu" \
    "$LAB_TOOLS/usr/sbin/sshd" -D -e -r &
ssh=$!
"$LAB_PYTHON" -m lab.wsman --prefix "$WINEPREFIX" --accounts "$LAB_ACCOUNTS" --certificate "$LAB_CERTIFICATE" \
    --key "$LAB_KEY" --log "$LAB_WINRM_LOG" &
wait $! "$ssh"
echo "neither WinRM nor SSH runs any more"
exit 1
