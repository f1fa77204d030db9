"""Policies change between calls; state survives where its identity does."""

from __future__ import annotations

from dataclasses import replace

from agents.python.tests.engine.policies import breaker, everything, retry
from agents.python.tests.engine.world import EDGE, HANG, MS, OK, SECOND, World, fails
from configsvc_agent.engine.commands import Facts
from configsvc_agent.engine.policy import (
    PPM,
    Bulkhead,
    CallPolicy,
    Edge,
    LastGoodFallback,
    RateLimit,
    RetryBudget,
    Timeout,
    Window,
)
from configsvc_agent.engine.registry import Machines
from configsvc_agent.errors import FullError, OpenError

SIBLING = Edge(EDGE.caller, EDGE.callee, "put-score")
TRIGGER = breaker(window=Window("count", 1), minimum_calls=1)


def install(world: World, policy: CallPolicy, edge: Edge = EDGE) -> None:
    """Put one policy in force, now."""
    world.machines.install({edge: policy}, world.now)


def test_machines_of_a_pair_are_shared_by_its_operations() -> None:
    """And those of an operation are not."""
    machines = Machines(undeclared=replace(everything(), bulkhead=Bulkhead(1, scope="operation")))
    one, other = machines.plan(EDGE, 0), machines.plan(SIBLING, 0)
    assert one.breaker is other.breaker is not None
    assert one.limiter is other.limiter is not None
    assert one.budget is other.budget is not None
    assert one.bulkhead is not other.bulkhead


def test_callers_of_one_process_do_not_share() -> None:
    """A gateway process may speak for several."""
    machines = Machines(undeclared=everything())
    foreign = Edge("gateway", EDGE.callee, EDGE.operation)
    assert machines.plan(EDGE, 0).breaker is not machines.plan(foreign, 0).breaker


def test_unmatched_operation_obeys_that_of_the_star_and_then_the_default() -> None:
    """Most specific first."""
    star = CallPolicy(revision=2)
    machines = Machines({Edge(EDGE.caller, EDGE.callee): star}, undeclared=CallPolicy(revision=3))
    assert machines.policy(EDGE) is star
    assert machines.policy(Edge("a", "b", "c")).revision == 3


def test_open_breaker_stays_open_when_only_the_retry_changes() -> None:
    """Its policy is the same, so nothing happens to it."""
    world = World(CallPolicy(breaker=TRIGGER))
    world.call([fails("5xx")])
    install(world, CallPolicy(breaker=TRIGGER, retry=retry(5), idempotent=True))
    assert isinstance(world.call().error, OpenError)


def test_resized_window_keeps_what_fits() -> None:
    """The latest four of five failures."""
    world = World(CallPolicy(breaker=breaker()))
    for _ in range(5):
        world.call([fails("5xx")])
    install(world, CallPolicy(breaker=breaker(window=Window("count", 4))))
    assert world.machine("breaker")._window.failures == 4


def test_call_keeps_the_policy_with_which_it_began() -> None:
    """The new one is for the next call."""
    world = World(CallPolicy(retry=retry(3), idempotent=True))
    result = world.begin([fails("5xx")] * 5)
    world.at(50 * MS, lambda: install(world, CallPolicy()))
    world.run()
    assert len(result.attempts) == 3
    assert len(world.call([fails("5xx")]).attempts) == 1


def test_removed_bulkhead_lets_go_who_waits() -> None:
    """At once, and whoever still finds the old plan."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=5, max_wait=None)))
    world.begin([(SECOND, OK[1])])
    waiting = world.begin(at=MS)
    world.at(10 * MS, lambda: install(world, CallPolicy()))
    world.run()
    assert waiting.starts == [10 * MS]


def test_removed_rate_limit_lets_go_who_waits() -> None:
    """Before its token would have come."""
    world = World(CallPolicy(rate_limit=RateLimit(1, SECOND, max_wait=10 * SECOND)))
    world.begin()
    waiting = world.begin(at=MS)
    world.at(10 * MS, lambda: install(world, CallPolicy()))
    world.run()
    assert waiting.starts == [10 * MS]


def test_larger_bulkhead_lets_go_who_fits() -> None:
    """One of two who wait."""
    world = World(CallPolicy(bulkhead=Bulkhead(1, queue=5, max_wait=100 * MS)))
    world.begin([(SECOND, OK[1])])
    first, second = world.begin([HANG], at=MS), world.begin(at=2 * MS)
    larger = CallPolicy(bulkhead=Bulkhead(2, queue=5, max_wait=100 * MS))
    world.at(10 * MS, lambda: install(world, larger))
    world.run(until=SECOND // 2)
    assert first.starts == [10 * MS]
    assert isinstance(second.error, FullError)


def test_budget_and_answers_survive() -> None:
    """Deposits paid under the old ratio, answers kept under the old age."""
    old = CallPolicy(
        retry=retry(2, budget=RetryBudget(PPM)), idempotent=True, fallback=LastGoodFallback()
    )
    world = World(old)
    world.call(facts=Facts(cache_key="r"))
    install(
        world,
        replace(
            old,
            retry=retry(2, budget=RetryBudget(0)),
            fallback=LastGoodFallback(max_age=SECOND),
        ),
    )
    assert world.machine("budget").withdraw(world.now)
    assert world.machine("last_good").find("r", None, world.now) == (None,)


def test_removed_machine_is_forgotten() -> None:
    """A policy that comes back begins anew."""
    world = World(CallPolicy(breaker=TRIGGER))
    world.call([fails("5xx")])
    install(world, CallPolicy())
    assert list(world.machines.breakers()) == []
    install(world, CallPolicy(breaker=TRIGGER))
    assert world.call().handed_out


def test_machine_stays_while_any_edge_wants_it() -> None:
    """A pair's breaker outlives its operations, also if the others were never called."""
    world = World(CallPolicy(breaker=TRIGGER))
    world.call([fails("5xx")])
    world.machines.install({EDGE: CallPolicy(), SIBLING: CallPolicy(breaker=TRIGGER)}, world.now)
    assert world.call().handed_out
    world.machines.install({SIBLING: CallPolicy(breaker=TRIGGER)}, world.now)
    assert isinstance(world.call(edge=SIBLING).error, OpenError)


