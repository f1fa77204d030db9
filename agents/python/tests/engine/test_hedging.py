"""Copies of slow attempts."""

from __future__ import annotations

from dataclasses import replace

from agents.python.tests.engine.policies import breaker
from agents.python.tests.engine.world import HANG, MS, OK, SECOND, World, fails
from configsvc_agent.engine.commands import Facts
from configsvc_agent.engine.events import HedgeRefused
from configsvc_agent.engine.policy import (
    PPM,
    Bulkhead,
    CallPolicy,
    Hedge,
    RetryBudget,
    Timeout,
)
from configsvc_agent.errors import DeadlineError

HEDGED = CallPolicy(hedge=Hedge(copies=2, delay=50 * MS), idempotent=True)


def test_copies_leave_one_delay_apart_while_nobody_answers() -> None:
    """And the first answer ends the call."""
    world = World(HEDGED)
    result = world.call([(500 * MS, OK[1]), (500 * MS, OK[1]), (20 * MS, OK[1])])
    assert result.starts == [0, 50 * MS, 100 * MS]
    assert result.ended == 120 * MS
    assert [each.copy for each in result.attempts] == [False, True, True]


def test_fast_answer_sends_no_copy() -> None:
    """Only the slow are repeated."""
    world = World(HEDGED)
    assert len(world.call([(49 * MS, OK[1])]).attempts) == 1


def test_loser_is_not_recorded_and_gives_its_permits_back() -> None:
    """Whenever it ends."""
    world = World(replace(HEDGED, breaker=breaker(), bulkhead=Bulkhead(5)))
    world.call([(500 * MS, fails("5xx")[1]), OK])
    world.run()
    assert world.machine("breaker")._window.total == 1
    assert world.machine("breaker")._window.failures == 0
    assert world.machine("bulkhead").in_flight == 0


def test_operation_that_is_not_idempotent_is_never_hedged() -> None:
    """Whatever the policy says."""
    world = World(replace(HEDGED, idempotent=None))
    assert len(world.call([(500 * MS, OK[1])], facts=Facts(method="POST")).attempts) == 1
    assert len(world.call([(500 * MS, OK[1])], facts=Facts(method="GET")).attempts) == 2


def test_failure_waits_for_those_in_flight_and_sends_no_more() -> None:
    """Repeating failures is the retry's business."""
    world = World(HEDGED)
    result = world.call([(60 * MS, fails("5xx")[1]), (200 * MS, OK[1])])
    assert result.starts == [0, 50 * MS]
    assert result.ended == 250 * MS
    assert result.handed_out


def test_early_failure_is_the_result() -> None:
    """Before any copy has left."""
    assert World(HEDGED).call([fails("5xx")]).ended == MS


def test_client_error_is_an_answer() -> None:
    """It would be the same from the other copy."""
    result = World(HEDGED).call([(60 * MS, fails("4xx", "404")[1]), (200 * MS, OK[1])])
    assert result.ended == 60 * MS


def test_copies_are_paid_for() -> None:
    """At 10 %, one of eleven slow calls gets one."""
    hedge = Hedge(copies=1, delay=MS, budget=RetryBudget(PPM // 10))
    world = World(replace(HEDGED, hedge=hedge))
    attempts = [len(world.call([(10 * MS, OK[1])] * 2).attempts) for _ in range(11)]
    assert sum(attempts) == 12
    assert {each.reason for each in world.told(HedgeRefused)} == {"the hedge budget is used up"}


def test_copy_never_waits_in_a_queue() -> None:
    """It is dropped and refunded: whoever queues has no use for more load."""
    hedge = Hedge(copies=1, delay=50 * MS, budget=RetryBudget(PPM))
    world = World(replace(HEDGED, hedge=hedge, bulkhead=Bulkhead(1, queue=5, max_wait=None)))
    result = world.call([(100 * MS, OK[1])])
    assert len(result.attempts) == 1
    (refused,) = world.told(HedgeRefused)
    assert refused.reason == "it would have to wait"
    assert world.machine("bulkhead").queued == 0
    assert world.machine("budget").withdraw(world.now)


def test_copies_share_the_overall_deadline() -> None:
    """None outlives it, and none starts after it."""
    policy = replace(HEDGED, hedge=Hedge(3, 50 * MS), timeout=Timeout(overall=120 * MS))
    result = World(policy).call([HANG] * 4)
    assert [each.timeout for each in result.attempts] == [0.12, 0.07, 0.02]
    assert isinstance(result.error, DeadlineError)
    assert result.ended == 120 * MS


def test_copy_goes_to_another_instance() -> None:
    """The same one would be as slow."""
    names = ["a", "b", "c"]
    facts = Facts(choose=lambda avoid: next(each for each in names if each not in avoid))
    result = World(HEDGED).call([(SECOND, OK[1])] * 2, facts=facts)
    assert [each.instance for each in result.attempts] == ["a", "b", "c"]
