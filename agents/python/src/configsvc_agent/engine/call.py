"""One guarded call: fallback( deadline( retry or hedge with budget( admission( attempt )))).

A call is a state machine without I/O. A driver starts it, does what it commands and reports back
until the command is one that ends the call::

    command = call.start(now)
    Attempt     make it, then call.finished(attempt, outcome, now)
    Wait        wait, then call.woken(wait, now)
    Pending     other attempts are in flight: report them when they end
    HandOut     return or raise what call.result brought
    Refuse      raise the error
    Substitute  hand out something else

A driver that can have several attempts in flight also calls :meth:`Call.hedge` at ``hedge_at``.
Whoever gives up in between calls :meth:`Call.cancelled`, and everything held is given back.
"""

from __future__ import annotations

from collections.abc import Callable

from configsvc_agent.engine import admission
from configsvc_agent.engine.commands import (
    HAND_OUT,
    NO_FACTS,
    PENDING,
    Attempt,
    Command,
    Facts,
    HandOut,
    Ports,
    Refuse,
    Wait,
)
from configsvc_agent.engine.endings import deadline_error, timeout_error
from configsvc_agent.engine.events import (
    AttemptFinished,
    AttemptRejected,
    AttemptStarted,
    DeadlineExceeded,
    Event,
    RetryRefused,
    RetryScheduled,
)
from configsvc_agent.engine.hedging import Hedging
from configsvc_agent.engine.outcome import FAILURES, REJECTIONS, TIMEOUT, Outcome
from configsvc_agent.engine.placing import Placing
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.retrying import Failed, Refusal, Retrying
from configsvc_agent.engine.standin import missed, stand_in
from configsvc_agent.errors import (
    DeadlineError,
    OpenError,
)


