"""The errors of calls that ran out of time."""

from __future__ import annotations

from configsvc_agent.engine.commands import Attempt
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.errors import (
    AttemptTimeoutError,
    CallTimeoutError,
    DeadlineError,
    duration_text,
)

INBOUND_DEADLINE = "inbound deadline"
"""What stands for the policy in an error that the caller's caller decided."""


def timeout_error(
    attempt: Attempt, outcome: Outcome, inbound: int | None, now: int
) -> CallTimeoutError | None:
    """The error of an attempt that reached its limit; ``None`` if it ended for another reason."""
    if attempt.expires is None or now < attempt.expires or "timeout" not in outcome.classes:
        return None
    plan = attempt.plan
    error: CallTimeoutError
    if attempt.expires == attempt.deadline:
        what = f"attempt {attempt.number} was cut by{_ran_on(attempt)}"
        error = deadline_error(attempt, inbound, what)
    else:
        limit = duration_text(attempt.expires - attempt.started)
        reason = f"attempt {attempt.number} took longer than its limit of {limit}{_ran_on(attempt)}"
        error = plan.error(AttemptTimeoutError, reason, plan.source("timeout.attempt"))
    error.interrupted = not attempt.overran
    return error


def deadline_error(attempt: Attempt, inbound: int | None, what: str) -> DeadlineError:
    """The error of a call whose time is up; ``what`` leads over to the limit that decided."""
    plan = attempt.plan
    if inbound is not None and inbound == attempt.deadline:
        reason = f"{what} the deadline that came in with the request"
        return plan.error(DeadlineError, reason, INBOUND_DEADLINE)
    reason = f"{what} the overall limit of {duration_text(plan.overall or 0)}"
    return plan.error(DeadlineError, reason, plan.source("timeout.overall"))


def _ran_on(attempt: Attempt) -> str:
    return " (it could not be interrupted and ran to its end)" if attempt.overran else ""
