"""When a second copy of a slow attempt is sent, and which of them counts."""

from __future__ import annotations

from configsvc_agent.engine.admission import Verdict
from configsvc_agent.engine.commands import Attempt, Facts, Ports
from configsvc_agent.engine.events import HedgeRefused
from configsvc_agent.engine.idempotence import is_idempotent
from configsvc_agent.engine.outcome import FAILURES
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import Hedge
from configsvc_agent.engine.retrying import Failed


class Hedging:
    """The copies of one call.

    The first attempt that answers decides, also with a 4xx. One that fails waits for those in
    flight; no further copy is sent then, because repeating failures is the retry's business.
    """

    __slots__ = ("_flying", "_hedge", "_plan", "_sent", "due")

    def __init__(self, plan: Plan, hedge: Hedge) -> None:
        self._plan = plan
        self._hedge = hedge
        self._sent = 0
        self._flying: set[Attempt] = set()
        self.due: int | None = None

    @classmethod
    def of(cls, plan: Plan, facts: Facts) -> Hedging | None:
        """The hedging that the policy allows: none for an operation that is not idempotent."""
        hedge = plan.policy.hedge
        if hedge is None or not is_idempotent(declared=plan.policy.idempotent, method=facts.method):
            return None
        return cls(plan, hedge)

    def left(self, attempt: Attempt, now: int) -> None:
        """An attempt is in flight; the first one starts the clock for the copies."""
        self._flying.add(attempt)
        if not attempt.copy:
            self.due = now + self._hedge.delay

    def next_number(self) -> int:
        """The number of the copy that is due; sets when the one after it is."""
        self._sent += 1
        if self.due is not None:
            self.due = self.due + self._hedge.delay if self._sent < self._hedge.copies else None
        return self._sent + 1

    def pay(self, now: int, ports: Ports) -> bool:
        """Charge the budget for one copy."""
        budget = self._plan.budget
        if budget is None:
            return True
        with budget.lock:
            paid = budget.machine.withdraw(now)
        if not paid:
            self._tell("the hedge budget is used up", now, ports)
        return paid

    def refuse(self, verdict: Verdict, now: int, ports: Ports) -> None:
        """A copy that was paid for may not leave."""
        if self._plan.budget is not None:
            with self._plan.budget.lock:
                self._plan.budget.machine.refund(now)
        reason = verdict.reason if isinstance(verdict, Exception) else "it would have to wait"
        self._tell(reason, now, ports)

    def _tell(self, reason: str, now: int, ports: Ports) -> None:
        if ports.emit is not None:
            ports.emit(HedgeRefused(self._plan.edge, now, reason))

    def wait_for_others(self, failed: Failed) -> bool:
        """Whether this failure leaves the decision to attempts that are still in flight."""
        self._flying.discard(failed.attempt)
        self.due = None
        return bool(self._flying) and not failed.outcome.classes.isdisjoint(FAILURES)
