"""The files that make a root and a Wine prefix this Windows host's own: accounts, registry, SSH server."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from lab import accounts
from lab.guest import GuestFile
from lab.hosts import HostSpec
from lab.network import GATEWAY
from lab.windows import registry, settings
from lab.windows.ports import CMD_PORT, POWERSHELL_PORT

PREFIX = Path("/host")
CONFIG = PREFIX / "drive_c/windows/system32/config"
ACCOUNTS = CONFIG / "accounts"
HOME = PREFIX / "drive_c/users/root"

_LOGIN = Path(__file__).parent / "login.sh"
_TESTS = Path(__file__).parent.parent.parent

# Whoever logs in is Wine's one user, which the first line names, as on a Windows whose accounts all share a profile:
# `boot.sh` adds them.  `login.sh` takes the rights of an administrator away from those who are none.
_PASSWD = f"root:x:0:0::{HOME}:/bin/sh\nsshd:x:74:65534::/run/sshd:/usr/sbin/nologin\n"

_SSHD = f"""\
Port {CMD_PORT}
Port {POWERSHELL_PORT}
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/lab_authorized_keys
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM yes
PermitUserRC no
PrintMotd no
PrintLastLog no
PidFile none
UseDNS no
Subsystem sftp internal-sftp
ForceCommand {{login}} cmd {{tools}}
Match LocalPort {POWERSHELL_PORT}
    ForceCommand {{login}} powershell {{tools}}
"""

_PAM = """\
auth required {modules}/pam_exec.so expose_authtok quiet /etc/ssh/check-password
account required {modules}/pam_permit.so
session required {modules}/pam_permit.so
"""

# PAM hands the password over with a zero byte behind it.
_CHECK_PASSWORD = (
    "#!/bin/sh\ntr -d '\\000' | exec env PYTHONPATH={tests} {python} -m lab.accounts check {accounts} \"$PAM_USER\"\n"
)


def write(host: HostSpec, root: Path, authorized_key: str, python: str, tools: Path) -> None:
    """Make them, below the root of the host's mount namespace."""
    inside = root / ACCOUNTS.relative_to("/")
    accounts.create(inside)
    for file in _files(host, authorized_key, python, tools):
        file.write(root)
    assert host.flavour.windows
    prefix = root / PREFIX.relative_to("/")
    for name, keys in (
        ("system.reg", settings.of_machine(host.flavour.windows)),
        ("user.reg", settings.of_user(host.flavour.windows)),
    ):
        with (prefix / name).open("a", encoding="utf-8") as stream:
            stream.write(registry.text(keys))


def _files(host: HostSpec, authorized_key: str, python: str, tools: Path) -> list[GuestFile]:
    login = f"LAB_ADMINISTRATORS={accounts.administrators(ACCOUNTS)} sh {quote(str(_LOGIN))}"
    sshd = _SSHD.format(login=login, tools=quote(str(tools)))
    check = _CHECK_PASSWORD.format(tests=quote(str(_TESTS)), python=quote(python), accounts=ACCOUNTS)
    return [
        GuestFile("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {host.name}.lab {host.name}\n"),
        GuestFile("etc/resolv.conf", f"search lab\nnameserver {GATEWAY}\n"),
        GuestFile("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"),
        GuestFile("etc/passwd", _PASSWD),
        GuestFile("etc/ssh/ssh_host_ed25519_key", host.host_key.private, 0o600),
        GuestFile("etc/ssh/lab_authorized_keys", authorized_key),
        GuestFile("etc/ssh/sshd_config", sshd),
        GuestFile("etc/ssh/check-password", check, 0o755),
        GuestFile("etc/pam.d/sshd", _PAM.format(modules=tools / "usr/lib/x86_64-linux-gnu/security")),
    ]
