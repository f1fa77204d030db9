"""The inner layers of a call: breaker( rate limit( bulkhead( attempt ))), for one attempt.

Functions here move one attempt through the layers and back. Each takes the lock of one machine for
one transition and none while it holds another; wakers are set after the lock is left.
"""

from __future__ import annotations

from typing import TypeAlias

from configsvc_agent.engine.breaker import Breaker, State
from configsvc_agent.engine.bulkhead import Bulkhead
from configsvc_agent.engine.commands import Attempt, Ports, Wait
from configsvc_agent.engine.deadline import earliest
from configsvc_agent.engine.events import BreakerChanged
from configsvc_agent.engine.limiter import RateLimiter
from configsvc_agent.engine.outcome import Outcome
from configsvc_agent.engine.plan import Cell
from configsvc_agent.engine.policy import RateLimit
from configsvc_agent.engine.waiting import Ticket
from configsvc_agent.errors import (
    FullError,
    LimitedError,
    OpenError,
    RejectedError,
    duration_text,
)

Verdict: TypeAlias = Wait | RejectedError | None
"""``None``: the attempt may leave; otherwise it waits, or was refused and holds nothing."""


def enter(attempt: Attempt, now: int, ports: Ports) -> Verdict:
    """Take the attempt through all layers."""
    breaker = attempt.breaker
    if breaker is not None:
        permit = breaker.machine.closed_permit
        if permit is None:
            refusal = _ask_breaker(attempt, breaker, now, ports)
            if refusal is not None:
                return refusal
        else:
            attempt.permit = permit
    limiter = attempt.plan.limiter
    if limiter is not None:
        limiter.acquire()
        try:
            wait = limiter.machine.acquire(now, attempt.key)
        finally:
            limiter.release()
        if wait:
            return _queue_for_token(attempt, limiter, wait, now, ports)
    return _enter_bulkhead(attempt, now, ports)


def resume(attempt: Attempt, wait: Wait, now: int, ports: Ports) -> Verdict:
    """Go on after a wait; ``wait`` again when it ended for no reason."""
    plan, reservation, ticket = attempt.plan, attempt.reservation, attempt.ticket
    if reservation is not None and plan.limiter is not None:
        if not reservation.granted and now < reservation.ready_at:
            return wait
        with plan.limiter.lock:
            plan.limiter.machine.settle(reservation)
        attempt.reservation = None
        return _enter_bulkhead(attempt, now, ports)
    if ticket is not None and plan.bulkhead is not None:
        if not ticket.granted and (wait.until is None or now < wait.until):
            return wait
        return _end_of_queue(attempt, plan.bulkhead, ticket)
    return wait


def leave(attempt: Attempt) -> None:
    """Give the bulkhead's permit back, if the attempt holds one."""
    bulkhead = attempt.plan.bulkhead
    if bulkhead is None or not attempt.held:
        return
    attempt.held = False
    bulkhead.acquire()
    try:
        heir = bulkhead.machine.release()
    finally:
        bulkhead.release()
    if heir is not None:
        heir.set()


def record(attempt: Attempt, outcome: Outcome, now: int, ports: Ports) -> None:
    """Tell the breaker how an attempt that left has ended."""
    breaker = attempt.breaker
    if breaker is None:
        return
    breaker.acquire()
    try:
        entered = breaker.machine.record(attempt.permit, outcome, now - attempt.started, now)
    finally:
        breaker.release()
    if entered:
        _announce(attempt, entered, now, ports)


def withdraw(attempt: Attempt) -> None:
    """The attempt will not leave, or its end says nothing: give back everything it holds."""
    _stop_queueing(attempt)
    leave(attempt)
    _release_breaker(attempt)


# ── breaker ──────────────────────────────────────────────────────────────────────────────────────


def _ask_breaker(
    attempt: Attempt, breaker: Cell[Breaker], now: int, ports: Ports
) -> OpenError | None:
    with breaker.lock:
        admission = breaker.machine.acquire(now)
    if admission.entered:
        _announce(attempt, admission.entered, now, ports)
    if admission.permit is not None:
        attempt.permit = admission.permit
        return None
    if admission.remaining:
        reason = f"the circuit breaker is open for another {duration_text(admission.remaining)}"
    else:
        reason = "the circuit breaker is half-open and all its probes are under way"
    policy = attempt.plan.source("breaker.openFor")
    return attempt.plan.error(OpenError, reason, policy, admission.remaining)


