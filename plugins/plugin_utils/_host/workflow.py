# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: probe, assess, plan, apply, probe again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...module_utils._prerequisite import Prerequisite, failed, sentence
from . import prerequisites
from .delivery import Delivery, Packages
from .errors import HostError, NotSentError
from .facts import HostFacts, agent_facts
from .guest import Guest
from .options import Options
from .plan import Plan, Wanted, differs, plan
from .redaction import redact
from .system import System
from .wire import Answer

# How often the guest may turn out to have been changed by another run between probe and apply.
ATTEMPTS = 3
# A package has so many times download_timeout for the whole of its way to a guest.
TRANSFER_FACTOR = 20


@dataclass(frozen=True)
class Done:
    """How one step went: planned, ok or failed, with the guest's words where it failed."""

    name: str
    why: str
    status: str
    message: str = ""


@dataclass(frozen=True)
class Outcome:
    """What is to be told about one guest."""

    facts: HostFacts
    before: HostFacts
    checked: tuple[Prerequisite, ...]
    steps: tuple[Done, ...] = ()
    changed: bool = False
    delivery: Delivery | None = None
    setup_output: tuple[str, ...] = ()
    failed_log: tuple[str, ...] = ()
    rolled_back: str | None = None
    warnings: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def ready(self) -> bool:
        """Whether no prerequisite fails."""
        return not failed(self.checked)


@dataclass
class Converger:
    """Brings one guest to the wanted state."""

    guest: Guest
    options: Options
    packages: Packages
    check_mode: bool = False
    _warnings: list[str] = field(default_factory=list)

    def run(self) -> Outcome:
        """Return the outcome; a failure that the guest reported is in it as ``problem``.

        Raises HostError or PackageError for what kept the run from beginning.
        """
        for _attempt in range(ATTEMPTS):
            outcome = self._converge(probe(self.guest, self.options))
            if outcome is not None:
                return outcome
        raise HostError(
            f"Another run changed the agent on this guest {ATTEMPTS} times while this one planned; run one at a time."
        )

    def _converge(self, before: HostFacts) -> Outcome | None:
        """Return the outcome, or None when the plan was void because another run had changed the guest."""
        checked = assess(self.guest.system, before, self.options)
        outcome = Outcome(facts=before, before=before, checked=checked)
        refused = self._refusal(outcome)
        if refused:
            return replace(outcome, problem=refused)
        wanted, delivery = self._want(before)
        planned = plan(wanted, before.agent)
        if planned.installs and delivery is None:
            delivery = self.packages.deliver(before)
        outcome = replace(
            outcome,
            delivery=delivery,
            steps=_planned(planned),
            changed=planned.changes,
            warnings=_pushed_all_the_same(planned, delivery),
        )
        if self.check_mode or not planned.changes:
            return outcome
        return self._apply(outcome, wanted, planned)

    def _refusal(self, outcome: Outcome) -> str | None:
        """Return why nothing may be done on the guest, all reasons at once."""
        state = self.options.state
        failing = failed(outcome.checked)
        if state != "present":
            failing = tuple(item for item in failing if item.name == self.guest.system.rights)
        if failing:
            names = ", ".join(item.name for item in failing)
            return f"Nothing was changed: {names} failed. {sentence(failing)}"
        if state == "restarted" and not outcome.facts.agent.installed:
            return "The agent is not installed, so it cannot be restarted; install it with state: present."
        return None

    def _want(self, facts: HostFacts) -> tuple[Wanted, Delivery | None]:
        options = self.options
        permissive = options.selinux == "permissive_during_install" and facts.selinux == "enforcing"
        wanted = Wanted(options.state, options.backend, permissive, options.upgrade, modes=self.guest.system.modes)
        if options.state != "present" or not options.upgrade:
            return wanted, None
        delivery = self.packages.deliver(facts)
        package = delivery.package
        return replace(wanted, package_sha256=package.sha256, package_files=package.files), delivery

    def _apply(self, outcome: Outcome, wanted: Wanted, planned: Plan) -> Outcome | None:
        delivery = outcome.delivery
        answer = self._send(outcome.before, planned, delivery)
        if delivery and delivery.pull and _failed_step(answer) == "fetch":
            self._warnings.append(f"Fell back to delivery: push, since the guest did not get it: {_failure(answer)}")
            delivery = replace(delivery, pull=False)
            answer = self._send(outcome.before, planned, delivery)
        if answer.first("stale"):
            return None
        # The steps change the agent and nothing else that a probe reads.
        agent = agent_facts(answer, outcome.facts.agent.needed)
        facts = replace(outcome.facts, agent=agent, fingerprint=answer.first("fingerprint"))
        outcome = self._told(replace(outcome, facts=facts, delivery=delivery), answer, planned)
        return replace(outcome, problem=outcome.problem or _still_wrong(wanted, facts, outcome))

    def _send(self, before: HostFacts, planned: Plan, delivery: Delivery | None) -> Answer:
        variables = self._variables(before, planned, delivery)
        payload = delivery.payload if delivery and planned.installs and not delivery.pull else None
        try:
            return self.guest.run(lambda nonce: self.guest.system.apply_script(nonce, variables), payload)
        except NotSentError:
            raise
        except HostError as exception:
            raise HostError(
                f"{exception} The steps may have been carried out in part; a rerun repairs what is left.", changed=True
            ) from None

    def _variables(self, before: HostFacts, planned: Plan, delivery: Delivery | None) -> dict[str, str]:
        options = self.options
        names = [step.name for step in planned.steps]
        if delivery and delivery.pull:
            names = ["fetch" if name == "receive" else name for name in names]
        backend = options.backend if options.backend != "keep" else before.agent.backend
        return {
            "steps": " ".join(names),
            "fingerprint": before.fingerprint,
            "backend": backend.upper(),
            "keep_backup": "yes" if options.keep_backup else "no",
            "metadata_timeout": str(options.metadata_timeout),
            "setup_timeout": str(options.setup_timeout),
            "download_timeout": str(options.download_timeout),
            "transfer_timeout": str(TRANSFER_FACTOR * options.download_timeout),
            "lock_timeout": str(options.lock_timeout),
            **(delivery.variables() if delivery else {}),
        }

    def _told(self, outcome: Outcome, answer: Answer, planned: Plan) -> Outcome:
        """Return the outcome with what the guest told of the steps."""
        if answer.first("locked"):
            problem = (
                f"Another run ({answer.first('locked')}) has been at work on this guest for {self.options.lock_timeout}"
                " s; wait for it, or raise lock_timeout."
            )
            return replace(outcome, changed=False, warnings=(*outcome.warnings, *self._warnings), problem=problem)
        steps = _done(planned, answer)
        rolled_back = answer.first("rolled_back") or None
        failure = _failure(answer)
        # A step that failed may have done a part of its work, so there only what is then true tells.
        changed = outcome.facts.agent.settled != outcome.before.agent.settled if failure else planned.changes
        return replace(
            outcome,
            steps=steps,
            changed=changed,
            setup_output=tuple(redact(line) for line in answer.all("setup")),
            failed_log=tuple(redact(line) for line in answer.all("failed_log")),
            rolled_back=rolled_back,
            warnings=(*outcome.warnings, *self._warnings),
            problem=_problem(failure, answer, changed=changed) if failure else None,
        )


