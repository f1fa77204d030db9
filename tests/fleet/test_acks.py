"""Counts of several processes add up to the state of a change."""

import json
from collections.abc import Mapping

import pytest

from configsvc.fleet import AckCounts, AgentState, Histogram, Laggard, total


def counts(
    states: Mapping[AgentState, int],
    *,
    revision: int = 7,
    reasons: Mapping[str, int] | None = None,
    latencies: tuple[int, ...] = (),
    laggards: tuple[Laggard, ...] = (),
) -> AckCounts:
    """What one process wrote."""
    latency = Histogram()
    for each in latencies:
        latency.record(each)
    return AckCounts("prod", revision, 1_000, states, reasons or {}, latency, laggards, 2_000)


def late(instance: str, state: AgentState = AgentState.PENDING) -> Laggard:
    """A laggard."""
    return Laggard("player-engine", instance, state)


def test_states_reasons_and_latencies_add() -> None:
    """Nothing is averaged."""
    one = counts(
        {AgentState.APPLIED: 2, AgentState.REJECTED: 1},
        reasons={"no memory": 1},
        latencies=(1_000, 1_000),
    )
    two = counts({AgentState.APPLIED: 1, AgentState.STALE: 1}, latencies=(4_000_000,))
    added = total([one, two])
    assert added is not None
    assert (added.targeted, added.count(AgentState.APPLIED), added.count(AgentState.STALE)) == (
        5,
        3,
        1,
    )
    assert added.reasons == {"no memory": 1}
    assert (added.latency.percentile(50), added.latency.percentile(99)) == (1_000, 4_000_000)


def test_at_most_twenty_laggards() -> None:
    """A view of thousands of laggards helps nobody."""
    parts = [counts({}, laggards=tuple(late(f"{p}-{n:02}") for n in range(20))) for p in "ab"]
    added = total(parts)
    assert added is not None
    assert [each.instance for each in added.laggards] == [f"a-{n:02}" for n in range(20)]


def test_reasons_beyond_twenty_are_counted_together() -> None:
    """Every rejection is counted, whatever its reason."""
    added = total([counts({}, reasons={f"reason {n}": n for n in range(1, 31)})])
    assert added is not None
    assert len(added.reasons) == 20
    assert sum(added.reasons.values()) == sum(range(1, 31))


def test_counts_of_different_changes_are_not_added() -> None:
    """A mistake of the caller does not become a number."""
    with pytest.raises(ValueError, match="different changes"):
        total([counts({}), counts({}, revision=8)])


def test_nothing_to_add() -> None:
    """A change that nobody counted has no counts."""
    assert total([]) is None


def test_round_trip() -> None:
    """What is written to the store is read back."""
    one = counts(
        {AgentState.APPLIED: 2},
        reasons={"x": 1},
        latencies=(5,),
        laggards=(late("a", AgentState.REJECTED),),
    )
    assert AckCounts.from_json(json.loads(json.dumps(one.to_json()))) == one
