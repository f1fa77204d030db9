"""Rows of agents follow what they are sent and what they report."""

import json

import pytest

from configsvc.fleet import AgentReport, AgentRow, AgentState, Breaker, BundleReport, Roster
from configsvc.fleet import roster as roster_module
from configsvc.fleet.roster import POLL_GRACE, REMEMBERED

IDENTITY = ("prod", "player-engine", "a")


def row(session: str = "s", *, at: int = 0, digest: str = "") -> AgentRow:
    """An agent that has just connected."""
    return AgentRow(*IDENTITY, session, connected_since=at, last_heard=at, digest=digest)


def connected(session: str = "s", *, at: int = 0, digest: str = "") -> tuple[Roster, AgentRow]:
    """A roster with that agent, which should hold version 3."""
    roster, agent = Roster(), row(session, at=at, digest=digest)
    roster.connect(agent)
    roster.want(session, 3, "d3", 100)
    return roster, agent


def said(state: AgentState, version: int = 3, reason: str = "") -> AgentReport:
    """A report about one bundle."""
    return AgentReport("s", (BundleReport(version, f"d{version}", state, reason),), "ready")


def test_pending_until_applied() -> None:
    """An agent that was sent a bundle lags until it says that it applied it."""
    roster, agent = connected()
    assert (agent.state, agent.lag(150)) == (AgentState.PENDING, 50)
    roster.report(said(AgentState.APPLIED), 160)
    assert (agent.state, agent.version, agent.lag(200)) == (AgentState.APPLIED, 3, 0)


def test_agent_that_holds_the_bundle_is_current_at_once() -> None:
    """Nothing was sent, so nothing is waited for."""
    assert connected(digest="d3")[1].state is AgentState.APPLIED


def test_rejection_keeps_reason_and_older_bundle() -> None:
    """A rejected bundle is not the one in force."""
    roster, agent = connected(digest="d2")
    roster.report(said(AgentState.REJECTED, reason="no room"), 160)
    assert (agent.state, agent.reason, agent.digest) == (AgentState.REJECTED, "no room", "d2")


def test_outcome_of_an_older_bundle_leaves_the_newer_pending() -> None:
    """An acknowledgement that crossed a newer push does not settle it."""
    roster, agent = connected()
    roster.report(said(AgentState.APPLIED, version=2), 160)
    assert (agent.state, agent.version) == (AgentState.PENDING, 2)


def test_wish_for_the_same_bundle_keeps_the_outcome() -> None:
    """Only another bundle makes an agent pending again."""
    roster, agent = connected()
    roster.report(said(AgentState.APPLIED), 160)
    roster.want("s", 3, "d3", 100)
    assert agent.state is AgentState.APPLIED


def test_lost_agent_is_stale_for_a_day() -> None:
    """An agent does not vanish from the view together with its stream."""
    roster, agent = connected()
    roster.disconnect("s", 200)
    assert (roster.rows("prod"), agent.state, agent.disconnected) == (
        [agent],
        AgentState.STALE,
        200,
    )
    roster.expire(200 + REMEMBERED)
    assert roster.rows("prod") == [agent]
    roster.expire(200 + REMEMBERED + 1)
    assert roster.rows("prod") == []


def test_agent_that_was_silent_for_long_is_remembered_too() -> None:
    """An agent reports when something changes: the day counts from the end of its stream."""
    roster, agent = connected()
    roster.disconnect("s", 3 * REMEMBERED)
    roster.expire(3 * REMEMBERED + 1)
    assert roster.rows("prod") == [agent]


def test_stream_that_was_replaced_leaves_nothing_behind() -> None:
    """An agent that came back before its old stream was given up is not lost."""
    roster, _ = connected()
    back = row("t", at=300)
    roster.connect(back)
    roster.disconnect("s", 400)
    assert roster.rows() == [back]
    roster.disconnect("t", 500)
    assert (roster.rows(), back.state) == ([back], AgentState.STALE)


def test_agents_without_a_stream_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up names of instances cost no more than a bounded number of rows."""
    monkeypatch.setattr(roster_module, "MAX_POLLS", 2)
    monkeypatch.setattr(roster_module, "MAX_REMEMBERED", 3)
    roster = Roster()
    for at, name in enumerate("abcdefa"):
        roster.report_poll((*IDENTITY[:2], name), AgentReport("poll"), at)
    shown = {each.instance: each.disconnected for each in roster.rows()}
    assert shown == {"f": None, "a": None, "c": 2, "d": 3, "e": 4}


def test_agent_that_returns_is_listed_once_and_keeps_what_it_said() -> None:
    """A new stream takes the place of what was lost."""
    roster, _ = connected()
    roster.report(
        AgentReport("s", health="ready", language="python", breakers=(Breaker("e", "open"),)), 10
    )
    roster.disconnect("s", 200)
    roster.connect(row("t", at=300))
    (only,) = roster.rows("prod")
    assert (only.session, only.language, only.breakers) == ("t", "python", (Breaker("e", "open"),))


def test_disconnecting_twice_is_harmless() -> None:
    """The second time there is nothing to lose."""
    roster, _ = connected()
    roster.disconnect("s", 1)
    roster.disconnect("s", 2)
    assert len(roster.rows()) == 1


def test_poll_agent_counts_as_connected_while_it_reports() -> None:
    """An agent without a stream is stale once it has not been heard for a while."""
    roster = Roster()
    report = AgentReport("poll", (BundleReport(3, "d3", AgentState.APPLIED),), "ready")
    roster.report_poll(IDENTITY, report, 0)
    roster.expire(POLL_GRACE)
    (agent,) = roster.rows("prod")
    assert (agent.session, agent.state) == ("poll", AgentState.APPLIED)
    roster.expire(POLL_GRACE + 1)
    assert agent.state is AgentState.STALE


def test_rows_are_of_one_namespace() -> None:
    """Nobody sees agents of a namespace they did not ask for."""
    assert connected()[0].rows("staging") == []


def test_row_round_trip() -> None:
    """What a process answers is read back."""
    roster, agent = connected()
    roster.report(AgentReport("s", (), "ready", "go", "1.2", (Breaker("e", "open"),)), 5)
    roster.disconnect("s", 6)
    assert AgentRow.from_json(json.loads(json.dumps(agent.to_json()))) == agent
