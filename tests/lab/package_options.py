"""What a package of the stand-in agent can be like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Variant = Literal["linux/64", "linux/32", "arm/linux/64", "windows"]
Layout = Literal["standard", "nested", "root"]
Setup = Literal["normal", "fails", "half", "hangs", "silent", "reads_stdin", "needs_tty"]
Start = Literal["works", "fails"]
Registration = Literal["init", "disabled", "systemd", "systemd_customised", "manual", "unregistered"]
Uninstaller = Literal["bin", "top"]
Backend = Literal["PIPE", "AUTO", "SOCKET"]
Defect = Literal[
    "none",
    "two_setups",
    "no_setup",
    "escape",
    "absolute",
    "symlink",
    "bomb",
    "truncated",
    "encrypted",
    "duplicate",
]

VARIANTS: tuple[Variant, ...] = get_args(Variant)
REAL_WAIT_INTERVAL = 1.0


@dataclass(frozen=True, kw_only=True)
class PackageOptions:
    """The switches of a package. The defaults make a healthy, current, small one.

    variant       what it is for; an agent that runs is in that of this machine and in the windows one
    layout        standard; nested: one more CloudResetPwdAgent/ around; root: CloudResetPwdAgent.Linux/ at the top
    update_agent  carries CloudResetPwdUpdateAgent.Linux (.Windows) too, as old packages did
    version       a label in the jars and in wrapper.conf: another label, other content
    log4j         2.17.0, or 2.8.2 in old packages
    padding       so many bytes more that do not compress (the bench's package: 8 MB)
    odd_names     depend/ has a folder with a blank and a file whose name is not ASCII
    backend       wrapper.backend.type
    setup         normal
                  fails: copies, then `cloudResetPwdAgent install failed.` and status 1 (windows: the FAILED line)
                  half: success line, status 0, but wrapper and lib/ are not copied (windows: lib/ and depend/)
                  hangs: a child sleeps for a day after the copying
                  silent: works, and prints nothing
                  reads_stdin: reads its standard input to the end first
                  needs_tty: status 1 if the standard input is no terminal (not for windows)
    start         fails: the start fails and says so, and yet success line and status 0
    resident      the agent stays in memory and resets nothing, until it is stopped
    registration  init: init.d and rc links (windows: service with start type automatic)
                  disabled: registered, but not started at boot (windows: start type disabled)
                  systemd: generated unit, enabled; systemd_customised: unit copied, left disabled (not for windows)
                  manual: start type demand; unregistered: says that it registered and did not (only for windows)
    asks_long     only for windows: `net user` asks before it takes more than 14 characters, and nobody answers: the
                  password stays, the agent runs until it is stopped, and the blob stays
    uninstaller   only for windows: the update agent's UninstallApp-NT.bat is in bin or beside it (top)
    wait_interval seconds between the dots of `Waiting for ...`; REAL_WAIT_INTERVAL is the vendor's
    tries, delay_ms  the agent's tries and the pause between them
    address, port the metadata service, for unit tests on loopback
    defect        what is wrong with the archive itself
    """

    variant: Variant = "linux/64"
    layout: Layout = "standard"
    update_agent: bool = False
    version: str = "1.0.1"
    log4j: str = "2.17.0"
    padding: int = 0
    odd_names: bool = False
    backend: Backend = "PIPE"
    setup: Setup = "normal"
    start: Start = "works"
    resident: bool = False
    registration: Registration = "init"
    asks_long: bool = False
    uninstaller: Uninstaller = "bin"
    wait_interval: float = 0.1
    tries: int = 10
    delay_ms: int = 2000
    address: str = "169.254.169.254"
    port: int = 80
    defect: Defect = "none"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} is {value!r}, it must be one of {', '.join(allowed)}")
        for name, refused in _NOT_FOR["windows" if self.variant == "windows" else "linux"].items():
            if (value := getattr(self, name)) in refused:
                raise ValueError(f"{name} cannot be {value!r} in a package for {self.variant}")


_CHOICES: dict[str, tuple[str, ...]] = {
    "variant": VARIANTS,
    "layout": get_args(Layout),
    "setup": get_args(Setup),
    "start": get_args(Start),
    "registration": get_args(Registration),
    "uninstaller": get_args(Uninstaller),
    "backend": get_args(Backend),
    "defect": get_args(Defect),
}

_NOT_FOR: dict[str, dict[str, tuple[object, ...]]] = {
    "windows": {"setup": ("needs_tty",), "registration": ("systemd", "systemd_customised")},
    "linux": {"registration": ("manual", "unregistered"), "asks_long": (True,), "uninstaller": ("top",)},
}

OLD_PACKAGE = PackageOptions(update_agent=True, version="0.9.0", log4j="2.8.2", backend="AUTO")
"""A package of before log4shell, with the update agent."""
