"""Moves of a rollout."""

import pytest

from configsvc.rollout import Phase, RolloutPhaseError, rollout_from_json, rollout_to_json
from tests.rollout.world import BEGAN, MINUTE, rollout


def test_it_begins_with_its_first_stage() -> None:
    """Its members are a part of the fleet from the start."""
    begun = rollout({"share": "10%"}, {"share": "100%"})
    assert (begun.phase, begun.stage, begun.share) == (Phase.ROLLING, 0, 100_000)
    assert begun.complete
    assert not begun.last


def test_a_stage_is_reached_minute_by_minute() -> None:
    """No more than the bound is added at once, and never more than the stage asks for."""
    begun = rollout({"share": "50%"}, maxPerMinute="20%")
    assert (begun.share, begun.complete) == (200_000, False)
    second = begun.widen(BEGAN + MINUTE)
    third = second.widen(BEGAN + 2 * MINUTE)
    assert [second.share, third.share] == [400_000, 500_000]
    assert (third.complete, third.widened) == (True, BEGAN + 2 * MINUTE)


def test_a_stage_of_labels_keeps_the_share() -> None:
    """Whoever was a member by share stays one."""
    begun = rollout({"share": "10%"}, {"labels": {"zone": "a"}}, {"share": "30%"})
    labelled = begun.advance(BEGAN + MINUTE)
    assert (labelled.stage, labelled.share, labelled.complete) == (1, 100_000, True)
    assert labelled.advance(BEGAN + 2 * MINUTE).share == 300_000


def test_a_resumed_stage_bakes_anew() -> None:
    """What was seen before the pause says little of now."""
    paused = rollout().pause("lunch")
    assert (paused.phase, paused.reason) == (Phase.PAUSED, "lunch")
    resumed = paused.resume(BEGAN + 9)
    assert (resumed.phase, resumed.reason, resumed.widened) == (Phase.ROLLING, "", BEGAN + 9)


def test_a_head_that_moves_suspends_it_once() -> None:
    """The first revision that came between is the reason."""
    suspended = rollout().suspend(9).suspend(10)
    assert (suspended.phase, suspended.reason) == (
        Phase.SUSPENDED,
        "revision 9 was published meanwhile",
    )


@pytest.mark.parametrize(
    ("start", "move", "text"),
    [
        ("suspended", "pause", "rollout 8 is suspended, it cannot pause"),
        ("suspended", "promote", "it cannot be promoted: resume it on the new head first"),
        ("rolling", "resume", "rollout 8 is rolling, it cannot resume"),
        ("aborted", "abort", "it cannot be aborted: it has ended already"),
        ("promoted", "pause", "rollout 8 is promoted, it cannot pause"),
    ],
)
def test_other_moves_are_refused(start: str, move: str, text: str) -> None:
    """The error says where it stands, and what to do instead."""
    begun = rollout()
    at = {
        "rolling": begun,
        "suspended": begun.suspend(9),
        "aborted": begun.abort("no"),
        "promoted": begun.promote(),
    }[start]
    moves = {
        "pause": lambda: at.pause("x"),
        "resume": lambda: at.resume(BEGAN),
        "promote": at.promote,
        "abort": lambda: at.abort("x"),
    }
    with pytest.raises(RolloutPhaseError, match=text):
        moves[move]()


def test_it_survives_being_written_down() -> None:
    """Another process reads what one wrote."""
    moved = rollout({"labels": {"zone": "a"}}, {"share": "30%"}, maxPerMinute="7%").pause("why")
    assert rollout_from_json(rollout_to_json(moved)) == moved
