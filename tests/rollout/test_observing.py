"""What the fleet says of a candidate."""

from configsvc.fleet import AgentState
from configsvc.rollout import observe
from tests.rollout.world import BEGAN, DIGEST, OTHER, rollout, row

ALL = rollout({"share": "100%"})
TOUCHED = {"score": DIGEST}


def test_members_are_counted_by_state() -> None:
    """A rejection keeps its reason."""
    rows = [
        row("a"),
        row("b", AgentState.REJECTED, reason="too new"),
        row("c", AgentState.PENDING),
        row("d", AgentState.OVERRIDDEN),
    ]
    seen = observe(ALL, TOUCHED, rows, ("node-2",))
    assert (seen.agents, seen.members) == (4, 4)
    assert seen.count(AgentState.APPLIED) == seen.count(AgentState.REJECTED) == 1
    assert seen.rejections == {"too new": 1}
    assert seen.incomplete == ("node-2",)


def test_others_are_not_counted() -> None:
    """Of services that it does not concern, of those that are lost, of who is no member."""
    labelled = rollout({"labels": {"zone": "a"}})
    rows = [row("a", zone="a"), row("b", service="match", zone="a"), row("c", zone="b")]
    seen = observe(labelled, TOUCHED, [*rows, row("d", zone="a", lost=1)])
    assert (seen.agents, seen.members) == (2, 1)
    assert seen.vanished == ()


def test_what_is_said_of_another_bundle_is_no_answer() -> None:
    """A member that was not told yet has applied something else."""
    seen = observe(ALL, TOUCHED, [row("a", AgentState.APPLIED, wanted=OTHER)])
    assert seen.states == {AgentState.PENDING: 1}


def test_an_agent_counts_once_for_its_open_breakers() -> None:
    """However many it has."""
    seen = observe(ALL, TOUCHED, [row("a", open_breaker=True), row("b")])
    assert seen.open_breakers == 1


def test_members_that_vanish_after_they_were_given_it_are_remembered() -> None:
    """Not those of former stages, of other bundles, or who were no members."""
    labelled = rollout({"labels": {"zone": "a"}})
    rows = [
        row("a", zone="a", lost=BEGAN),
        row("b", zone="a", lost=BEGAN - 1),
        row("c", zone="a", lost=BEGAN + 1, wanted=OTHER),
        row("d", zone="b", lost=BEGAN + 1),
        row("e", zone="a", lost=BEGAN + 1, service="match"),
    ]
    assert observe(labelled, TOUCHED, rows).vanished == (BEGAN,)
