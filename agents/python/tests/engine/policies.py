"""Policies for tests: every argument has a value that a test need not care about."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

from configsvc_agent.engine.policy import (
    PPM,
    SECOND,
    Backoff,
    Bulkhead,
    CallPolicy,
    CircuitBreaker,
    HalfOpen,
    RateLimit,
    Retry,
    RetryBudget,
    SlowCall,
    Timeout,
    Window,
)

RANDOM = settings(deadline=None, max_examples=60)
"""For tests over random values: limited in number, never in time, because build servers pause."""

HISTORIES = settings(deadline=None, max_examples=60, stateful_step_count=40)
"""For state machines that run beside a model."""

FAILING = frozenset({"connect", "refused", "reset", "timeout", "5xx"})


def breaker(**fields: object) -> CircuitBreaker:
    """Opens at half of ten or more failing, for a second, with two probes."""
    values: dict[str, Any] = {
        "window": Window("count", 20),
        "minimum_calls": 10,
        "failure_rate": PPM // 2,
        "record": FAILING,
        "open_for": SECOND,
        "half_open": HalfOpen(probes=2),
    }
    return CircuitBreaker(**(values | fields))


def retry(attempts: int = 3, **fields: object) -> Retry:
    """Repeats transport failures and 5xx after a fixed 100 ms."""
    values: dict[str, Any] = {
        "retry_on": FAILING,
        "backoff": Backoff(base=100_000, multiplier=PPM, jitter="none"),
    }
    return Retry(attempts, **(values | fields))


def everything() -> CallPolicy:
    """All policies on, none of them tight."""
    return CallPolicy(
        timeout=Timeout(connect=SECOND, attempt=SECOND, overall=3 * SECOND),
        retry=retry(budget=RetryBudget(ratio=PPM // 5, min_per_second=10)),
        breaker=breaker(
            window=Window("count", 100),
            minimum_calls=20,
            slow_call=SlowCall(above=SECOND * 4 // 5, rate=PPM // 2),
        ),
        bulkhead=Bulkhead(max_concurrent=64, queue=16, max_wait=100_000),
        rate_limit=RateLimit(limit=1_000_000, burst=1_000_000),
        idempotent=True,
    )
