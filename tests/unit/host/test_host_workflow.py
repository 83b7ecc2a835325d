# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe, assess, plan, apply and the verdict, over a guest that answers canned text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.host.support import ABSENT, DIGESTS, HOST, INSTALLED, PACKAGE, CannedGuest, Values, lines_of

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.delivery import Delivery, Packages
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.errors import HostError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.facts import HostFacts
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.options import Options
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._host.workflow import Converger, Outcome
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.model import Package

OPTIONS = Options(300, "require_off", "keep", (), 5, region="ap-southeast-1")
INSTALL = ["receive", "setup", "modes", "enable", "record", "finish"]
REPLACE = ["receive", "backup", "setup", "modes", "backend", "enable", "record", "finish"]
OTHER = "ff" * 32
SECRET = "root:S3cret"
PAYLOAD = Path("/cache/payload")

BARE: Mapping[str, Values] = {**HOST, **ABSENT, "fingerprint": "bare 0"}
WHOLE: Mapping[str, Values] = {**HOST, **INSTALLED, "fingerprint": "whole 0"}
DISABLED: Mapping[str, Values] = {**WHOLE, "enabled": "no", "fingerprint": "disabled 0"}
DAMAGED: Mapping[str, Values] = {**WHOLE, "present": None, "fingerprint": "damaged 0"}
OLD: Mapping[str, Values] = {**WHOLE, "record": [f"package {OTHER}", *lines_of(DIGESTS)], "fingerprint": "old 0"}
UNREADY: Mapping[str, Values] = {**BARE, "root_free_kb": "1", "metadata": None, "selinux": "1"}


class ShelfDelivery(Delivery):
    """Its payload need not be made."""

    @property
    def payload(self) -> Path:
        return PAYLOAD


class Shelf(Packages):
    """Has the one package at hand; counts how often it is asked."""

    asked = 0

    def deliver(self, _facts: HostFacts) -> Delivery:
        object.__setattr__(self, "asked", self.asked + 1)
        package = Package(
            PACKAGE, "https://mirror/a.zip", "linux/64", Path("/cache/a.zip"), "s", dict(DIGESTS), False, 9, 9
        )
        return ShelfDelivery(package, True, self.options.delivery == "pull", NO_PULL.get(self.options.delivery, ""))


NO_PULL = {"no-pull": "the guest has no curl or wget"}


def done(after: Mapping[str, Values], steps: list[str], **said: Values) -> dict[str, Values]:
    """The answer of a guest that did these steps; one that is no plain name is how it ended."""
    return {**after, "step": [step if " " in step else f"{step} ok" for step in steps], **said}


class Run:
    """One run over canned answers."""

    def __init__(self, *answers: Mapping[str, Values] | HostError, check: bool = False, **options: Any) -> None:
        self.guest = CannedGuest(*answers)
        self.options = replace(OPTIONS, **options)
        self.shelf = Shelf(self.options, lambda _line: None)
        self.outcome: Outcome = Converger(self.guest, self.options, self.shelf, check_mode=check).run()

    @property
    def steps(self) -> list[str]:
        return [f"{step.name} {step.status}" for step in self.outcome.steps]

    def sent(self, name: str, index: int = -1) -> str | None:
        """What a script was told for a variable."""
        found = re.search(rf"^{name}='?([^'\n]*)'?$", self.guest.scripts[index], re.MULTILINE)
        return found[1] if found else None


# --- nothing is done ---


def test_all_that_fails_is_named_at_once_and_nothing_is_done() -> None:
    run = Run(UNREADY)
    assert run.outcome.problem is not None
    assert run.outcome.problem.startswith(
        "Nothing was changed: free_space, selinux, metadata failed. free_space: found 0 MB"
    )
    assert "metadata: found no answer" in run.outcome.problem
    assert (run.outcome.changed, run.outcome.steps, run.outcome.ready) == (False, (), False)
    assert (len(run.guest.scripts), run.shelf.asked) == (1, 0)


def test_what_is_ignored_does_not_stop_it() -> None:
    run = Run(UNREADY, done(WHOLE, INSTALL), ignore_prerequisites=("free_space", "selinux", "metadata"))
    assert (run.outcome.problem, run.outcome.changed, run.outcome.ready) == (None, True, True)


