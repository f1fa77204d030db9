"""What the usual Python libraries get wrong, each as a test of what is right.

They hold a lock during the guarded call, count consecutive failures only, let every call through
when half-open, end long after the time that was allowed, count retries instead of attempts, trust
the wall clock, and know no deadline of the caller, no retry budget, no hedging, no slow calls, no
order of composition and no change without a restart.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from agents.python.tests.drivers.clocks import VirtualTime
from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import EDGE, MS, OK, SECOND, World, fails
from configsvc_agent.drivers import Attempt, Facts, Guard
from configsvc_agent.engine.deadline import from_http_header
from configsvc_agent.engine.policy import (
    PPM,
    Bulkhead,
    CallPolicy,
    HalfOpen,
    Hedge,
    RateLimit,
    RetryBudget,
    SlowCall,
    StaticFallback,
    Timeout,
    Window,
)
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import DeadlineError, FullError, LimitedError, OpenError

GET = Facts(method="GET")


def test_no_lock_is_held_while_the_callable_runs() -> None:
    """Five concurrent calls are inside at the same time: 0.2 s of work five times takes 0.2 s."""
    guard = Guard(Machines({EDGE: everything()}, lock=threading.Lock), EDGE)
    inside = threading.Barrier(5, timeout=10)
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(guard.call(inside.wait))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [0, 1, 2, 3, 4]


def test_breaker_opens_at_80_percent_failures_when_every_fifth_call_succeeds() -> None:
    """There are never five failures in a row, and it opens all the same."""
    world = World(CallPolicy(breaker=breaker(window=Window("count", 20), minimum_calls=20)))
    steps = ([fails("5xx")] * 4 + [OK]) * 4
    assert [world.call([step]).error for step in steps] == [None] * 20
    assert isinstance(world.call().error, OpenError)


def test_half_open_breaker_lets_exactly_its_probes_through() -> None:
    """Three of fifty, not fifty of fifty."""
    rules = breaker(
        window=Window("count", 1), minimum_calls=1, half_open=HalfOpen(probes=3), open_for=SECOND
    )
    world = World(CallPolicy(breaker=rules))
    world.call([fails("5xx")])
    crowd = [world.begin([(100 * MS, OK[1])], at=2 * SECOND) for _ in range(50)]
    world.run()
    assert sum(len(result.attempts) for result in crowd) == 3


def test_time_that_is_allowed_is_the_time_that_it_takes() -> None:
    """One second with attempts of 0.9 s: not 1.9 s."""
    time_ = VirtualTime()
    policy = CallPolicy(timeout=Timeout(overall=SECOND), retry=retry(5))
    guard = Guard(Machines({EDGE: policy}), EDGE, timing=time_.timing)
    given: list[float | None] = []

    def slow(attempt: Attempt) -> None:
        given.append(attempt.timeout)
        time_.sleep(min(0.9, attempt.timeout or 9))
        raise ConnectionResetError

    eager = replace(policy, retry=retry(5, backoff=replace(retry().backoff, base=50 * MS)))
    with pytest.raises(ConnectionResetError):
        guard.run(slow, GET)
    assert (given, time_.now) == ([1.0], 900 * MS)

    given.clear()
    time_.now = 0
    guard = Guard(Machines({EDGE: eager}), EDGE, timing=time_.timing)
    with pytest.raises(DeadlineError):
        guard.run(lambda attempt: slow_to_the_end(attempt, time_, given), GET)
    assert (given, time_.now) == ([1.0, 0.05], SECOND)


def slow_to_the_end(attempt: Attempt, time_: VirtualTime, given: list[float | None]) -> None:
    """0.9 s, or as long as it may."""
    given.append(attempt.timeout)
    limit = attempt.timeout or 9
    time_.sleep(min(0.9, limit))
    raise TimeoutError if limit < 0.9 else ConnectionResetError


def test_attempts_are_counted_not_retries() -> None:
    """Three is three."""
    result = World(CallPolicy(retry=retry(3))).call([fails("5xx")] * 9, facts=GET)
    assert len(result.attempts) == 3


def test_wall_clock_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of it neither opens nor closes anything."""

    def stepped() -> float:
        raise AssertionError("the wall clock was asked")

    monkeypatch.setattr(time, "time", stepped)
    monkeypatch.setattr(time, "time_ns", stepped)
    guard = Guard(Machines({EDGE: everything()}, lock=threading.Lock), EDGE)
    assert guard.call(int) == 0


def test_deadline_travels_with_the_request() -> None:
    """The callee's own calls end before the caller stops listening."""
    outer = World(CallPolicy(timeout=Timeout(overall=300 * MS))).call([OK]).attempts[0]
    assert outer.http_deadline is not None
    left = from_http_header(outer.http_deadline[1])
    inner = World(CallPolicy(timeout=Timeout(overall=9 * SECOND)))
    assert inner.call([OK], facts=Facts(deadline=left)).attempts[0].timeout == 0.3


def test_retries_are_limited_by_a_budget() -> None:
    """100 failing calls with three attempts each are 120 attempts, not 300."""
    world = World(CallPolicy(retry=retry(3, budget=RetryBudget(PPM // 5))))
    results = [world.call([fails("5xx")] * 3, facts=GET) for _ in range(40)]
    assert sum(len(result.attempts) for result in results) == 48


def test_slow_callee_is_hedged_and_slow_calls_open_the_breaker() -> None:
    """Success that comes too late is a failure too."""
    hedged = World(CallPolicy(hedge=Hedge(1, 50 * MS)))
    assert hedged.call([(SECOND, OK[1]), OK], facts=GET).ended == 51 * MS
    slow = World(CallPolicy(breaker=breaker(slow_call=SlowCall(above=100 * MS, rate=PPM // 2))))
    for _ in range(10):
        slow.call([(101 * MS, OK[1])])
    assert isinstance(slow.call().error, OpenError)


def test_layers_stand_in_one_order() -> None:
    """fallback( deadline( retry( breaker( rate limit( bulkhead( attempt )))))), seen from inside.

    The breaker refuses before a token is taken, the limit before a place in the bulkhead; a retry
    goes through all of them again; the fallback sees what is left over.
    """
    open_now = breaker(window=Window("count", 1), minimum_calls=1)
    tight = CallPolicy(
        breaker=open_now,
        rate_limit=RateLimit(2, 10 * SECOND),
        bulkhead=Bulkhead(1),
        retry=retry(2, retry_on=frozenset({"5xx", "open"})),
        fallback=StaticFallback(),
    )
    world = World(tight)
    result = world.call([fails("5xx")], facts=GET)
    assert type(result.command).__name__ == "Substitute"
    assert world.machine("limiter").acquire(world.now) == 0, "the refused retry took a token"
    without = World(CallPolicy(rate_limit=RateLimit(1), bulkhead=Bulkhead(1)))
    without.begin([(100 * MS, OK[1])])
    second = without.begin(at=MS)
    without.run()
    assert isinstance(second.error, LimitedError)
    assert not isinstance(second.error, FullError)


def test_policy_changes_without_a_restart() -> None:
    """And an open breaker stays open."""
    world = World(CallPolicy(breaker=breaker(window=Window("count", 1), minimum_calls=1)))
    world.call([fails("5xx")])
    rules = breaker(window=Window("count", 1), minimum_calls=1)
    world.machines.install({EDGE: CallPolicy(breaker=rules, retry=retry(5))}, world.now)
    assert isinstance(world.call().error, OpenError)
