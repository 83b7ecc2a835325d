#!/bin/sh
# Runs in the chroot of every base image: users, sshd, and quiet.
set -eu

# fish as a login shell works without the Python and the manual reader that its package asks for, and these hosts are to
# have none: take them out of its dependencies, so that apt stays content.
sed -i -E '/^Package: fish$/,/^$/ s/ (python3|man-db|groff-base)[^,]*,//g' /var/lib/dpkg/status
apt-get purge -y --auto-remove 'python3*' man-db groff-base
if command -v python3 >/dev/null; then
    echo "python3 is still here" >&2
    exit 1
fi

add_user() { # name shell
    useradd --create-home --gid users --shell "$2" "$1"
}

add_user deployer /bin/bash
add_user operator /bin/bash
add_user plain /bin/bash
add_user cshuser /usr/bin/tcsh
add_user fishuser /usr/bin/fish
add_user noisy /bin/bash
add_user ttyuser /bin/bash
chpasswd <<'END'
root:Lab-Root-1
operator:Lab-Operator-1
plain:Lab-Plain-1
END

cat >/etc/sudoers.d/lab <<'END'
deployer ALL=(ALL:ALL) NOPASSWD: ALL
cshuser  ALL=(ALL:ALL) NOPASSWD: ALL
fishuser ALL=(ALL:ALL) NOPASSWD: ALL
noisy    ALL=(ALL:ALL) NOPASSWD: ALL
ttyuser  ALL=(ALL:ALL) NOPASSWD: ALL
operator ALL=(ALL:ALL) ALL
Defaults:ttyuser requiretty
END
chmod 0440 /etc/sudoers.d/lab

# Everything a login can do to spoil a program's output.
cat >/home/noisy/.bashrc <<'END'
echo "Welcome back, noisy!  {\"this\": \"is not JSON\"}"
echo "and this goes to stderr" >&2
umask 077
export LANG=tlh_KX.UTF-8 LC_ALL=tlh_KX.UTF-8 TMPDIR=/nowhere/tmp
END
cp /home/noisy/.bashrc /home/noisy/.profile
chown noisy: /home/noisy/.bashrc /home/noisy/.profile
echo "This is a server of the lab." >/etc/motd
printf '%s\n' '*** Authorised use only ***' '{"banner": true}' >/etc/issue.net

cat >/etc/ssh/sshd_config.d/lab.conf <<'END'
PermitRootLogin yes
PasswordAuthentication yes
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
UseDNS no
MaxStartups 1000
MaxSessions 1000
MaxAuthTries 10
Match User noisy
    Banner /etc/issue.net
END

# Each host gets keys and an identity of its own.
rm -f /etc/ssh/ssh_host_*_key* /etc/machine-id /etc/hostname
# The network is configured for each host.
rm -f /etc/network/interfaces

systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer console-getty.service getty.target
systemctl set-default --quiet multi-user.target
