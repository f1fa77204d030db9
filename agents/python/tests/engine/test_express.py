"""The express way and the general way lead to the same place."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.engine.policies import RANDOM, breaker, everything, retry
from agents.python.tests.engine.world import EDGE, MS, OK, SECOND, Result, Step, World, fails
from configsvc_agent.engine.commands import Facts
from configsvc_agent.engine.outcome import SUCCESS, UNATTRIBUTED, failure
from configsvc_agent.engine.policy import (
    PPM,
    Bulkhead,
    CallPolicy,
    HalfOpen,
    Hedge,
    LastGoodFallback,
    RateLimit,
    RetryBudget,
    SlowCall,
    Timeout,
    Window,
)

policies = st.builds(
    lambda timeout, rules, bulkhead, limit, again: CallPolicy(
        timeout=timeout,
        breaker=rules,
        bulkhead=bulkhead,
        rate_limit=limit,
        retry=again,
        idempotent=True,
    ),
    st.builds(
        Timeout,
        attempt=st.sampled_from([None, 20 * MS]),
        overall=st.sampled_from([None, 15 * MS, 60 * MS]),
    ),
    st.sampled_from(
        [
            None,
            breaker(window=Window("count", 3), minimum_calls=2, open_for=30 * MS),
            breaker(
                window=Window("time", 100 * MS),
                minimum_calls=3,
                slow_call=SlowCall(10 * MS, PPM // 3),
                half_open=HalfOpen(1, 5 * MS),
            ),
        ]
    ),
    st.sampled_from([None, Bulkhead(1), Bulkhead(2, queue=2, max_wait=10 * MS)]),
    st.sampled_from(
        [None, RateLimit(100, burst=2), RateLimit(50, burst=1, key="k", max_wait=30 * MS)]
    ),
    st.sampled_from([None, retry(2, budget=RetryBudget(PPM // 3, 1))]),
)
steps = st.tuples(
    st.integers(0, 30 * MS),
    st.sampled_from([SUCCESS, SUCCESS, SUCCESS, failure("5xx"), failure("4xx"), UNATTRIBUTED]),
)
calls = st.lists(
    st.tuples(
        st.integers(0, 20 * MS),
        st.lists(steps, min_size=2, max_size=2),
        st.sampled_from([None, 0, 5 * MS, SECOND]),
        st.sampled_from(["", "a", "b"]),
    ),
    max_size=25,
)


def history(
    policy: CallPolicy,
    plan: list[tuple[int, list[Step], int | None, str]],
    *,
    express: bool,
    interrupts: bool,
) -> tuple[list[object], object, object]:
    """How every call went, what state it left, and what breakers told."""
    world = World(policy, express=express, interrupts=interrupts)
    results: list[Result] = []
    at = 0
    for pause, doing, left, key in plan:
        at += pause
        facts = Facts(rate_key=key, deadline=None if left is None else at + left)
        results.append(world.begin(doing, at=at, facts=facts))
    world.run()
    ends = [
        (
            type(each.command).__name__,
            str(each.error),
            each.starts,
            each.ended,
            each.note,
            [(a.number, a.timeout, a.permit) for a in each.attempts],
        )
        for each in results
    ]
    told = [event for event in world.events if type(event).__name__ not in ATTEMPTS]
    return list(ends), world.machines.snapshot(), told


ATTEMPTS = {"AttemptStarted", "AttemptFinished"}


@RANDOM
@given(policy=policies, plan=calls, interrupts=st.booleans())
def test_both_ways_are_one(
    policy: CallPolicy, plan: list[tuple[int, list[Step], int | None, str]], *, interrupts: bool
) -> None:
    """Over any history: results, times, refusals, state."""
    general = history(policy, plan, express=False, interrupts=interrupts)
    assert history(policy, plan, express=True, interrupts=interrupts) == general


def test_healthy_breaker_with_a_full_window_need_not_be_told() -> None:
    """And the first failure after it counts as if it had been."""
    world = World(CallPolicy(breaker=breaker(window=Window("count", 4), minimum_calls=4)))
    world.express = True
    machine = None
    for _ in range(6):
        world.call()
        machine = world.machine("breaker")
    assert machine is not None
    assert machine.quiet_permit == machine.closed_permit
    before = machine.snapshot()
    world.call()
    assert machine.snapshot() == before
    world.call([fails("5xx")])
    world.call([fails("5xx")])
    assert (machine.state, machine.quiet_permit) == ("open", None)


def test_slow_success_is_told_to_a_quiet_breaker() -> None:
    """Only the fast ones change nothing."""
    rules = breaker(window=Window("count", 4), slow_call=SlowCall(above=10 * MS, rate=PPM))
    world = World(CallPolicy(breaker=rules), express=True)
    for _ in range(4):
        world.call()
    world.call([(11 * MS, OK[1])])
    assert world.machine("breaker")._window.slow == 1


def test_calls_that_need_more_have_no_express_way() -> None:
    """Copies, instances and kept answers."""
    plain = everything()
    for policy in (
        replace(plain, retry=None, hedge=Hedge(1, MS)),
        replace(plain, breaker=breaker(scope="instance")),
        replace(plain, fallback=LastGoodFallback()),
    ):
        assert World(policy).machines.plan(EDGE, 0).express is None
    assert World(plain).machines.plan(EDGE, 0).express is not None


def test_call_that_turns_back_at_a_full_bulkhead_takes_no_token() -> None:
    """What one machine refuses costs nothing at the others."""
    world = World(CallPolicy(bulkhead=Bulkhead(1), rate_limit=RateLimit(1)))
    express = world.machines.plan(EDGE, 0).express
    assert express is not None
    world.machine("bulkhead").acquire()
    assert express.depart(0, Facts()) is None
    assert world.machine("limiter").acquire(0) == 0
