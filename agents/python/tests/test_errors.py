"""Errors say what happened, where, who decided, and survive a process boundary."""

from __future__ import annotations

import pickle

import pytest

from configsvc_agent.errors import (
    AgentError,
    CallError,
    DeadlineError,
    OpenError,
    PolicyError,
    duration_text,
)


def test_text_carries_edge_reason_policy_and_revision() -> None:
    """One line tells all of it."""
    error = OpenError(
        "the circuit breaker is open for another 3s",
        caller="player-engine",
        callee="score-engine",
        operation="get-score",
        policy="CircuitBreaker/score",
        revision=41,
        remaining=3_000_000,
    )
    assert str(error) == (
        "player-engine -> score-engine get-score: the circuit breaker is open for another 3s "
        "(policy CircuitBreaker/score, revision 41)"
    )
    assert (error.kind, error.remaining) == ("open", 3_000_000)


def test_error_survives_pickling_with_all_its_fields() -> None:
    """As a task queue or a process pool does to it."""
    error = DeadlineError("too late", caller="a", callee="b", policy="Timeout/t", revision=7)
    error.interrupted = False
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own bytes
    assert type(copy) is DeadlineError
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


def test_two_roots_by_who_must_act() -> None:
    """Whoever calls, or whoever runs the agent."""
    assert issubclass(OpenError, CallError)
    assert not issubclass(OpenError, AgentError)
    assert issubclass(PolicyError, AgentError)
    assert issubclass(PolicyError, ValueError)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "0s"), (80, "80us"), (1_500, "1.5ms"), (250_000, "250ms"), (90_000_000, "90s")],
)
def test_durations_read_as_people_write_them(microseconds: int, text: str) -> None:
    """With the unit that fits."""
    assert duration_text(microseconds) == text