def test_machine_asked_for_while_policies_are_installed_stays() -> None:
    """A call of an undeclared edge may come between the policies and the clearing up."""
    machines = Machines({EDGE: CallPolicy(breaker=TRIGGER)})
    first = machines.plan(EDGE, 0).breaker
    seen: list[object] = []

    class Busy(dict[Edge, CallPolicy]):
        """Policies that are being read while a call begins."""

        def get(self, edge: Edge, default: object = None) -> CallPolicy | None:  # type: ignore[override]
            if edge == EDGE and not seen:
                seen.append(edge)
                seen.append(machines.plan(SIBLING, 0).breaker)
            return super().get(edge)

    machines.install(Busy({EDGE: CallPolicy()}), 0, undeclared=CallPolicy(breaker=TRIGGER))
    assert seen == [EDGE, first]
    assert machines.plan(SIBLING, 0).breaker is first


def test_change_of_scope_is_a_change_of_identity() -> None:
    """The pair's breaker goes, the operation's begins closed."""
    world = World(CallPolicy(breaker=TRIGGER))
    world.call([fails("5xx")])
    install(world, CallPolicy(breaker=replace(TRIGGER, scope="operation")))
    assert world.call().handed_out
    assert [key.operation for key, _ in world.machines.breakers()] == ["get-score"]


def test_breakers_of_instances_follow_the_policy() -> None:
    """They stay open with it and go with it."""
    rules = replace(TRIGGER, scope="instance")
    facts = Facts(choose=lambda _avoid: "a")
    world = World(CallPolicy(breaker=rules))
    world.call([fails("5xx")], facts=facts)
    install(world, CallPolicy(breaker=replace(rules, open_for=9 * SECOND)))
    error = world.call(facts=facts).error
    assert isinstance(error, OpenError)
    assert error.remaining == 9 * SECOND
    install(world, CallPolicy(breaker=TRIGGER))
    assert [key.instance for key, _ in world.machines.breakers()] == [None]


def test_version_rises_with_each_installation() -> None:
    """So that a plan can be seen to be out of date."""
    machines = Machines({EDGE: CallPolicy()})
    plan = machines.plan(EDGE, 0)
    machines.install({EDGE: CallPolicy(timeout=Timeout(overall=5))}, 0)
    assert plan.version != machines.version
    assert machines.plan(EDGE, 0).version == machines.version
    assert (plan.overall, machines.plan(EDGE, 0).overall) == (None, 5)


def test_snapshot_carries_every_machine_over() -> None:
    """Into another process, when its edges are first called."""
    policy = replace(everything(), breaker=TRIGGER, fallback=LastGoodFallback())
    world = World(policy)
    world.call([fails("5xx")], facts=Facts(method="GET"))
    twin = World(policy)
    twin.machines.restore(world.machines.snapshot())
    assert isinstance(twin.call().error, OpenError)
    world.machines.plan(EDGE, world.now)
    assert twin.machines.snapshot() == world.machines.snapshot()


def test_machines_are_made_when_first_needed() -> None:
    """Ten thousand edges that nobody calls cost nothing."""
    machines = Machines({Edge("a", f"callee-{n}"): everything() for n in range(100)})
    assert machines.snapshot() == []
    machines.install({}, 0)
    assert machines.snapshot() == []


def test_source_of_an_error_is_the_leaf_or_any_leaf_of_its_policy() -> None:
    """An atomic leaf names its object, a default names nobody."""
    plan = Machines(
        {EDGE: CallPolicy(sources={"rateLimit.limit": "RateLimit/a", "breaker.window": "B/b"})}
    ).plan(EDGE, 0)
    assert plan.source("rateLimit.limit") == "RateLimit/a"
    assert plan.source("breaker.openFor") == "B/b"
    assert plan.source("timeout.overall") == "default"
