"""Whose bundle or edges a change may alter: all that differ, and few more."""

import pytest

from configsvc.model.names import Kind
from configsvc.model.policies import Rate, Target
from configsvc.model.resources import Resource
from configsvc.model.services import Call
from configsvc.model.trust import Authentication
from configsvc.resolve import Catalog, affected
from tests.resolve.making import (
    EVERYTHING,
    bff,
    endpoint,
    gateway,
    operation,
    policy,
    resource,
    route,
    service,
    timeout,
)

RATE = {"rate": Rate(1, 9)}
WORLD = [
    service("a", operation("x", Call("b", "x")), authentication="staff"),
    service("b", operation("x", Call("c", "x")), rate_limits=("named",)),
    service("c", operation("x")),
    bff("web", endpoint("home", Call("a", "x"), Call("c")), authentication="staff"),
    gateway("edge", authentication="staff"),
    route("r", "edge", "a", "web"),
    resource(Kind.AUTHENTICATION, "staff", Authentication()),
    policy(Kind.RATE_LIMIT, "named", None, RATE, side="callee"),
]
ALL = {"a", "b", "c", "web", "edge"}


def _limit(target: Target, side: str) -> Resource:
    return policy(Kind.RATE_LIMIT, "limit", target, RATE, side=side)


@pytest.mark.parametrize(
    ("put", "expected"),
    [
        (timeout("t", EVERYTHING), ALL),
        (timeout("t", Target("a")), {"a"}),
        (timeout("t", Target(None, "c")), {"b", "web"}),
        (timeout("t", Target(None, "c", "x")), {"b", "web"}),
        (timeout("t", Target("a", "b")), {"a"}),
        (timeout("t", Target("a", "b", "x")), {"a"}),
        (timeout("t", Target("a", "c")), set()),
        (timeout("t", Target("edge")), {"edge"}),
        (timeout("t", Target("nobody")), set()),
        (_limit(Target(None, "c"), "caller"), {"b", "web"}),
        (_limit(Target(None, "c"), "callee"), {"c"}),
        (_limit(Target(None, "c", "x"), "callee"), {"c"}),
        (_limit(EVERYTHING, "callee"), ALL),
        (policy(Kind.RATE_LIMIT, "named", None, RATE, side="callee"), {"b"}),
        (
            resource(Kind.AUTHENTICATION, "staff", Authentication(scopes=("s",))),
            {"a", "web", "edge"},
        ),
        (service("c", operation("y")), {"b", "c", "web"}),
        (service("new"), {"new"}),
        (bff("web"), {"web", "edge"}),
        (gateway("edge"), {"edge"}),
        (route("r", "edge", "b"), {"edge"}),
    ],
)
def test_a_put_touches_whom_it_is_about(put: Resource, expected: set[str]) -> None:
    """Callers for the callers' side, the callee for its own, both for the node itself."""
    before = Catalog.of(WORLD)
    assert affected(before, before.with_change([put]), [put.key]) == expected


@pytest.mark.parametrize("name", ["a", "b", "c", "web"])
def test_a_deletion_touches_the_node_and_its_callers(name: str) -> None:
    """Who called it has one callee less."""
    before = Catalog.of(WORLD)
    key = before.nodes[name].key
    callers = {"a": {"web", "edge"}, "b": {"a"}, "c": {"b", "web"}, "web": {"edge"}}
    assert affected(before, before.with_change(deletes=[key]), [key]) == {name} | callers[name]


def test_a_moved_policy_touches_both_ends_of_the_move() -> None:
    """Where it was, something weaker comes to light; where it goes, it takes effect."""
    before = Catalog.of([*WORLD, timeout("t", Target("a"))])
    moved = timeout("t", Target("b"))
    assert affected(before, before.with_change([moved]), [moved.key]) == {"a", "b"}


def test_a_node_that_appears_touches_who_called_it_in_vain() -> None:
    """Its callers' bundles gain the callee."""
    before = Catalog.of([service("a", operation("x", Call("late")))])
    late = service("late")
    assert affected(before, before.with_change([late]), [late.key]) == {"a", "late"}


def test_nothing_changed_touches_nobody() -> None:
    """Keys that neither catalog has are ignored."""
    before = Catalog.of(WORLD)
    assert affected(before, before, [timeout("ghost").key]) == frozenset()
    assert affected(before, before, []) == frozenset()
