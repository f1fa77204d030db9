"""Policies refuse what no engine could obey."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from configsvc_agent.engine.policy import (
    Backoff,
    Bulkhead,
    CallPolicy,
    CircuitBreaker,
    Edge,
    Hedge,
    RateLimit,
    Retry,
    SlowCall,
    Timeout,
    Window,
)
from configsvc_agent.errors import PolicyError


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Timeout(attempt=0), "Timeout.attempt must be an int of at least 1, got 0"),
        (lambda: Timeout(overall=1.5), "Timeout.overall must be an int of at least 1, got 1.5"),
        (lambda: Timeout(idle=True), "Timeout.idle must be an int of at least 1, got True"),
        (lambda: Backoff(base=10, max=9), "Backoff.max must be an int of at least 10, got 9"),
        (lambda: Backoff(1, multiplier=999_999), "Backoff.multiplier must be an int of at least"),
        (lambda: Backoff(1, jitter="some"), "Backoff.jitter must be one of none, equal, full, dec"),
        (lambda: Retry(0, frozenset(), Backoff(1)), "Retry.attempts must be an int of at least 1"),
        (lambda: Window("count", 10**7), "Window.size must be at most 1000000 outcomes"),
        (lambda: SlowCall(above=1, rate=1_000_001), "SlowCall.rate must be parts per million in 1"),
        (lambda: Bulkhead(0), "Bulkhead.max_concurrent must be an int of at least 1, got 0"),
        (lambda: RateLimit(limit=1, burst=0), "RateLimit.burst must be an int of at least 1"),
        (
            lambda: CircuitBreaker(Window("time", 1), 1, 0, frozenset(), 1),
            "CircuitBreaker.failure_rate must be parts per million in 1..1000000, got 0",
        ),
        (
            lambda: CallPolicy(retry=Retry(2, frozenset(), Backoff(1)), hedge=Hedge(1, 1)),
            "a call retries or hedges, not both: got Retry.attempts=2 beside Hedge.copies=1",
        ),
    ],
)
def test_value_out_of_bounds_is_refused_with_field_and_value(
    build: Callable[[], object], complaint: str
) -> None:
    """The text names the field, the bound and the value seen."""
    with pytest.raises(PolicyError, match=re.escape(complaint)):
        build()


def test_policies_are_values() -> None:
    """Equal policies compare equal, whatever resources set them."""
    assert CallPolicy(timeout=Timeout(attempt=1)) == CallPolicy(timeout=Timeout(attempt=1))
    assert CallPolicy(revision=1) != CallPolicy(revision=2)


def test_edge_reads_as_people_say_it() -> None:
    """The text of an edge is caller, callee and operation."""
    assert str(Edge("player", "score", "get")) == "player -> score get"
