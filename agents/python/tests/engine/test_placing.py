"""Which instance an attempt goes to."""

from __future__ import annotations

from collections.abc import Callable, Collection

from agents.python.tests.engine.policies import breaker, retry
from agents.python.tests.engine.world import SECOND, World, fails
from configsvc_agent.engine.commands import Facts
from configsvc_agent.engine.policy import CallPolicy, Window
from configsvc_agent.errors import OpenError

PER_INSTANCE = breaker(window=Window("count", 1), minimum_calls=1, scope="instance")


def among(*names: str) -> Facts:
    """Prefers the first name that is not to be avoided, else the first."""

    def choose(avoid: Collection[str]) -> str | None:
        return next((each for each in names if each not in avoid), names[0])

    return Facts(method="GET", choose=choose)


def places(world: World, facts: Facts, steps: int = 1) -> list[str | None]:
    """Where the attempts of a call went that failed ``steps`` times."""
    return [each.instance for each in world.call([fails("5xx")] * steps, facts=facts).attempts]


def test_retry_goes_elsewhere_if_the_policy_says_so() -> None:
    """And anywhere if not."""
    assert places(World(CallPolicy(retry=retry(2, other_instance=True))), among("a", "b")) == [
        "a",
        "b",
    ]
    assert places(World(CallPolicy(retry=retry(2))), among("a", "b")) == ["a", "a"]


def test_same_instance_again_if_there_is_no_other() -> None:
    """Better than giving up."""
    world = World(CallPolicy(retry=retry(2, other_instance=True)))
    assert places(world, among("a")) == ["a", "a"]


def test_breaker_of_one_instance_leaves_the_others_alone() -> None:
    """The call moves on to one whose breaker is closed."""
    world = World(CallPolicy(breaker=PER_INSTANCE))
    assert places(world, among("a", "b")) == ["a"]
    assert places(world, among("a", "b"), steps=0) == ["b"]
    assert {key.instance: state for key, state in world.machines.breakers()} == {
        None: "closed",
        "a": "open",
        "b": "closed",
    }


def test_call_is_refused_when_every_instance_is_open() -> None:
    """With the error of the last one asked."""
    world = World(CallPolicy(breaker=PER_INSTANCE))
    places(world, among("a", "b"))
    places(world, among("a", "b"))
    result = world.call(facts=among("a", "b"))
    assert isinstance(result.error, OpenError)
    assert result.attempts == []


def test_instance_recovers_on_its_own() -> None:
    """Its probes decide about it alone."""
    world = World(CallPolicy(breaker=PER_INSTANCE))
    places(world, among("a", "b"))
    world.run(until=2 * SECOND)
    assert places(world, among("a", "b"), steps=0) == ["a"]


def test_unknown_instance_uses_the_breaker_of_the_callee() -> None:
    """Where nobody chooses, the callee is one instance."""
    world = World(CallPolicy(breaker=PER_INSTANCE))
    world.call([fails("5xx")])
    assert isinstance(world.call().error, OpenError)


def test_breakers_of_instances_are_bounded() -> None:
    """Pods come and go; the one unused for longest makes room."""
    world = World(CallPolicy(breaker=PER_INSTANCE))

    def named(name: str) -> Callable[[Collection[str]], str]:
        return lambda _avoid: name

    for number in range(1_010):
        world.call(facts=Facts(choose=named(f"pod-{number}")))
    kept = [key.instance for key, _ in world.machines.breakers() if key.instance]
    assert len(kept) == 1_000
    assert "pod-0" not in kept