def probe(guest: Guest, options: Options) -> HostFacts:
    """Return a guest's facts, in one round trip that changes nothing."""
    wanted = (options.metadata_timeout, options.login, options.backend)
    return guest.system.facts(guest.run(lambda nonce: guest.system.probe_script(nonce, *wanted)))


def assess(system: System, facts: HostFacts, options: Options) -> tuple[Prerequisite, ...]:
    """Return the prerequisites under the caller's options."""
    return prerequisites.override(system.assess(facts, options.limits), options.ignore_prerequisites)


def _planned(planned: Plan) -> tuple[Done, ...]:
    return tuple(Done(step.name, step.why, "planned") for step in planned.steps)


def _pushed_all_the_same(planned: Plan, delivery: Delivery | None) -> tuple[str, ...]:
    if not (delivery and planned.installs and delivery.no_pull):
        return ()
    return (f"Fell back to delivery: push, since {delivery.no_pull}.",)


def _step_lines(answer: Answer) -> dict[str, tuple[str, str]]:
    """Return status and message by the step's name."""
    words = (line.split(" ", 2) for line in answer.all("step"))
    return {name: (status, "".join(rest)) for name, status, *rest in words}


def _failed_step(answer: Answer) -> str | None:
    return next((name for name, (status, _message) in _step_lines(answer).items() if status == "failed"), None)


def _failure(answer: Answer) -> str:
    name = _failed_step(answer)
    return f"{name}: {redact(_step_lines(answer)[name][1])}" if name else ""


def _done(planned: Plan, answer: Answer) -> tuple[Done, ...]:
    lines = _step_lines(answer)
    done = []
    for step in planned.steps:
        name = "fetch" if step.name == "receive" and "fetch" in lines else step.name
        status, message = lines.get(name, ("not reached", ""))
        done.append(Done(name, step.why, status, redact(message)))
    return tuple(done)


def _problem(failure: str, answer: Answer, *, changed: bool) -> str:
    stuck = answer.first("rollback_failed")
    if stuck:
        return (
            f"{_sentence(failure, None, changed=True)} The agent of before could not be put back, it is kept in the "
            f"backup: {redact(stuck).rstrip('.')}."
        )
    return _sentence(failure, answer.first("rolled_back") or None, changed=changed)


def _sentence(failure: str, rolled_back: str | None, *, changed: bool) -> str:
    endings = {
        None: "The guest is as it was.",
        "nothing": "What the failed installation had left was removed; the guest is as it was.",
    }
    ending = endings.get(rolled_back, "The agent that was there before was put back.")
    if changed:
        ending = (
            f"{ending if rolled_back not in endings else ''} A part of it was done; a rerun goes on from here.".strip()
        )
    return f"{failure[:1].upper()}{failure[1:].rstrip('.')}. {ending}"


def _still_wrong(wanted: Wanted, facts: HostFacts, outcome: Outcome) -> str | None:
    """Judge by what is then true: the same plan over the guest as it is now has to be empty."""
    if wanted.state == "restarted":
        return None
    left = plan(wanted, facts.agent)
    if left.changes:
        return "The steps were carried out, yet it is not as wanted: " + "; ".join(step.why for step in left.steps)
    package = outcome.delivery.package if outcome.delivery else None
    if package and differs(replace(wanted, package_sha256=package.sha256), facts.agent):
        return "The steps were carried out, yet the agent on the guest is not the package's; rerun with upgrade: true."
    return None
