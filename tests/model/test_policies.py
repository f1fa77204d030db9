"""Targets."""

import pytest

from configsvc.model.policies import Target

CALLERS, CALLEES, OPERATIONS = ("a", "x"), ("b", "y", None), ("get", "put", "*", None)

STRONGEST_FIRST = [
    Target("a", "b", "get"),
    Target(None, "b", "get"),
    Target("a", "b"),
    Target(None, "b"),
    Target("a"),
    Target(),
]


def test_ranks_follow_how_specific_a_target_is() -> None:
    """An operation beats a caller, and a callee beats a caller."""
    assert [target.rank for target in STRONGEST_FIRST] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("target", STRONGEST_FIRST)
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("callee", CALLEES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_target_matches_what_it_says(
    target: Target, caller: str, callee: str | None, operation: str | None
) -> None:
    """What is left out matches everything, an undeclared callee included."""
    expected = (
        target.caller in (None, caller)
        and target.callee in (None, callee)
        and target.operation in (None, operation)
    )
    assert target.matches(caller, callee, operation) is expected


def test_no_target_is_about_the_calls_that_match_none() -> None:
    """A policy for the operation * is one without an operation."""
    assert not Target(None, "b", "*").matches("a", "b", "*")
    assert Target(None, "b").matches("a", "b", "*")
