"""The circuit breaker: leaves a failing callee alone, then lets exactly a few attempts find out."""

from __future__ import annotations

import sys
from typing import Any, Final, Literal, TypeAlias

from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.policy import PPM, CircuitBreaker
from configsvc_agent.engine.waiting import Waker
from configsvc_agent.engine.window import FAILED, SEEN, SLOW, empty_window
from configsvc_agent.values import Value

_NEVER_SLOW: Final = sys.maxsize

State: TypeAlias = Literal["closed", "open", "half-open"]


class Admission(Value):
    """The answer to an attempt that wants to leave.

    ``permit`` is ``None`` for a refusal; ``remaining`` then tells for how long (0: half-open and
    all probes under way). ``entered`` are the states that the asking led to, in order.
    """

    permit: int | None
    remaining: int
    entered: tuple[State, ...]


class Breaker:
    """Counts outcomes of attempts and decides which may leave.

    A permit is good for one attempt and ends in :meth:`record` or :meth:`release`. It belongs to
    the state in which it was given: a late outcome from before the breaker opened neither closes
    nor re-opens it.
    """

    __slots__ = (
        "_entered_at",
        "_failures",
        "_generation",
        "_ignore",
        "_minimum",
        "_out",
        "_rate",
        "_record",
        "_seen",
        "_slow",
        "_slow_rate",
        "_window",
        "closed_permit",
        "policy",
        "quiet_permit",
        "slow_above",
        "state",
    )

    def __init__(self, policy: CircuitBreaker) -> None:
        self.state: State = "closed"
        self._generation = 1
        self._entered_at = 0
        self.closed_permit: int | None = 1
        """The permit of a closed breaker, ``None`` in any other state: while closed, admission
        changes nothing, so one read of this attribute is the whole transition."""
        self.quiet_permit: int | None = None
        """As :attr:`closed_permit`, while the window is full of fast successes and nothing else:
        one more changes nothing, so it need not be recorded."""
        self._window = empty_window(policy.window)
        self._forget_probes()
        self._obey(policy)

    def _obey(self, policy: CircuitBreaker) -> None:
        self.policy = policy
        self._minimum = policy.minimum_calls
        self._rate = policy.failure_rate
        self._record = policy.record
        self._ignore = policy.ignore
        slow = policy.slow_call
        self.slow_above = slow.above if slow else _NEVER_SLOW
        self._slow_rate = slow.rate if slow else 0

    # ── admission ────────────────────────────────────────────────────────────────────────────────

    def acquire(self, now: int) -> Admission:
        """A permit for one attempt, or the refusal."""
        entered = self._pass_time(now)
        if self.state == "closed":
            return Admission(self._generation, 0, entered)
        if self.state == "open":
            return Admission(None, self._entered_at + self.policy.open_for - now, entered)
        if self._seen + self._out >= self.policy.half_open.probes:
            return Admission(None, 0, entered)
        self._out += 1
        return Admission(self._generation, 0, entered)

    def _pass_time(self, now: int) -> tuple[State, ...]:
        """The states that time alone leads to by ``now``: undecided probes, the end of open."""
        entered: tuple[State, ...] = ()
        max_wait = self.policy.half_open.max_wait
        if (
            self.state == "half-open"
            and max_wait is not None
            and now >= self._entered_at + max_wait
        ):
            entered = self._enter("open", self._entered_at + max_wait)
        if self.state == "half-open":  # a new policy may want no more probes than are in
            entered += self._judge_probes(now)
        if self.state == "open" and now >= self._entered_at + self.policy.open_for:
            entered += self._enter("half-open", now)
        return entered

    def release(self, permit: int) -> None:
        """Give back a permit whose attempt says nothing about the callee."""
        if permit == self._generation and self.state == "half-open":
            self._out -= 1

    # ── outcomes ─────────────────────────────────────────────────────────────────────────────────

    def record(self, permit: int, outcome: Outcome, latency: int, now: int) -> tuple[State, ...]:
        """Count the outcome of an admitted attempt; the states entered through it."""
        if permit != self._generation:
            return ()
        mark = SEEN if outcome.ok else self._mark(outcome)
        if not mark:
            self.release(permit)
            return ()
        if latency > self.slow_above:
            mark |= SLOW
        if self.state != "closed":
            return self._record_probe(mark, now)
        window = self._window
        window.add(mark, now)
        if not window.failures and not window.slow:
            self.quiet_permit = permit if window.steady else None
            return ()
        self.quiet_permit = None
        return self._enter("open", now) if self._trips() else ()

    def _mark(self, outcome: Outcome) -> int:
        """The mark of an outcome that is not ok; 0 for one that does not count."""
        classes = outcome.classes
        if not classes or not classes.isdisjoint(self._ignore):
            return 0
        return SEEN if classes.isdisjoint(self._record) else SEEN | FAILED

    def _trips(self) -> bool:
        window = self._window
        if window.total < self._minimum:
            return False
        return self._too_many(window.failures, window.slow, window.total)

    def _too_many(self, failures: int, slow: int, total: int) -> bool:
        if failures and failures * PPM >= self._rate * total:
            return True
        return self._slow_rate > 0 and slow > 0 and slow * PPM >= self._slow_rate * total

    def _record_probe(self, mark: int, now: int) -> tuple[State, ...]:
        entered = self._pass_time(now)
        if entered:  # the wait for the probes is over: this one came too late
            return entered
        self._out -= 1
        self._seen += 1
        self._failures += mark >> 1 & 1
        self._slow += mark >> 2 & 1
        return self._judge_probes(now)

    def _judge_probes(self, now: int) -> tuple[State, ...]:
        """Open as soon as no further probe can help; close when all of them are in."""
        probes = self.policy.half_open.probes
        if self._too_many(self._failures, self._slow, probes):
            return self._enter("open", now)
        if self._seen >= probes:
            return self._enter("closed", now)
        return ()

    # ── states ───────────────────────────────────────────────────────────────────────────────────

    def _enter(self, state: State, at: int) -> tuple[State, ...]:
        self.state = state
        self._generation += 1
        self._entered_at = at
        self.closed_permit = self._generation if state == "closed" else None
        self.quiet_permit = None
        self._forget_probes()
        if state != "closed":
            self._window = empty_window(self.policy.window)
        return (state,)

    def _forget_probes(self) -> None:
        self._out = 0
        self._seen = 0
        self._failures = 0
        self._slow = 0

    def reconfigure(self, policy: CircuitBreaker, now: int) -> list[Waker]:
        """Obey ``policy`` from now on; the state stays and the window keeps what fits.

        ``openFor`` and ``maxWait`` count from when the state began, also when they are new.
        """
        old = self.policy.window
        self.quiet_permit = None
        if policy.window.kind != old.kind:
            self._window = empty_window(policy.window)
        elif policy.window.size != old.size:
            self._window = self._window.resized(policy.window.size)
        self._obey(policy)
        return []

    def close(self) -> list[Waker]:
        """The policy is gone: nobody waits on a breaker."""
        return []

    def snapshot(self) -> dict[str, Any]:
        """Plain values for :meth:`restore`."""
        return {
            "state": self.state,
            "generation": self._generation,
            "entered_at": self._entered_at,
            "probes": [self._out, self._seen, self._failures, self._slow],
            "window": self._window.snapshot(),
        }

    @classmethod
    def restore(cls, policy: CircuitBreaker, saved: dict[str, Any]) -> Breaker:
        """The breaker that :meth:`snapshot` described; ``policy`` is the one it then obeyed."""
        breaker = cls(policy)
        breaker.state = saved["state"]
        breaker._generation = saved["generation"]
        breaker._entered_at = saved["entered_at"]
        breaker._out, breaker._seen, breaker._failures, breaker._slow = saved["probes"]
        breaker.closed_permit = breaker._generation if breaker.state == "closed" else None
        breaker._window.load(saved["window"])
        return breaker