def _release_breaker(attempt: Attempt) -> None:
    if attempt.breaker is not None and attempt.permit:
        with attempt.breaker.lock:
            attempt.breaker.machine.release(attempt.permit)
        attempt.permit = 0


def _announce(attempt: Attempt, states: tuple[State, ...], now: int, ports: Ports) -> None:
    if ports.emit is not None:
        for state in states:
            ports.emit(BreakerChanged(attempt.plan.edge, now, state, attempt.instance))


# ── rate limit ───────────────────────────────────────────────────────────────────────────────────


def _queue_for_token(
    attempt: Attempt, limiter: Cell[RateLimiter], wait: int, now: int, ports: Ports
) -> Verdict:
    in_time = attempt.deadline is None or now + wait < attempt.deadline
    if wait > limiter.machine.policy.max_wait or not in_time:
        return _limited(attempt, wait)
    with limiter.lock:
        reserved = limiter.machine.reserve(now, ports.waker(), attempt.key)
    if isinstance(reserved, int):
        return _limited(attempt, reserved)
    if reserved.granted:
        return _enter_bulkhead(attempt, now, ports)
    attempt.reservation = reserved
    return Wait(reserved.ready_at, reserved.waker, attempt)


def _limited(attempt: Attempt, wait: int) -> LimitedError:
    _release_breaker(attempt)
    plan = attempt.plan
    limit = plan.policy.rate_limit or RateLimit(1)
    reason = (
        f"the rate limit of {limit.limit} per {duration_text(limit.period)} is used up; "
        f"the next attempt fits in {duration_text(wait)}"
    )
    return plan.error(LimitedError, reason, plan.source("rateLimit.limit"), wait)


# ── bulkhead ─────────────────────────────────────────────────────────────────────────────────────


def _enter_bulkhead(attempt: Attempt, now: int, ports: Ports) -> Verdict:
    bulkhead = attempt.plan.bulkhead
    if bulkhead is None:
        return None
    bulkhead.acquire()
    try:
        free = bulkhead.machine.acquire()
    finally:
        bulkhead.release()
    if free:
        attempt.held = True
        return None
    return _queue_for_permit(attempt, bulkhead, now, ports)


def _queue_for_permit(
    attempt: Attempt, bulkhead: Cell[Bulkhead], now: int, ports: Ports
) -> Verdict:
    policy = bulkhead.machine.policy
    if not policy.queue or policy.max_wait == 0:
        return _full(attempt, "")
    waker = ports.waker()
    with bulkhead.lock:
        ticket = bulkhead.machine.enqueue(waker)
    if ticket is None:
        return _full(attempt, f" and so is its queue of {policy.queue}")
    if ticket.granted:
        attempt.held = True
        return None
    attempt.ticket = ticket
    patience = None if policy.max_wait is None else now + policy.max_wait
    return Wait(earliest(patience, attempt.deadline), waker, attempt)


def _end_of_queue(attempt: Attempt, bulkhead: Cell[Bulkhead], ticket: Ticket) -> Verdict:
    with bulkhead.lock:
        granted = bulkhead.machine.leave(ticket)
    attempt.ticket = None
    attempt.held = granted
    return None if granted else _full(attempt, ", and so it was until the wait for it ran out")


def _full(attempt: Attempt, detail: str) -> FullError:
    plan = attempt.plan
    if plan.limiter is not None:
        with plan.limiter.lock:
            plan.limiter.machine.refund(attempt.key)
    _release_breaker(attempt)
    limit = plan.policy.bulkhead.max_concurrent if plan.policy.bulkhead else 0
    reason = f"the bulkhead is full: {limit} attempts in flight{detail}"
    return plan.error(FullError, reason, plan.source("bulkhead.maxConcurrent"))


def _stop_queueing(attempt: Attempt) -> None:
    """Leave whatever queue the attempt stands in; a permit granted meanwhile becomes its own."""
    plan = attempt.plan
    if attempt.reservation is not None and plan.limiter is not None:
        with plan.limiter.lock:
            plan.limiter.machine.cancel(attempt.reservation)
        attempt.reservation = None
    if attempt.ticket is not None and plan.bulkhead is not None:
        with plan.bulkhead.lock:
            attempt.held = plan.bulkhead.machine.leave(attempt.ticket)
        attempt.ticket = None