class Call:
    """The state of one call. Not for two threads at once; the machines behind it are.

    ``deadline``: when the call is over (monotonic microseconds, ``None``: never). ``result``: the
    attempt whose value or exception is handed out. ``note``: why a failure was not retried.
    ``missed``: why the operation that the policy names did not stand in.
    ``hedge_at``: when :meth:`hedge` wants to be called, ``None`` for not at all.
    """

    __slots__ = (
        "_facts",
        "_hedging",
        "_live",
        "_over",
        "_placing",
        "_plan",
        "_ports",
        "_retrying",
        "deadline",
        "missed",
        "note",
        "result",
    )

    def __init__(self, plan: Plan, ports: Ports, facts: Facts = NO_FACTS) -> None:
        self._plan = plan
        self._ports = ports
        self._facts = facts
        self._live: Attempt | None = None
        self._over = False
        self._hedging: Hedging | None = None
        self._placing: Placing | None = None
        self._retrying: Retrying | None = None
        self.deadline = facts.deadline
        self.note: str | None = None
        self.missed: str | None = None
        self.result: Attempt | None = None

    @classmethod
    def of(cls, attempt: Attempt, ports: Ports, facts: Facts) -> Call:
        """The call whose first attempt left on the express way: to be told how it ended."""
        call = cls(attempt.plan, ports, facts)
        call.deadline = attempt.deadline
        call._live = attempt
        attempt.key = facts.rate_key
        attempt.breaker = attempt.plan.breaker
        return call

    # ── what the driver reports ──────────────────────────────────────────────────────────────────

    def start(self, now: int) -> Command:
        """Begin; the overall limit counts from here."""
        plan = self._plan
        deadline = self.deadline
        if plan.overall is not None:
            own = now + plan.overall
            if deadline is None or own < deadline:
                self.deadline = deadline = own
        attempt = self._attempt(1)
        if plan.simple and self._facts.choose is None:
            return self._enter(attempt, now)
        self._placing = Placing(plan, self._facts)
        if plan.policy.hedge is not None:
            self._hedging = Hedging.of(plan, self._facts)
        return self._enter(attempt, now)

    def finished(self, attempt: Attempt, outcome: Outcome, now: int) -> Command:
        """``attempt`` ended with ``outcome``; its value or exception is in the attempt.

        An answer that came after the attempt had expired is a timeout. Reports that come after the
        call is over (the losers of a hedge) free what they hold and count for nothing else.
        """
        if self._over:
            admission.withdraw(attempt)
            return PENDING
        if attempt.held:
            admission.leave(attempt)
        expires = attempt.expires
        if expires is not None and now > expires:
            outcome = _expired(attempt, outcome)
        if attempt.breaker is not None:
            admission.record(attempt, outcome, now, self._ports)
        if self._ports.emit is not None and self._ports.attempts:
            self._tell_finished(attempt, outcome, now, self._ports.emit)
        if outcome.ok:
            return self._succeeded(attempt, now)
        return self._failed(Failed(attempt, outcome, None), now)

    def woken(self, wait: Wait, now: int) -> Command:
        """A wait ended, by time or by its waker. The same wait again means: go on waiting."""
        if wait.attempt is None:
            return self._retry(wait, now)
        verdict = admission.resume(wait.attempt, wait, now, self._ports)
        return self._proceed(wait.attempt, verdict, now)

    def cancelled(self, now: int) -> None:
        """The caller gives up: give back what is held; nothing of it counts as an outcome.

        Losers still in flight are reported with :meth:`finished` as before.
        """
        self._over = True
        if self._live is not None:
            admission.withdraw(self._live)
        if self._retrying is not None:
            self._retrying.refund(now)

    # ── hedging ──────────────────────────────────────────────────────────────────────────────────

    @property
    def hedge_at(self) -> int | None:
        """When the next copy is due, if another attempt may be sent beside the one in flight."""
        return None if self._over or self._hedging is None else self._hedging.due

    def hedge(self, now: int) -> Attempt | None:
        """The copy that is due, if it may leave at once; a copy never waits in a queue."""
        hedging = self._hedging
        if self._over or hedging is None or hedging.due is None or now < hedging.due:
            return None
        if self.deadline is not None and now >= self.deadline:
            return None
        copy = self._attempt(hedging.next_number())
        copy.copy = True
        if not hedging.pay(now, self._ports):
            return None
        verdict = self._placed(copy, now)
        started = self._launch(copy, now) if verdict is None else None
        if started is copy:
            return copy
        admission.withdraw(copy)
        hedging.refuse(verdict, now, self._ports)
        return None

    # ── admission ────────────────────────────────────────────────────────────────────────────────

    def _attempt(self, number: int) -> Attempt:
        attempt = Attempt(self._plan, self.deadline)
        attempt.number = number
        attempt.key = self._facts.rate_key
        attempt.breaker = self._plan.breaker
        return attempt

    def _enter(self, attempt: Attempt, now: int) -> Command:
        deadline = self.deadline
        if deadline is not None and deadline <= now:
            return self._out_of_time(attempt, now)
        self._live = attempt
        if self._placing is None:
            verdict = admission.enter(attempt, now, self._ports)
        else:
            verdict = self._placed(attempt, now)
        if verdict is None:
            return self._launch(attempt, now)
        return self._proceed(attempt, verdict, now)

    def _placed(self, attempt: Attempt, now: int) -> admission.Verdict:
        """Admission at an instance of choice, past instances whose breaker is open."""
        placing = self._placing
        if placing is None:
            return admission.enter(attempt, now, self._ports)
        verdict: admission.Verdict = None
        while placing.place(attempt):
            verdict = admission.enter(attempt, now, self._ports)
            if not isinstance(verdict, OpenError):
                return verdict
        return verdict

    def _proceed(self, attempt: Attempt, verdict: admission.Verdict, now: int) -> Command:
        if verdict is None:
            return self._launch(attempt, now)
        if isinstance(verdict, Wait):
            return verdict
        self._live = None
        if self.deadline is not None and now >= self.deadline:
            return self._out_of_time(attempt, now)
        if self._ports.emit is not None:
            rejected = AttemptRejected(
                self._plan.edge, now, attempt.number, verdict.kind, verdict.remaining
            )
            self._ports.emit(rejected)
        return self._failed(Failed(attempt, REJECTIONS[verdict.kind], verdict), now)

    def _launch(self, attempt: Attempt, now: int) -> Command:
        deadline = attempt.deadline
        limit = self._plan.attempt
        if deadline is not None:
            if deadline <= now:
                admission.withdraw(attempt)
                return self._out_of_time(attempt, now)
            if limit is None or deadline - now < limit:
                limit = deadline - now
        attempt.started = now
        if limit is not None:
            attempt.expires = now + limit
        self._account(attempt, now)
        if self._ports.emit is not None and self._ports.attempts:
            self._tell_started(attempt, limit, now, self._ports.emit)
        return attempt

    def _tell_started(
        self, attempt: Attempt, limit: int | None, now: int, emit: Callable[[Event], None]
    ) -> None:
        number, where = attempt.number, attempt.instance
        emit(AttemptStarted(self._plan.edge, now, number, limit, where, attempt.copy))

    def _account(self, attempt: Attempt, now: int) -> None:
        """An attempt leaves: the first one pays in, a later one has used what was paid for it."""
        budget = self._plan.budget
        if attempt.number == 1 and budget is not None:
            budget.acquire()
            try:
                budget.machine.deposit(now)
            finally:
                budget.release()
        if self._retrying is not None:
            self._retrying.paid = False
            attempt.exception = None
        if self._hedging is not None:
            self._hedging.left(attempt, now)

    # ── outcomes ─────────────────────────────────────────────────────────────────────────────────

    def _succeeded(self, attempt: Attempt, now: int) -> HandOut:
        self._over = True
        self.result = attempt
        good, request = self._plan.last_good, self._facts.cache_key
        if good is not None and request is not None:
            with good.lock:
                good.machine.keep(request, attempt.value, now)
        return HAND_OUT

    def _failed(self, failed: Failed, now: int) -> Command:
        self._live = None
        if self._hedging is not None and self._hedging.wait_for_others(failed):
            return PENDING
        if failed.error is not None and self._retrying is not None:
            self._retrying.refund(now)
        retry = self._plan.retry
        if retry is None or failed.outcome.classes.isdisjoint(retry.retry_on):
            return self._end(failed, now)
        if self._retrying is None:
            self._retrying = Retrying(self._plan, retry, self._facts)
        wait = self._retrying.next_wait(failed, now, self._ports)
        if isinstance(wait, Refusal):
            return self._give_up(failed, wait, now)
        if self._ports.emit is not None:
            following = failed.attempt.number + 1
            classes = failed.outcome.classes
            self._ports.emit(RetryScheduled(self._plan.edge, now, following, wait, classes))
        return Wait(now + wait)

    def _give_up(self, failed: Failed, why: Refusal, now: int) -> Command:
        self.note = why.text
        if self._ports.emit is not None:
            following = failed.attempt.number + 1
            classes = failed.outcome.classes
            edge = self._plan.edge
            self._ports.emit(RetryRefused(edge, now, following, classes, why.cause, why.text))
        return self._end(failed, now)

    def _retry(self, wait: Wait, now: int) -> Command:
        """The pause between two attempts is over, unless it was cut short for no reason."""
        retrying = self._retrying
        if retrying is None or retrying.last is None or wait.until is None or now < wait.until:
            return wait
        last = retrying.last
        if not retrying.fits(now, self.deadline):
            retrying.refund(now)
            late = Refusal("deadline", "the wait took so long that no attempt fits any more")
            return self._give_up(last, late, now)
        attempt = self._attempt(last.attempt.number + 1)
        # The cause if this one is refused; dropped, with its traceback, as soon as this one leaves.
        attempt.exception, last.attempt.exception = last.attempt.exception, None
        return self._enter(attempt, now)

    def _out_of_time(self, attempt: Attempt, now: int) -> Command:
        """The deadline passed before the attempt could leave."""
        self._live = None
        if self._retrying is not None:
            self._retrying.refund(now)
        what = f"attempt {attempt.number} could not leave within"
        error = deadline_error(attempt, self._facts.deadline, what)
        return self._end(Failed(attempt, TIMEOUT, error), now)

    def _end(self, failed: Failed, now: int) -> Command:
        """The call failed: hand out the failure, its typed error, or what stands in for it."""
        self._over = True
        self.result = failed.attempt
        error = failed.error or timeout_error(
            failed.attempt, failed.outcome, self._facts.deadline, now
        )
        if isinstance(error, DeadlineError) and self._ports.emit is not None:
            self._ports.emit(DeadlineExceeded(self._plan.edge, now, error.reason))
        ending = HAND_OUT if error is None else Refuse(error)
        if self._plan.policy.fallback is None or failed.outcome.classes.isdisjoint(FAILURES):
            return ending
        command = stand_in(self._plan, self._facts, failed.outcome, ending, now, self._ports)
        if command is ending:
            self.missed = missed(self._plan, self._facts, now, self._ports)
        return command

    def _tell_finished(
        self, attempt: Attempt, outcome: Outcome, now: int, emit: Callable[[Event], None]
    ) -> None:
        latency, where = now - attempt.started, attempt.instance
        number, ok, classes = attempt.number, outcome.ok, outcome.classes
        emit(AttemptFinished(self._plan.edge, now, number, ok, classes, latency, where))


def _expired(attempt: Attempt, outcome: Outcome) -> Outcome:
    """What an outcome that came too late counts as; a mistake in the caller's code stays one."""
    if not outcome.ok and not outcome.classes:
        return outcome
    attempt.overran = "timeout" not in outcome.classes
    return TIMEOUT