@pytest.mark.parametrize(
    ("state", "guest"), [("absent", WHOLE), ("stopped", {**WHOLE, "running": "17"}), ("restarted", WHOLE)]
)
def test_only_root_is_asked_for_where_nothing_is_installed(state: str, guest: Mapping[str, Values]) -> None:
    refused = Run({**guest, "uid": "1000", "metadata": None}, state=state).outcome
    assert (refused.problem or "").startswith("Nothing was changed: root failed. root: found uid 1000")
    after = BARE if state == "absent" else WHOLE
    step = {"absent": "remove", "stopped": "stop", "restarted": "restart"}[state]
    run = Run({**guest, "metadata": None}, done(after, [step]), state=state)
    assert (run.outcome.problem, run.steps, run.outcome.changed) == (None, [f"{step} ok"], True)
    assert (run.shelf.asked, run.guest.payloads) == (0, [None, None])


def test_what_is_not_there_cannot_be_restarted() -> None:
    run = Run(BARE, state="restarted")
    assert (
        run.outcome.problem == "The agent is not installed, so it cannot be restarted; install it with state: present."
    )
    assert not run.outcome.changed


@pytest.mark.parametrize(
    ("guest", "options"),
    [(WHOLE, {}), (BARE, {"state": "absent"}), (WHOLE, {"state": "stopped"}), (OLD, {}), (WHOLE, {"backend": "pipe"})],
)
def test_a_guest_that_is_as_wanted_costs_one_round_trip(guest: Mapping[str, Values], options: dict[str, Any]) -> None:
    run = Run(guest, **options)
    assert (run.outcome.changed, run.outcome.problem, run.outcome.steps) == (False, None, ())
    assert (len(run.guest.scripts), run.shelf.asked, run.outcome.delivery) == (1, 0, None)


def test_an_upgrade_that_is_not_due_asks_for_the_package_and_changes_nothing() -> None:
    run = Run(WHOLE, upgrade=True)
    assert (run.outcome.changed, run.steps, run.shelf.asked, len(run.guest.scripts)) == (False, [], 1, 1)


@pytest.mark.parametrize(
    ("guest", "options", "steps"),
    [
        (BARE, {}, INSTALL),
        (OLD, {"upgrade": True}, REPLACE),
        (DISABLED, {}, ["enable"]),
        (WHOLE, {"state": "absent"}, ["remove"]),
        (WHOLE, {"state": "restarted"}, ["restart"]),
    ],
)
def test_check_mode_tells_what_the_real_run_does_and_sends_nothing(
    guest: Mapping[str, Values], options: dict[str, Any], steps: list[str]
) -> None:
    predicted = Run(guest, check=True, **options)
    assert predicted.steps == [f"{step} planned" for step in steps]
    assert (predicted.outcome.changed, len(predicted.guest.scripts)) == (True, 1)
    assert predicted.outcome.facts == predicted.outcome.before
    after = BARE if options.get("state") == "absent" else WHOLE
    real = Run(guest, done(after, steps), **options)
    assert real.steps == [f"{step} ok" for step in steps]
    assert (real.outcome.changed, real.outcome.problem) == (True, None)
    assert (real.outcome.delivery is None) == (predicted.outcome.delivery is None)


# --- it is done ---


def test_an_installation() -> None:
    run = Run(BARE, done(WHOLE, INSTALL, setup=["copying", f"echo {SECRET}|chpasswd"]))
    assert (run.outcome.changed, run.outcome.problem, run.outcome.rolled_back) == (True, None, None)
    assert (run.outcome.before.agent.state, run.outcome.facts.agent.state) == ("absent", "installed")
    assert run.outcome.setup_output == ("copying", "echo root:********")
    assert run.guest.payloads == [None, PAYLOAD]
    assert run.shelf.asked == 1
    assert [step.why for step in run.outcome.steps][:2] == [
        "unpack and check the package on the guest",
        "not installed",
    ]


