"""Calls obey the formulas from which worst cases are computed.

With T the overall limit, t that of an attempt, N attempts and B(k) the longest back-off before
attempt k: attempt k starts at most at (k-1)*t + B(k), it starts only if that plus the floor is
before T, and the call ends by min(T, N*t + B(N)).
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.engine.policies import RANDOM
from agents.python.tests.engine.world import HANG, MS, World, fails
from configsvc_agent.engine.backoff import longest_wait
from configsvc_agent.engine.events import AttemptStarted
from configsvc_agent.engine.policy import (
    PPM,
    Backoff,
    CallPolicy,
    Hedge,
    Retry,
    RetryAfter,
    RetryBudget,
    Timeout,
)

backoffs = st.builds(
    lambda base, multiplier, room, jitter: Backoff(base, multiplier, base + room, jitter),
    st.integers(0, 500 * MS),
    st.integers(PPM, 3 * PPM),
    st.integers(0, 2_000 * MS),
    st.sampled_from(["none", "equal", "full", "decorrelated"]),
)
limits = st.integers(1, 3_000 * MS)


def total_wait(backoff: Backoff, before: int) -> int:
    """B(k): the longest back-off before attempt ``before``."""
    return sum(longest_wait(backoff, place) for place in range(1, before))


def retrying(attempts: int, backoff: Backoff, attempt: int, overall: int | None) -> CallPolicy:
    """A policy that retries timeouts."""
    return CallPolicy(
        timeout=Timeout(attempt=attempt, overall=overall),
        retry=Retry(attempts, frozenset({"timeout", "5xx"}), backoff),
        idempotent=True,
    )


@RANDOM
@given(n=st.integers(1, 6), backoff=backoffs, t=limits, overall=st.integers(1, 20_000 * MS))
def test_as_many_attempts_start_as_fit(n: int, backoff: Backoff, t: int, overall: int) -> None:
    """Without jitter exactly so many, with it at least; never one that is too late."""
    world = World(retrying(n, backoff, t, overall))
    result = world.call([HANG] * n)
    fit = sum(
        k == 1 or (k - 1) * t + total_wait(backoff, k) + 10 * MS < overall for k in range(1, n + 1)
    )
    if backoff.jitter == "none":
        assert len(result.attempts) == fit
    assert fit <= len(result.attempts) <= n
    assert all(start + 10 * MS < overall for start in result.starts[1:])


@RANDOM
@given(
    n=st.integers(1, 6),
    backoff=backoffs,
    t=limits,
    overall=st.one_of(st.none(), limits),
    asked=st.one_of(st.none(), st.integers(0, 1_000 * MS)),
    latencies=st.lists(st.integers(0, 4_000 * MS), min_size=6, max_size=6),
)
def test_call_ends_by_its_worst_case(
    n: int,
    backoff: Backoff,
    t: int,
    overall: int | None,
    asked: int | None,
    latencies: list[int],
) -> None:
    """min(T, N*t + B(N)), with Retry-After's bound where a term is shorter."""
    bound = 800 * MS
    policy = retrying(n, backoff, t, overall)
    assert policy.retry is not None
    honouring = Retry(n, policy.retry.retry_on, backoff, retry_after=RetryAfter(max=bound))
    world = World(CallPolicy(timeout=policy.timeout, retry=honouring, idempotent=True))
    result = world.call([fails("5xx", after=each, retry_after=asked) for each in latencies])
    waits = sum(max(longest_wait(backoff, place), bound) for place in range(1, n))
    assert result.ended <= n * t + waits
    if overall is not None:
        assert result.ended <= overall


@RANDOM
@given(copies=st.integers(1, 4), delay=st.integers(0, 500 * MS), t=limits)
def test_hedged_call_ends_by_its_worst_case(copies: int, delay: int, t: int) -> None:
    """T + h*delay, with at most 1 + h attempts."""
    policy = CallPolicy(timeout=Timeout(attempt=t), hedge=Hedge(copies, delay), idempotent=True)
    result = World(policy).call([HANG] * (copies + 1))
    assert result.ended <= t + copies * delay
    assert len(result.attempts) <= copies + 1


@RANDOM
@given(
    ratio=st.integers(0, PPM),
    floor=st.integers(0, 3),
    n=st.integers(2, 5),
    pauses=st.lists(st.integers(0, 300 * MS), min_size=1, max_size=60),
)
def test_load_is_amplified_no_more_than_the_budget_allows(
    ratio: int, floor: int, n: int, pauses: list[int]
) -> None:
    """First attempts times (1 + ratio), plus the floor per second."""
    budget = RetryBudget(ratio, floor)
    backoff = Backoff(MS, jitter="none")
    policy = CallPolicy(retry=Retry(n, frozenset({"5xx"}), backoff, budget=budget), idempotent=True)
    world = World(policy)
    at = 0
    for pause in pauses:
        world.begin([fails("5xx")] * n, at=at)
        at += pause
    world.run()
    extra = sum(each.number > 1 for each in world.told(AttemptStarted))
    assert extra <= len(pauses) * ratio / PPM + floor * (1 + world.now / 1_000_000)
    assert extra <= len(pauses) * (n - 1)
