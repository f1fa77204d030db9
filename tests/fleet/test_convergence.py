"""Changes are followed to the agents that they are meant for."""

import pytest

from configsvc.fleet import AckCounts, AgentRow, AgentState, BundleReport, Convergence
from configsvc.fleet import convergence as convergence_module
from configsvc.fleet.convergence import MAX_CHANGES


def agent(session: str, instance: str | None = None) -> AgentRow:
    """A connected agent."""
    return AgentRow("prod", "player-engine", instance or session, session, 0, 0)


def said(state: AgentState, version: int, reason: str = "") -> BundleReport:
    """What an agent says of one bundle."""
    return BundleReport(version, f"d{version}", state, reason)


def following(*revisions: int, agents: str = "ab") -> Convergence:
    """Changes committed at 1,000 that target agents named by one letter each."""
    convergence = Convergence()
    for revision in revisions:
        convergence.target("prod", revision, 1_000, [agent(each) for each in agents], 1_001)
    return convergence


def states(convergence: Convergence, revision: int) -> dict[AgentState, int]:
    """How many agents are in which state; none left out."""
    return {state: count for state, count in _counts(convergence, revision).states.items() if count}


def _counts(convergence: Convergence, revision: int) -> AckCounts:
    counts = convergence.counts("prod", revision)
    assert counts is not None
    return counts


def test_every_outcome_is_counted() -> None:
    """Applied, rejected with its reason, overridden, and what nobody heard of."""
    convergence = following(5, agents="abcd")
    assert convergence.report(agent("a"), said(AgentState.APPLIED, 5), 3_000) == [2_000]
    convergence.report(agent("b"), said(AgentState.REJECTED, 5, "no room"), 3_000)
    convergence.report(agent("c"), said(AgentState.OVERRIDDEN, 5), 3_000)
    counts = _counts(convergence, 5)
    assert states(convergence, 5) == {
        AgentState.APPLIED: 1,
        AgentState.REJECTED: 1,
        AgentState.OVERRIDDEN: 1,
        AgentState.PENDING: 1,
    }
    assert counts.reasons == {"no room": 1}
    assert counts.latency.percentile(50) == 2_000
    assert [each.instance for each in counts.laggards] == ["b", "c", "d"]


def test_outcome_settles_earlier_changes() -> None:
    """A push that took the place of an earlier one brings that one's change too."""
    convergence = following(5, 6, agents="a")
    convergence.report(agent("a"), said(AgentState.APPLIED, 6), 3_000)
    assert states(convergence, 5) == states(convergence, 6) == {AgentState.APPLIED: 1}


def test_outcome_leaves_later_changes_open() -> None:
    """The acknowledgement of an older bundle says nothing of a newer one."""
    convergence = following(5, 6, agents="a")
    convergence.report(agent("a"), said(AgentState.APPLIED, 5), 3_000)
    assert states(convergence, 6) == {AgentState.PENDING: 1}


def test_same_acknowledgement_twice_counts_once() -> None:
    """A report sent again after a lost answer changes nothing."""
    convergence = following(5, agents="a")
    convergence.report(agent("a"), said(AgentState.APPLIED, 5), 3_000)
    assert convergence.report(agent("a"), said(AgentState.APPLIED, 5), 9_000) == []
    assert _counts(convergence, 5).latency.longest == 2_000


def test_rejected_then_applied() -> None:
    """An agent may think better of it."""
    convergence = following(5, agents="a")
    convergence.report(agent("a"), said(AgentState.REJECTED, 5, "no room"), 2_000)
    convergence.report(agent("a"), said(AgentState.APPLIED, 5), 3_000)
    assert states(convergence, 5) == {AgentState.APPLIED: 1}
    assert _counts(convergence, 5).reasons == {}


def test_agent_that_was_not_targeted_is_not_counted() -> None:
    """An agent that starts later is current without having been waited for."""
    convergence = following(5, agents="a")
    convergence.report(agent("z"), said(AgentState.APPLIED, 5), 3_000)
    assert _counts(convergence, 5).targeted == 1


