"""One seed, one trace: the simulator's proofs can be repeated."""

from __future__ import annotations

import random
from dataclasses import replace

from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import MS, SECOND, Step, World
from configsvc_agent.engine.commands import Attempt, Facts
from configsvc_agent.engine.events import (
    AttemptFinished,
    AttemptRejected,
    BreakerChanged,
    DeadlineExceeded,
    Event,
    RetryScheduled,
)
from configsvc_agent.engine.outcome import SUCCESS, failure
from configsvc_agent.engine.policy import PPM, Backoff, Bulkhead, RateLimit, RetryBudget, Timeout


def storm(seed: int) -> list[Event]:
    """Everything that happens while 400 calls meet a callee that fails for a while."""
    policy = replace(
        everything(),
        timeout=Timeout(attempt=100 * MS, overall=600 * MS),
        retry=retry(4, backoff=Backoff(20 * MS), budget=RetryBudget(PPM // 5, 2)),
        breaker=breaker(open_for=300 * MS),
        bulkhead=Bulkhead(4, queue=4, max_wait=50 * MS),
        rate_limit=RateLimit(90, SECOND, burst=5, max_wait=20 * MS),
    )
    world = World(policy, seed=seed)
    chance = random.Random(seed)

    def serve(attempt: Attempt) -> Step:
        bad = SECOND < attempt.started < 2 * SECOND and chance.random() < 0.8
        latency = int(chance.expovariate(1 / (40 * MS)))
        return latency, failure("5xx") if bad else SUCCESS

    for number in range(400):
        world.begin(serve, at=number * 8 * MS, facts=Facts(method="GET"))
    world.run()
    return world.events


def test_same_seed_gives_the_same_trace() -> None:
    """Event by event; and another seed another one."""
    first = storm(7)
    assert first == storm(7)
    assert first != storm(8)


def test_trace_shows_every_machine_at_work() -> None:
    """Otherwise equality would prove little."""
    seen = storm(7)
    kinds = {type(event) for event in seen}
    assert {AttemptFinished, RetryScheduled, BreakerChanged, AttemptRejected} <= kinds
    assert {each.kind for each in seen if isinstance(each, AttemptRejected)} == {
        "open",
        "full",
        "limited",
    }
    assert DeadlineExceeded in kinds or any(
        "timeout" in each.classes for each in seen if isinstance(each, AttemptFinished)
    )
