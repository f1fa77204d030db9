"""The books of one process: rows and counts agree, and what agents say is not believed blindly."""

from typing import cast

from configsvc.agentgate.counters import Counters
from configsvc.agentgate.presence import Presence
from configsvc.agentgate.reports import Reported
from configsvc.agentgate.streams import AgentStream, Surroundings
from configsvc.fleet import AgentReport, AgentState, BundleReport
from configsvc.push import Held, Offer

ONE = ("prod", "player-engine", "one")
NEW = Offer("new-epoch", 5, "d5", 5, 1_000)


def stream(session: str, instance: str = "one") -> AgentStream:
    """A stream of the one agent, or of another; nothing is written to it."""
    return AgentStream((*ONE[:2], instance), session, "token", None, cast("Surroundings", None), {})


def said(session: str, version: int, state: AgentState = AgentState.APPLIED) -> Reported:
    """What the agent says of a bundle."""
    outcome = BundleReport(version, f"d{version}", state)
    return Reported(*ONE, AgentReport(session, (outcome,)))


def joined(held: Held) -> Presence:
    """An agent that comes back with an older bundle than the present one."""
    presence = Presence(Counters(), lambda: 2_000)
    presence.joined(stream("s"), held, NEW, 2_000)
    return presence


def states(presence: Presence) -> dict[AgentState, int]:
    """How far the present change has come."""
    counts = presence.convergence.counts("prod", 5)
    assert counts is not None
    return {state: count for state, count in counts.states.items() if count}


def test_version_of_a_former_lineage_settles_nothing() -> None:
    """After a restore an agent first says that it holds a higher version than there is."""
    presence = joined(Held("old-epoch", 500, "d500"))
    presence.reported(said("s", 500), 3_000)
    assert states(presence) == {AgentState.PENDING: 1}
    presence.reported(said("s", 5), 4_000)
    assert states(presence) == {AgentState.APPLIED: 1}


def test_earlier_version_settles_earlier_changes_alone() -> None:
    """What an agent holds on a new stream is an outcome of what was before."""
    presence = joined(Held("new-epoch", 3, "d3"))
    presence.reported(said("s", 3), 3_000)
    assert states(presence) == {AgentState.PENDING: 1}


def test_agent_that_comes_back_before_its_old_stream_ends_is_one_agent() -> None:
    """The end of a stream that nobody uses any more is no loss."""
    presence = joined(Held("new-epoch", 3, "d3"))
    presence.joined(stream("t"), Held("new-epoch", 3, "d3"), NEW, 3_000)
    presence.left("s", 4_000)
    assert [row.session for row in presence.roster.rows()] == ["t"]
    presence.reported(said("t", 5), 5_000)
    assert states(presence) == {AgentState.APPLIED: 1}


def test_who_was_told_is_booked_before_its_answer() -> None:
    """Agents are written to first and counted later; an answer that comes meanwhile counts."""
    presence = Presence(Counters(), lambda: 6_000)
    for session in ("s", "t"):
        presence.joined(stream(session, "one" if session == "s" else "two"), NEW.held, NEW, 2_000)
        presence.told(session, Offer("new-epoch", 6, "d6", 6, 5_000), needs=True)
    presence.reported(said("s", 6), 7_000)
    counts = presence.convergence.counts("prod", 6)
    assert counts is not None
    assert counts.states[AgentState.APPLIED] == 1

    assert presence.book(1) is False
    counts = presence.convergence.counts("prod", 6)
    assert counts is not None
    assert (counts.targeted, counts.count(AgentState.PENDING)) == (2, 1)


def test_two_changes_before_the_books_are_kept_are_two() -> None:
    """An agent that was sent both was meant to have both."""
    presence = Presence(Counters(), lambda: 6_000)
    presence.joined(stream("s"), NEW.held, NEW, 2_000)
    for version in (6, 7):
        offer = Offer("new-epoch", version, f"d{version}", version, 5_000)
        presence.told("s", offer, needs=True)
    presence.book()
    for version in (6, 7):
        counts = presence.convergence.counts("prod", version)
        assert counts is not None
        assert counts.targeted == 1