def test_what_the_script_is_told() -> None:
    run = Run(
        BARE, done({**WHOLE}, INSTALL), metadata_timeout=2, setup_timeout=3, download_timeout=4, lock_timeout=6,
        keep_backup=True,
    )  # fmt: skip
    told = {
        "steps": " ".join(INSTALL), "fingerprint": "bare 0", "backend": "AUTO", "keep_backup": "yes",
        "metadata_timeout": "2", "setup_timeout": "3", "download_timeout": "4", "lock_timeout": "6",
        "compressed": "yes", "package_sha256": PACKAGE, "setup_folder": "s", "package_url": "https://mirror/a.zip",
    }  # fmt: skip
    assert {name: run.sent(name) for name in told} == told
    assert run.sent("metadata_timeout", 0) == "2"
    assert Run(BARE, done(WHOLE, INSTALL)).sent("keep_backup") == "no"


@pytest.mark.parametrize(
    ("wanted", "conf", "told"), [("pipe", None, "PIPE"), ("auto", "x=PIPE", "AUTO"), ("keep", "x=SOCKET", "SOCKET")]
)
def test_the_backend_that_the_script_sets(wanted: str, conf: str | None, told: str) -> None:
    after = {**WHOLE, "backend": f"x={told}"}
    run = Run({**DAMAGED, "backend": conf}, done(after, REPLACE), backend=wanted)
    assert (run.sent("backend"), run.outcome.problem) == (told, None)


@pytest.mark.parametrize(("enforce", "around"), [("1", True), ("0", False), (None, False)])
def test_selinux_is_touched_where_it_enforces_only(enforce: str | None, around: bool) -> None:
    steps = ["receive", "selinux_permissive", *INSTALL[1:4], "selinux_enforcing", *INSTALL[4:]] if around else INSTALL
    run = Run({**BARE, "selinux": enforce}, done(WHOLE, steps), selinux="permissive_during_install")
    assert run.steps == [f"{step} ok" for step in steps]


def test_selinux_is_left_alone_where_that_is_wanted() -> None:
    run = Run({**BARE, "selinux": "1"}, done(WHOLE, INSTALL), selinux="ignore")
    assert (run.steps, run.outcome.problem) == ([f"{step} ok" for step in INSTALL], None)


def test_an_agent_that_is_mended_needs_no_package() -> None:
    run = Run(DISABLED, done(WHOLE, ["enable"]))
    assert (run.steps, run.outcome.changed, run.outcome.problem) == (["enable ok"], True, None)
    assert (run.shelf.asked, run.guest.payloads, run.sent("package_sha256")) == (0, [None, None], None)


def test_an_upgrade_that_only_has_to_mend_sends_no_payload() -> None:
    run = Run(DISABLED, done(WHOLE, ["enable"]), upgrade=True)
    assert (run.steps, run.guest.payloads, run.shelf.asked) == (["enable ok"], [None, None], 1)


# --- it fails ---


def test_a_first_installation_that_fails_leaves_the_guest_as_it_was() -> None:
    steps = ["receive", 'setup failed setup.sh printed "Failed to start" root:S3cret']
    run = Run(BARE, done(BARE, steps, rolled_back="nothing", failed_log=f"x {SECRET}"))
    assert run.outcome.problem == (
        'Setup: setup.sh printed "Failed to start" root:********. '
        "What the failed installation had left was removed; the guest is as it was."
    )
    assert (run.outcome.changed, run.outcome.rolled_back) == (False, "nothing")
    assert run.steps == ["receive ok", "setup failed", *(f"{step} not reached" for step in INSTALL[2:])]
    assert run.outcome.steps[1].message == 'setup.sh printed "Failed to start" root:********'
    assert run.outcome.failed_log == ("x root:********",)


def test_an_upgrade_that_fails_puts_the_old_agent_back() -> None:
    steps = ["receive", "backup", "setup", "modes failed cannot set the modes."]
    run = Run(OLD, done(OLD, steps, rolled_back="/CloudrResetPwdAgent"), upgrade=True)
    assert run.outcome.problem == "Modes: cannot set the modes. The agent that was there before was put back."
    assert (run.outcome.changed, run.outcome.rolled_back) == (False, "/CloudrResetPwdAgent")
    assert run.outcome.facts.agent.package_sha256 == OTHER


