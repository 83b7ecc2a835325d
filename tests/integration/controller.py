# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller, for tests: the real ansible-playbook on a playbook of one task, and what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.client import Host, Lab

ROOT = Path(__file__).parents[2]
CALLBACKS = Path(__file__).parent / "callbacks"
# Counts round trips: each is one start of ssh, sftp or scp. Ansible's own question whether ssh knows ControlPersist
# goes nowhere.
COUNTING = '#!/bin/sh\n[ "$*" = "-o ControlPersist" ] || echo >>"$SSH_LOG"\nexec "${0##*/}" "$@"\n'
PROGRAMS = ("ssh", "sftp", "scp")


def cloud_play(hosts: Sequence[Host], *tasks: Mapping[str, Any]) -> dict[str, Any]:
    """Return a play whose tasks run on the controller, once for each host, and reach the lab's cloud."""
    return {
        "hosts": ",".join(host.name for host in hosts),
        "gather_facts": False,
        "module_defaults": {"group/cloudreset.huaweicloud.cloud": "{{ cloudreset_cloud }}"},
        "tasks": [{**task, "delegate_to": "localhost"} for task in tasks],
    }


@dataclass(frozen=True)
class Run:
    """What one run of ansible-playbook did."""

    status: int
    output: str
    results: Sequence[Mapping[str, Any]]
    ssh_starts: int

    def of(self, host: Host | str) -> dict[str, Any]:
        """Return the last result of a host."""
        name = host if isinstance(host, str) else host.name
        found = [line for line in self.results if line["host"] == name]
        assert found, f"no result of {name}:\n{self.output}"
        return {**found[-1]["result"], "kind": found[-1]["kind"]}


@dataclass(frozen=True)
class Controller:
    """A controller with a package cache, a home and a configuration of its own."""

    lab: Lab
    folder: Path
    base_url: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        """Where its packages are kept."""
        return self.folder / "cache"

    def agent(self, *hosts: Host, **options: Any) -> Run:
        """Run reset_agent; see run for the options that begin with an underscore. The bucket is the source."""
        source = {} if {"package", "region", "base_url"} & options.keys() else {"base_url": self.base_url}
        defaults = {**source, "ca_path": str(self.lab.ca), "cache_dir": str(self.cache)}
        return self.run("reset_agent", hosts, {**defaults, **options})

    def info(self, *hosts: Host, **options: Any) -> Run:
        """Run reset_agent_info."""
        return self.run("reset_agent_info", hosts, options)

    def run(self, module: str, hosts: Sequence[Host], options: Mapping[str, Any]) -> Run:
        """Run one task on hosts. Options with an underscore are the run's own:

        _vars (host variables), _become, _flags (of ansible-playbook), _environment, _timeout (seconds).
        """
        own = {name: value for name, value in options.items() if name.startswith("_")}
        arguments = {name: value for name, value in options.items() if not name.startswith("_")}
        play = {
            "hosts": ",".join(host.name for host in hosts),
            "gather_facts": False,
            "become": own.get("_become", False),
            "vars": own.get("_vars", {}),
            "tasks": [{"name": module, f"cloudreset.huaweicloud.{module}": arguments}],
        }
        return self.play([play], own.get("_flags", ()), own.get("_environment", {}), own.get("_timeout", 180))

    def cloud(self, module: str, *hosts: Host, **options: Any) -> Run:
        """Run one cloud module once for each host, with the lab's account. The options may be templates."""
        return self.play([cloud_play(hosts, {"name": module, f"cloudreset.huaweicloud.{module}": options})])

    def play(
        self,
        plays: Sequence[Mapping[str, Any]] | Path | str,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        timeout: float = 180,
    ) -> Run:
        """Run plays, or a playbook by its path or name. An assertion fails, with the output, when it takes too long."""
        process = self.start(plays, flags, environment)
        try:
            output, _nothing = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _nothing = process.communicate()
            raise AssertionError(f"not done after {timeout} s:\n{output}") from None
        return self.finished(process, output)

    def start(
        self,
        plays: Sequence[Mapping[str, Any]] | Path | str,
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start ansible-playbook in a session of its own and return it."""
        playbook = str(plays)
        if not isinstance(plays, (str, Path)):
            playbook = str(self.folder / "playbook.yml")
            Path(playbook).write_text(yaml.safe_dump(plays, sort_keys=False, width=10**6))
        for name in ("results", "ssh.log"):
            (self.folder / name).unlink(missing_ok=True)
        program = os.environ.get("ANSIBLE_PLAYBOOK", str(ROOT / ".venv/bin/ansible-playbook"))
        return subprocess.Popen(
            [program, "-i", str(self.lab.inventory), *flags, playbook],
            cwd=self.folder,
            env={**self._environment(), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def finished(self, process: subprocess.Popen[str], output: str) -> Run:
        """Return what a process that has ended did."""
        results = self.folder / "results"
        lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
        starts = self.folder / "ssh.log"
        count = len(starts.read_text().splitlines()) if starts.exists() else 0
        return Run(process.returncode, output, [json.loads(line) for line in lines], count)

    def _environment(self) -> dict[str, str]:
        for name in PROGRAMS:
            program = self.folder / name
            if not program.exists():
                program.write_text(COUNTING)
                program.chmod(0o755)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
            **{f"ANSIBLE_{name.upper()}_EXECUTABLE": str(self.folder / name) for name in PROGRAMS},
            # Short: a control socket's path may have 108 characters.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            "RESULTS_FILE": str(self.folder / "results"),
            "SSH_LOG": str(self.folder / "ssh.log"),
            **self.environment,
        }
