"""From merged leaves to effective values."""

import pytest

from configsvc.model.names import POLICY_KINDS, Kind
from configsvc.model.policies import (
    Backoff,
    Budget,
    Bulkhead,
    CircuitBreaker,
    Fallback,
    HalfOpen,
    Hedge,
    Lifted,
    OperationReference,
    Rate,
    RateLimit,
    Retry,
    RetryAfter,
    SlowCall,
    StaticResponse,
    Timeout,
    Window,
)
from configsvc.model.quantities import Duration, Share
from configsvc.schema import effective

SECOND = Duration(1_000_000)
HALF = Share(500_000)


def test_a_timeout_has_no_defaults() -> None:
    """What is not written, or is lifted, is no limit."""
    merged = {"attempt": SECOND, "overall": Lifted.NONE}
    assert effective(Kind.TIMEOUT, merged) == Timeout(attempt=SECOND)
    assert effective(Kind.TIMEOUT, {}) == Timeout()


def test_a_retry_is_all_defaults_where_nothing_is_written() -> None:
    """A policy that only has a target is a sensible one."""
    assert effective(Kind.RETRY, {}) == Retry(
        attempts=3,
        retry_on=("connect", "refused", "reset", "timeout"),
        backoff=Backoff(Duration(50_000), Share(2_000_000), SECOND, "full"),
        budget=None,
        retry_after=RetryAfter(honour=True, max=SECOND),
        other_instance=True,
        non_idempotent="never",
    )


@pytest.mark.parametrize(
    ("merged", "budget"),
    [
        ({"budget.ratio": Share(200_000)}, Budget(Share(200_000), 1, "pair")),
        (
            {"budget.ratio": Share(0), "budget.minPerSecond": 0, "budget.scope": "operation"},
            Budget(Share(0), 0, "operation"),
        ),
        ({"budget.minPerSecond": 5}, None),
        ({"budget.ratio": Lifted.NONE, "budget.minPerSecond": 5}, None),
    ],
)
def test_a_budget_is_in_force_once_it_has_a_ratio(
    merged: dict[str, object], budget: Budget | None
) -> None:
    """The rest of a budget describes it, but does not make one; a ratio of zero does."""
    retry = effective(Kind.RETRY, merged)  # type: ignore[arg-type]
    hedge = effective(Kind.HEDGE, {**merged, "delay": SECOND})  # type: ignore[dict-item]
    assert isinstance(retry, Retry)
    assert retry.budget == budget
    assert hedge == Hedge(1, SECOND, budget)


def test_a_breaker_is_all_defaults_where_nothing_is_written() -> None:
    """Slow calls do not count until it is said what is slow."""
    assert effective(Kind.CIRCUIT_BREAKER, {}) == CircuitBreaker(
        window=Window("count", 100),
        minimum_calls=20,
        failure_rate=HALF,
        slow_call=None,
        record=("connect", "refused", "reset", "timeout", "5xx", "overloaded"),
        ignore=(),
        open_for=Duration(10_000_000),
        half_open=HalfOpen(3, Duration(10_000_000)),
        scope="pair",
    )


def test_slow_calls_count_once_it_is_said_what_is_slow() -> None:
    """The rate has a default, the threshold has none."""
    breaker = effective(Kind.CIRCUIT_BREAKER, {"slowCall.above": SECOND})
    assert isinstance(breaker, CircuitBreaker)
    assert breaker.slow_call == SlowCall(SECOND, HALF)


def test_half_open_may_last_for_ever() -> None:
    """The wait for probes can be lifted although it has a default."""
    breaker = effective(Kind.CIRCUIT_BREAKER, {"halfOpen.maxWait": Lifted.NONE})
    assert isinstance(breaker, CircuitBreaker)
    assert breaker.half_open == HalfOpen(3, None)


def test_a_rate_limit_is_as_deep_as_its_limit() -> None:
    """Burst defaults to the limit, and the side is handed through."""
    rate = Rate(100, SECOND)
    expected = RateLimit("callee", rate, 100, None, Duration(0), "pair")
    assert effective(Kind.RATE_LIMIT, {"rate": rate}, side="callee") == expected


def test_a_rate_limit_with_everything() -> None:
    """Written leaves win over defaults; a lifted key is none."""
    rate = Rate(100, SECOND)
    merged = {"rate": rate, "burst": 7, "key": "caller", "maxWait": SECOND, "scope": "operation"}
    expected = RateLimit("caller", rate, 7, "caller", SECOND, "operation")
    assert effective(Kind.RATE_LIMIT, merged) == expected
    without_key = effective(Kind.RATE_LIMIT, {**merged, "key": Lifted.NONE})
    assert isinstance(without_key, RateLimit)
    assert without_key.key is None


@pytest.mark.parametrize(
    ("merged", "expected"),
    [
        (
            {"static": StaticResponse(200, (), "")},
            Fallback(StaticResponse(200, (), ""), None, None),
        ),
        ({"lastGood.maxAge": SECOND}, Fallback(None, SECOND, None)),
        (
            {"operation": OperationReference("a", "b"), "static": Lifted.NONE},
            Fallback(None, None, OperationReference("a", "b")),
        ),
    ],
)
def test_a_fallback_is_the_alternative_that_is_left(
    merged: dict[str, object], expected: Fallback
) -> None:
    """The others are missing or lifted."""
    assert effective(Kind.FALLBACK, merged) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "merged"),
    [
        (Kind.BULKHEAD, {}),
        (Kind.BULKHEAD, {"queue": 5}),
        (Kind.BULKHEAD, {"maxConcurrent": Lifted.NONE}),
        (Kind.RATE_LIMIT, {}),
        (Kind.RATE_LIMIT, {"rate": Lifted.NONE, "burst": 5}),
        (Kind.HEDGE, {}),
        (Kind.HEDGE, {"extra": 2}),
        (Kind.HEDGE, {"delay": Lifted.NONE}),
        (Kind.FALLBACK, {}),
        (Kind.FALLBACK, {"static": Lifted.NONE}),
    ],
)
def test_a_kind_without_its_essential_leaf_is_not_in_force(
    kind: Kind, merged: dict[str, object]
) -> None:
    """A limit without a number limits nothing."""
    assert effective(kind, merged) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", POLICY_KINDS)
def test_a_disabled_kind_is_not_in_force(kind: Kind) -> None:
    """Whatever else is written."""
    assert effective(kind, {"enabled": False, "delay": SECOND, "maxConcurrent": 5}) is None


def test_a_bulkhead_does_not_queue_by_default() -> None:
    """Only the number of calls has to be written."""
    expected = Bulkhead(32, 0, Duration(0), "pair")
    assert effective(Kind.BULKHEAD, {"maxConcurrent": 32}) == expected