@pytest.mark.parametrize(
    ("step", "after", "changed"),
    [
        ("modes failed no", {}, False),
        # Half of it was done before it failed.
        ("modes failed no", {"mode_wrong": "y"}, True),
        ("register failed no", {"mode_wrong": ""}, True),
    ],
)
def test_a_mending_that_fails_tells_by_what_is_then_true_whether_it_changed_something(
    step: str, after: dict[str, str], changed: bool
) -> None:
    broken = {**WHOLE, "mode_wrong": "x", "registered": "none", "enabled": "no"}
    run = Run(broken, done({**broken, **after}, [step]))
    ending = "A part of it was done; a rerun goes on from here." if changed else "The guest is as it was."
    assert run.outcome.changed is changed
    assert run.outcome.problem == f"{step.split(maxsplit=1)[0].capitalize()}: no. {ending}"


@pytest.mark.parametrize("steps", [["receive failed cut"], ["receive", "selinux_permissive failed read-only"]])
@pytest.mark.parametrize("delivery", ["push", "pull"])
def test_what_leaves_the_agent_alone_is_no_change(steps: list[str], delivery: str) -> None:
    steps = ["fetch" if step == "receive" and delivery == "pull" else step for step in steps]
    run = Run({**BARE, "selinux": "1"}, done(BARE, steps), selinux="permissive_during_install", delivery=delivery)
    assert not run.outcome.changed
    assert run.outcome.problem


def test_another_run_at_work_is_told() -> None:
    run = Run(BARE, {**BARE, "locked": "process 17"}, lock_timeout=9)
    assert run.outcome.problem == (
        "Another run (process 17) has been at work on this guest for 9 s; wait for it, or raise lock_timeout."
    )
    assert (run.outcome.changed, {step.status for step in run.outcome.steps}) == (False, {"planned"})


STALE = {**BARE, "stale": "yes"}


def test_a_guest_that_another_run_changed_is_planned_for_anew() -> None:
    run = Run(BARE, STALE, DISABLED, done(WHOLE, ["enable"]))
    assert (run.steps, run.outcome.changed, run.outcome.problem) == (["enable ok"], True, None)
    assert (run.sent("fingerprint", 1), run.sent("fingerprint", 3)) == ("bare 0", "disabled 0")
    assert run.outcome.before.agent.state == "disabled"


def test_a_guest_that_another_run_finished_is_left_alone() -> None:
    run = Run(BARE, STALE, WHOLE)
    assert (run.steps, run.outcome.changed, run.outcome.problem) == ([], False, None)


def test_a_guest_that_another_run_made_unready_is_refused() -> None:
    assert "Nothing was changed: free_space" in (Run(BARE, STALE, UNREADY).outcome.problem or "")


def test_a_guest_that_never_stands_still_is_given_up() -> None:
    with pytest.raises(HostError, match="changed the agent on this guest 3 times") as caught:
        Run(*(BARE, STALE) * 3, BARE, done(WHOLE, INSTALL))
    assert not caught.value.changed
    assert Run(*(BARE, STALE) * 2, BARE, done(WHOLE, INSTALL)).outcome.changed


@pytest.mark.parametrize(
    ("guest", "options", "after", "told"),
    [
        (BARE, {}, {**WHOLE, "enabled": "no"}, "the service does not start at boot"),
        (BARE, {}, BARE, "not installed"),
        (
            BARE,
            {},
            {**WHOLE, "mode_wrong": ["a"], "registered": "none"},
            "1 files with a wrong mode or owner; the service is not",
        ),
        (WHOLE, {"state": "absent"}, {**BARE, "updater": "/U"}, "there is /U"),
        ({**WHOLE, "running": "17"}, {"state": "stopped"}, {**WHOLE, "running": "18"}, "it runs as process 18"),
        (BARE, {"backend": "pipe"}, {**WHOLE, "backend": "x=AUTO"}, "wrapper.backend.type is AUTO"),
        (OLD, {"upgrade": True}, OLD, "differs from what is installed"),
    ],
)
def test_what_is_then_true_counts_whatever_the_steps_say(
    guest: Mapping[str, Values], options: dict[str, Any], after: Mapping[str, Values], told: str
) -> None:
    run = Run(
        guest, done(after, [step.partition(" ")[0] for step in Run(guest, check=True, **options).steps]), **options
    )
    assert (run.outcome.problem or "").startswith("The steps were carried out, yet it is not as wanted: ")
    assert told in (run.outcome.problem or "")
    assert run.outcome.changed


