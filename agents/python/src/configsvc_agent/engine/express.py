"""The way of most calls: one attempt, nothing in its way, and it succeeds.

The same steps in the same order as :class:`~configsvc_agent.engine.call.Call` and
:mod:`~configsvc_agent.engine.admission` take, without an object for what will not be needed. As
soon as anything is refused, has to wait, fails or comes late, the call goes on the general way. A
test holds both to the same trace.

The machines of a plan share one lock, so limiter, bulkhead and budget are passed in one go, and an
attempt that one of them will not let leave takes nothing from the others.
"""

from __future__ import annotations

from configsvc_agent.engine import admission
from configsvc_agent.engine.commands import NO_FACTS, Attempt, Facts, Ports
from configsvc_agent.engine.outcome import SUCCESS
from configsvc_agent.engine.plan import NO_CELL, Plan


class Express:
    """The way of one plan. Shared by all calls of the edge; has no state of its own."""

    __slots__ = (
        "_attempt",
        "_breaker",
        "_bulkhead",
        "_deposit",
        "_leave",
        "_lock",
        "_overall",
        "_plan",
        "_take",
        "_unlock",
    )

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._attempt = plan.attempt
        self._overall = plan.overall
        self._breaker = None if plan.breaker is None else plan.breaker.machine
        self._bulkhead = None if plan.bulkhead is None else plan.bulkhead.machine
        self._leave = None if plan.bulkhead is None else plan.bulkhead.machine.release
        self._take = None if plan.limiter is None else plan.limiter.machine.acquire
        self._deposit = None if plan.budget is None else plan.budget.machine.deposit
        any_cell = plan.limiter or plan.bulkhead or plan.budget or NO_CELL
        self._lock, self._unlock = any_cell.acquire, any_cell.release

    @classmethod
    def of(cls, plan: Plan) -> Express | None:
        """The express way of a plan, if its calls need no more than attempts and time."""
        return cls(plan) if plan.simple and plan.last_good is None else None

    def depart(self, now: int, facts: Facts) -> Attempt | None:  # noqa: C901 - one frame: split, each call costs a quarter more
        """The first attempt, under way; ``None``, and nothing has changed, if it cannot be."""
        permit = 0
        if self._breaker is not None:
            closed = self._breaker.closed_permit
            if closed is None:
                return None
            permit = closed
        deadline = None
        if facts is not NO_FACTS:
            deadline = facts.deadline
            if facts.choose is not None or (deadline is not None and deadline <= now):
                return None
        overall = self._overall
        if overall is not None and (deadline is None or now + overall < deadline):
            deadline = now + overall
        bulkhead = self._bulkhead
        self._lock()
        try:
            if bulkhead is not None and bulkhead.in_flight >= bulkhead.limit:
                return None
            if self._take is not None and self._take(now, facts.rate_key):
                return None
            if bulkhead is not None:
                bulkhead.in_flight += 1
            if self._deposit is not None:
                self._deposit(now)
        finally:
            self._unlock()
        attempt = Attempt(self._plan, deadline)
        limit = self._attempt
        if limit is not None and (deadline is None or now + limit < deadline):
            attempt.expires = now + limit
        else:
            attempt.expires = deadline
        attempt.permit = permit
        attempt.held = bulkhead is not None
        attempt.started = now
        return attempt

    def arrive(self, attempt: Attempt, now: int, ports: Ports) -> bool:
        """The attempt succeeded; false, and nothing has changed, if its answer came too late."""
        expires = attempt.expires
        if expires is not None and now > expires:
            return False
        if self._leave is not None:
            self._lock()
            try:
                heir = self._leave()
            finally:
                self._unlock()
            if heir is not None:
                heir.set()
        breaker = self._breaker
        if breaker is not None and (
            attempt.permit != breaker.quiet_permit or now - attempt.started > breaker.slow_above
        ):
            attempt.breaker = self._plan.breaker
            admission.record(attempt, SUCCESS, now, ports)
        return True
