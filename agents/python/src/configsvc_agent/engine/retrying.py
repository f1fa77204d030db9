"""Whether and when a failed attempt is made again."""

from __future__ import annotations

from configsvc_agent.engine.backoff import BackoffSchedule
from configsvc_agent.engine.commands import Attempt, Facts, Ports
from configsvc_agent.engine.events import NoRetry
from configsvc_agent.engine.idempotence import is_idempotent, may_repeat
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.plan import Plan
from configsvc_agent.engine.policy import Retry
from configsvc_agent.errors import CallError, duration_text
from configsvc_agent.values import Value


class Failed:
    """An attempt that failed, with what its driver must be told if no other one follows."""

    __slots__ = ("attempt", "error", "outcome")

    def __init__(self, attempt: Attempt, outcome: Outcome, error: CallError | None) -> None:
        self.attempt = attempt
        self.outcome = outcome
        self.error = error


class Refusal(Value):
    """Why there is no other attempt, for machines and in words."""

    cause: NoRetry
    text: str


class Retrying:
    """The memory of one call between its attempts.

    ``paid``: the budget was charged for an attempt that has not left yet.
    """

    __slots__ = ("_facts", "_plan", "_retry", "_schedule", "last", "paid")

    def __init__(self, plan: Plan, retry: Retry, facts: Facts) -> None:
        self._plan = plan
        self._retry = retry
        self._facts = facts
        self._schedule = BackoffSchedule(retry.backoff)
        self.paid = False
        self.last: Failed | None = None

    def next_wait(self, failed: Failed, now: int, ports: Ports) -> int | Refusal:
        """Microseconds until the next attempt, paid for; or why there is none."""
        self.last = failed
        refusal = self._forbidden(failed)
        if refusal is not None:
            return refusal
        asked = failed.outcome.retry_after if self._retry.retry_after.honour else None
        longest = self._retry.retry_after.max
        if asked is not None and longest is not None and asked > longest:
            allowed = f"the policy waits at most {duration_text(longest)}"
            return Refusal("retry-after", f"the callee asks for {duration_text(asked)}, {allowed}")
        wait = max(self._schedule.next_wait(ports.rng), asked or 0)
        if not self.fits(now + wait, failed.attempt.deadline):
            late = f"no attempt after a wait of {duration_text(wait)} ends before the deadline"
            return Refusal("deadline", late)
        return wait if self._pay(now) else Refusal("budget", "the retry budget is used up")

    def _forbidden(self, failed: Failed) -> Refusal | None:
        retry, facts = self._retry, self._facts
        if failed.attempt.number >= retry.attempts:
            return Refusal("attempts", f"all {retry.attempts} attempts are used up")
        idempotent = is_idempotent(declared=self._plan.policy.idempotent, method=facts.method)
        if may_repeat(idempotent=idempotent, has_key=facts.has_key, rule=retry.non_idempotent):
            return None
        rule = f"nonIdempotent is {retry.non_idempotent!r}"
        return Refusal("idempotence", f"the operation is not idempotent and {rule}")

    def fits(self, start: int, deadline: int | None) -> bool:
        """Whether an attempt that starts at ``start`` has the smallest time worth an attempt."""
        return deadline is None or start + self._plan.policy.floor < deadline

    def _pay(self, now: int) -> bool:
        budget = self._plan.budget
        if budget is None:
            return True
        with budget.lock:
            self.paid = budget.machine.withdraw(now)
        return self.paid

    def refund(self, now: int) -> None:
        """Give the price back of an attempt that will not leave."""
        if self.paid and self._plan.budget is not None:
            with self._plan.budget.lock:
                self._plan.budget.machine.refund(now)
        self.paid = False