def test_another_package_than_the_one_sent_is_told() -> None:
    run = Run(BARE, done(OLD, INSTALL))
    assert "the agent on the guest is not the package's; rerun with upgrade: true." in (run.outcome.problem or "")


def test_restarted_is_judged_by_its_step_alone() -> None:
    assert Run(DISABLED, done(DISABLED, ["restart"]), state="restarted").outcome.problem is None


def test_a_failure_is_told_rather_than_what_is_still_wrong() -> None:
    run = Run(DISABLED, done(DISABLED, ["enable failed no tool"]))
    assert (run.outcome.problem or "").startswith("Enable: no tool. ")


def test_an_answer_that_never_came_may_have_changed_the_guest() -> None:
    with pytest.raises(
        HostError, match=r"Gone\. The steps may have been carried out in part; a rerun repairs"
    ) as caught:
        Run(BARE, HostError("Gone."))
    assert caught.value.changed


def test_a_guest_that_does_not_answer_the_probe_is_unchanged() -> None:
    with pytest.raises(HostError, match=r"^Gone\.$") as caught:
        Run(HostError("Gone."))
    assert not caught.value.changed


# --- pull ---

PULL = ["fetch", *INSTALL[1:]]


def test_a_guest_that_pulls_is_sent_no_payload() -> None:
    run = Run(BARE, done(WHOLE, PULL), delivery="pull")
    assert (run.steps, run.outcome.problem) == ([f"{step} ok" for step in PULL], None)
    assert (run.sent("steps"), run.guest.payloads) == (" ".join(PULL), [None, None])
    assert run.outcome.warnings == ()
    assert run.outcome.delivery is not None
    assert run.outcome.delivery.report()["delivery"] == "pull"


def test_a_guest_that_could_not_fetch_is_sent_the_package_with_a_warning() -> None:
    run = Run(BARE, done(BARE, ["fetch failed cannot fetch root:S3cret"]), done(WHOLE, INSTALL), delivery="pull")
    assert (run.steps, run.outcome.problem) == ([f"{step} ok" for step in INSTALL], None)
    assert run.guest.payloads == [None, None, PAYLOAD]
    assert (run.sent("steps", 1), run.sent("steps", 2)) == (" ".join(PULL), " ".join(INSTALL))
    (warning,) = run.outcome.warnings
    assert warning.endswith("the guest did not get it: fetch: cannot fetch root:********")
    assert run.outcome.delivery is not None
    assert run.outcome.delivery.report()["delivery"] == "push"


def test_a_guest_that_fetched_and_failed_later_is_not_sent_it_again() -> None:
    run = Run(BARE, done(BARE, ["fetch", "setup failed no"], rolled_back="nothing"), delivery="pull")
    assert (run.outcome.problem or "").startswith("Setup: no. ")
    assert run.steps[:2] == ["fetch ok", "setup failed"]
    assert len(run.guest.scripts) == 2


def test_a_fetch_that_failed_is_no_change_when_the_second_way_fails_too() -> None:
    run = Run(BARE, done(BARE, ["fetch failed a"]), done(BARE, ["receive failed b"]), delivery="pull")
    assert (run.outcome.changed, len(run.outcome.warnings)) == (False, 1)
    assert (run.outcome.problem or "").startswith("Receive: b. ")


@pytest.mark.parametrize(("guest", "warnings"), [(BARE, 1), (WHOLE, 0), (DISABLED, 0)])
@pytest.mark.parametrize("check", [True, False])
def test_a_guest_that_cannot_pull_is_told_where_a_package_is_sent(
    guest: Mapping[str, Values], warnings: int, check: bool
) -> None:
    steps = [] if guest is WHOLE else INSTALL if guest is BARE else ["enable"]
    run = Run(guest, done(WHOLE, steps), delivery="no-pull", upgrade=True, check=check)
    told = ("Fell back to delivery: push, since the guest has no curl or wget.",)
    assert run.outcome.warnings == told * warnings
