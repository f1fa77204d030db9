"""A policy that names another operation as the fallback, and who carries that out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from configsvc_agent.testing import FakeAgent

BROKEN = ConnectionRefusedError("nobody there")


def agent_with(*fallbacks: tuple[str, str]) -> FakeAgent:
    """Each operation of score-engine in the first place falls back to that in the second."""
    return FakeAgent("player-engine", given(*fallbacks))


def given(*fallbacks: tuple[str, str]) -> dict[str, Any]:
    """The bundle of :func:`agent_with`."""
    operations = [
        {
            "name": name,
            "policy": {"fallback": {"operation": {"service": "score-engine", "operation": other}}},
        }
        for name, other in fallbacks
    ]
    callee = {
        "callee": "score-engine",
        "protocol": "http",
        "hosts": ["score-engine"],
        "operations": operations,
        "other": {},
    }
    return {
        "format": 1,
        "namespace": "default",
        "service": "player-engine",
        "outbound": [callee],
        "undeclared": {},
        "inbound": {"operations": [], "other": {}},
    }


def test_decorated_function_of_the_other_operation_is_called_with_the_same_arguments() -> None:
    """Nothing is said about it but the two decorators and the policy."""
    agent = agent_with(("get-score", "get-old-score"))

    @agent.guard("score-engine", "get-score")
    def score(player: int, *, season: str) -> str:
        raise ConnectionRefusedError(player, season)

    @agent.guard("score-engine", "get-old-score")
    def old_score(player: int, *, season: str) -> str:
        return f"old score of {player} in {season}"

    assert score(7, season="spring") == "old score of 7 in spring"
    assert agent.call("score-engine", "get-score", score.__wrapped__, 8, season="fall") == (  # type: ignore[attr-defined]
        "old score of 8 in fall"
    )


def test_coroutine_function_is_stood_in_for_by_one() -> None:
    """A plain function for the operation is not called where an awaitable is due."""
    agent = agent_with(("get-score", "get-old-score"))

    @agent.guard("score-engine", "get-score")
    async def score(player: int) -> str:
        raise ConnectionRefusedError(player)

    @agent.guard("score-engine", "get-old-score")
    def old_score(player: int) -> str:
        return f"plain {player}"

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(score(7))

    @agent.guard("score-engine", "get-old-score")
    async def old_score_too(player: int) -> str:
        return f"old score of {player}"

    assert asyncio.run(score(7)) == "old score of 7"


def test_operations_that_stand_in_for_each_other_come_to_an_end() -> None:
    """What stands in has no stand-in itself: its own failure is raised."""
    agent = agent_with(("get-score", "get-old-score"), ("get-old-score", "get-score"))
    calls: list[str] = []

    @agent.guard("score-engine", "get-score")
    def score() -> str:
        calls.append("new")
        raise BROKEN

    @agent.guard("score-engine", "get-old-score")
    def old_score() -> str:
        calls.append("old")
        raise TimeoutError("old")

    with pytest.raises(TimeoutError, match="old"):
        score()
    assert calls == ["new", "old"]


def test_failure_is_raised_where_nobody_carries_the_other_operation_out() -> None:
    """A fallback that cannot be had does not hide what happened."""
    agent = agent_with(("get-score", "get-old-score"))

    @agent.guard("score-engine", "get-score")
    def score() -> str:
        raise BROKEN

    with pytest.raises(ConnectionRefusedError) as caught:
        score()
    (note,) = caught.value.__notes__
    assert note.startswith("configsvc: no fallback: no function of this kind is decorated with")
    assert note.endswith("score-engine get-old-score")
    assert agent.metrics().edges[0].events["fallback-refused"] == 1


def test_new_bundle_brings_and_takes_the_fallback_without_a_restart() -> None:
    """Whether there is one is looked up whenever the bundle changes."""
    agent = agent_with(("get-score", "get-old-score"))

    @agent.guard("score-engine", "get-score")
    def score() -> str:
        raise BROKEN

    @agent.guard("score-engine", "get-old-score")
    def old_score() -> str:
        return "old"

    assert score() == "old"
    agent.install(given(("another", "get-old-score")))
    with pytest.raises(ConnectionRefusedError):
        score()
    agent.install(given(("get-score", "get-old-score")))
    assert score() == "old"
