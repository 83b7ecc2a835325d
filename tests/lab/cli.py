"""The lab's command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

from lab import control, images, lifecycle, requirements
from lab.cloud.client import CloudControl
from lab.flavours import DEFAULT, FLAVOURS, IMAGES, LIGHT, System, is_windows
from lab.hosts import Wanted, light_wanted, parse_wanted
from lab.network import PAGE_URL
from lab.paths import Paths
from lab.process import LabError
from lab.windows import entry, powershell
from lab.windows import image as windows_image


def main() -> int:
    """Do what the command line says."""
    options = _parser().parse_args()
    try:
        options.run(Paths.from_environment(), options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _up(paths: Paths, options: argparse.Namespace) -> None:
    wanted = _all_flavours() if options.all else parse_wanted(options.hosts)
    inventory = lifecycle.up(paths, [*wanted, *light_wanted(options.light)], _say)
    _say(f"The lab is up. Its cloud's page: {PAGE_URL} Its inventory:")
    print(inventory)


def _all_flavours() -> list[Wanted]:
    with_windows = powershell.folder() is not None
    if not with_windows:
        missing = f"no Windows hosts, for no PowerShell is set: {powershell.REMEDY}"
        if os.environ.get("CI") == "true":
            raise LabError(missing)
        _say(f"!!! {missing}")
    return [Wanted(name, name) for name in FLAVOURS if name != LIGHT and (with_windows or not is_windows(name))]


def _down(paths: Paths, _options: argparse.Namespace) -> None:
    lifecycle.down(paths, _say)


def _status(paths: Paths, _options: argparse.Namespace) -> None:
    status = control.request(paths, "status")
    for name, state in status["services"].items():
        print(f"service {name:14} {state}")
    for host in status["hosts"]:
        line = "host    {name:14} {state:8} {address:14} {flavour:12} egress: {egress}".format(**host)
        print(line if host["dhcp"] else f"{line}; no DHCP")


def _cloud(paths: Paths, _options: argparse.Namespace) -> None:
    control.request(paths, "ping")
    for server in CloudControl(paths.service_socket("cloud")).views():
        waits = "a password waits" if server.pending else ""
        line = f"{server.id:36} {server.name:14} {server.status:8} {server.task:12} flag {server.flag:6} {waits}"
        print(line.rstrip())
    print(f"page: {PAGE_URL}", file=sys.stderr)


def _host_verb(verb: str) -> Callable[[Paths, argparse.Namespace], None]:
    def run(paths: Paths, options: argparse.Namespace) -> None:
        hard: dict[str, Any] = {"hard": True} if getattr(options, "hard", False) else {}
        control.request(paths, verb, _say, name=options.host, **hard)

    return run


def _egress(paths: Paths, options: argparse.Namespace) -> None:
    control.request(paths, "egress", _say, name=options.host, rules=" ".join(options.rules))


def _dhcp(paths: Paths, options: argparse.Namespace) -> None:
    control.request(paths, "dhcp", _say, name=options.host, on=options.switch == "on")


def _shell(paths: Paths, options: argparse.Namespace) -> None:
    host = control.request(paths, "host", name=options.host)
    if host["leader"] is None:
        raise LabError(f"'{options.host}' is {host['state']}: start it first")
    terminal = os.environ.get("TERM", "dumb")
    if host["system"] == System.WINDOWS.value:
        command = [*entry.enter(host["leader"]), f"TERM={terminal}", *entry.SHELLS[options.program]]
    else:
        command = ["nsenter", f"--target={host['leader']}", "--all", "--", "/bin/sh"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "TERM": terminal}
    os.execvpe("nsenter", command, environment)  # noqa: S606 - becoming a shell is the point


def _build(paths: Paths, _options: argparse.Namespace) -> None:
    shell = powershell.folder()
    requirements.check(windows=shell is not None)
    images.ensure(paths, IMAGES, _say)
    if shell:
        windows_image.ensure(paths, shell, _say)


def _clean(paths: Paths, options: argparse.Namespace) -> None:
    _down(paths, options)
    images.remove_cache(paths)


def _install_deps(_paths: Paths, options: argparse.Namespace) -> None:
    requirements.install(consent=options.yes, windows=powershell.folder() is not None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Real hosts, a real network and a stand-in cloud.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Callable[[Paths, argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    up = verb("up", _up, "bring the lab up, or add hosts to it; prints the inventory's path")
    up.add_argument("--hosts", default=DEFAULT, metavar="[NAME=]FLAVOUR,…", help=f"flavours: {', '.join(FLAVOURS)}")
    up.add_argument("--all", action="store_true", help="one host of each flavour")
    up.add_argument("--light", type=int, default=0, metavar="N", help="so many light hosts besides")
    verb("down", _down, "remove everything but the cache")
    verb("status", _status, "show services and hosts")
    verb("cloud", _cloud, "show the cloud's servers, and where its page is")
    for name, text in _HOST_VERBS.items():
        added = verb(name, _host_verb(name), text)
        added.add_argument("host")
        if name in ("stop", "reboot"):
            added.add_argument("--hard", action="store_true", help="give the guest no time")
    shell = verb("shell", _shell, "open a root shell in a host, cmd in a Windows host")
    shell.add_argument("host")
    shell.add_argument("program", nargs="?", choices=list(entry.SHELLS), default="cmd", help="in a Windows host")
    egress = verb("egress", _egress, "set a host's security group: allow, deny, or rules separated by commas")
    egress.add_argument("host")
    egress.add_argument("rules", nargs="+", metavar="RULE", help="'deny tcp 169.254.169.254/32 80, allow any'")
    dhcp = verb("dhcp", _dhcp, "have the DHCP server answer a host, or ignore it")
    dhcp.add_argument("host")
    dhcp.add_argument("switch", choices=["on", "off"])
    verb("build", _build, "only build the root file systems")
    verb("clean", _clean, "take the lab down and remove the cache too")
    deps = verb("install-deps", _install_deps, "install the Debian packages that the lab needs")
    deps.add_argument("--yes", action="store_true", help="do not ask")
    return parser


_HOST_VERBS = {
    "start": "power a host on",
    "stop": "shut a host down",
    "reboot": "reboot a host",
    "restore": "give a host a fresh root file system and start it",
}