def test_lost_agent_is_stale_and_counts_again_when_it_returns() -> None:
    """The new stream of an agent takes the place of the lost one; nobody is counted twice."""
    convergence = following(5, agents="a")
    convergence.leave(agent("a"), 2_000)
    assert states(convergence, 5) == {AgentState.STALE: 1}
    convergence.returned(agent("b", instance="a"), 3_000)
    assert states(convergence, 5) == {AgentState.PENDING: 1}
    convergence.report(agent("b", instance="a"), said(AgentState.APPLIED, 5), 4_000)
    assert states(convergence, 5) == {AgentState.APPLIED: 1}


def test_agent_that_returns_with_the_bundle_has_applied_it() -> None:
    """Its acknowledgement was lost, not its work."""
    convergence = following(5, agents="a")
    convergence.leave(agent("a"), 2_000)
    back = agent("b", instance="a")
    back.state, back.wanted_version = AgentState.APPLIED, 5
    convergence.returned(back, 3_000)
    assert states(convergence, 5) == {AgentState.APPLIED: 1}


def test_agent_that_rejects_and_returns_is_counted_once() -> None:
    """A rejection is said again on each new stream; it is still the same agent."""
    convergence = following(5, agents="a")
    for session, successor in (("a", "b"), ("b", "c")):
        row = agent(session, instance="one")
        convergence.report(row, said(AgentState.REJECTED, 5, "no room"), 2_000)
        convergence.leave(row, 3_000)
        assert states(convergence, 5) == {AgentState.REJECTED: 1}
        back = agent(successor, instance="one")
        convergence.target("prod", 5, 1_000, [back], 4_000)
        convergence.returned(back, 4_000)
        assert states(convergence, 5) == {AgentState.PENDING: 1}


def test_stream_that_was_replaced_counts_no_more() -> None:
    """An agent that is back before its old stream was given up is counted under the new one."""
    convergence = following(5, agents="ab")
    convergence.report(agent("b"), said(AgentState.REJECTED, 5), 2_000)
    convergence.replace("a", 3_000)
    convergence.replace("b", 3_000)
    assert states(convergence, 5) == {}


def test_lost_agents_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those who left long ago only the number is kept."""
    monkeypatch.setattr(convergence_module, "MAX_LOST", 2)
    convergence = following(5, agents="abcd")
    for session in "abcd":
        convergence.leave(agent(session), 2_000)
    assert states(convergence, 5) == {AgentState.STALE: 4}
    assert [each.instance for each in _counts(convergence, 5).laggards] == ["c", "d"]
    convergence.returned(agent("x", instance="d"), 3_000)
    assert states(convergence, 5) == {AgentState.STALE: 3, AgentState.PENDING: 1}


def test_agent_handed_over_is_counted_elsewhere() -> None:
    """A process that stops does not leave its agents behind as stale."""
    convergence = following(5)
    convergence.report(agent("a"), said(AgentState.APPLIED, 5), 2_000)
    convergence.forget("a", 3_000)
    convergence.forget("b", 3_000)
    assert states(convergence, 5) == {AgentState.APPLIED: 1}


def test_only_what_moved_is_written() -> None:
    """A change that nothing happened to is not written again, unless writing it failed."""
    convergence = following(5, 6)
    assert [each.revision for each in convergence.changed()] == [5, 6]
    assert convergence.changed() == []
    convergence.report(agent("a"), said(AgentState.APPLIED, 5), 3_000)
    moved = convergence.changed()
    assert [each.revision for each in moved] == [5]
    convergence.put_back(moved)
    assert [each.revision for each in convergence.changed()] == [5]


def test_oldest_changes_are_followed_no_more() -> None:
    """What is kept in memory is bounded."""
    convergence = following(*range(1, MAX_CHANGES + 3))
    assert convergence.counts("prod", 2) is None
    assert convergence.counts("prod", 3) is not None


def test_namespaces_do_not_mix() -> None:
    """A revision number means another change in another namespace."""
    convergence = following(5, agents="a")
    other = agent("a")
    other.namespace = "staging"
    convergence.report(other, said(AgentState.APPLIED, 5), 3_000)
    assert states(convergence, 5) == {AgentState.PENDING: 1}
