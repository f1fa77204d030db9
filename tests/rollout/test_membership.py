"""Who holds the candidate."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.rollout import is_member
from tests.rollout.world import BEGAN, rollout

INSTANCES = [f"instance-{number}" for number in range(2_000)]


def test_a_share_is_about_that_share() -> None:
    """The hash spreads instances evenly: 10 % of 2,000 give or take five standard deviations."""
    members = sum(is_member(rollout({"share": "10%"}), each, {}) for each in INSTANCES)
    assert abs(members - 200) < 5 * (2_000 * 0.1 * 0.9) ** 0.5


def test_all_is_everybody() -> None:
    """Nobody is left at 100 %."""
    assert all(is_member(rollout({"share": "100%"}), each, {}) for each in INSTANCES)


@given(st.text(max_size=20), st.integers(1, 99), st.integers(1, 99))
def test_a_member_stays_one_as_shares_grow(instance: str, one: int, other: int) -> None:
    """Nobody goes back and forth between stages."""
    low, high = sorted((one, other))
    if is_member(rollout({"share": f"{low}%"}), instance, {}):
        assert is_member(rollout({"share": f"{high}%"}), instance, {})


def test_another_rollout_has_other_members() -> None:
    """It is not always the same instances that go first."""
    first, second = (rollout({"share": "10%"}, number=number) for number in (8, 9))
    chosen = [{each for each in INSTANCES if is_member(it, each, {})} for it in (first, second)]
    assert chosen[0] != chosen[1]


def test_labels_must_all_match() -> None:
    """An instance with one of two labels is not meant."""
    begun = rollout({"labels": {"zone": "a", "canary": "yes"}}, {"share": "100%"})
    assert is_member(begun, "i", {"zone": "a", "canary": "yes", "more": "x"})
    assert not is_member(begun, "i", {"zone": "a"})
    assert not is_member(begun, "i", {})


def test_a_stage_ahead_adds_nobody() -> None:
    """Labels count from the stage that names them, and from then on."""
    begun = rollout({"share": "0.0001%"}, {"labels": {"zone": "a"}}, {"share": "0.0002%"})
    zone = {"zone": "a"}
    assert not is_member(begun, "i", zone)
    labelled = begun.advance(BEGAN)
    assert is_member(labelled, "i", zone)
    assert is_member(labelled.advance(BEGAN), "i", zone)


def test_what_has_ended_has_no_members() -> None:
    """After a promotion the head is what everybody holds, after an abort too."""
    begun = rollout({"share": "100%"})
    assert not is_member(begun.abort("x"), "i", {})
    assert not is_member(begun.promote(), "i", {})


def test_a_pause_keeps_its_members() -> None:
    """They hold the candidate until something is decided."""
    begun = rollout({"share": "100%"})
    assert is_member(begun.pause("x"), "i", {})
    assert is_member(begun.suspend(9), "i", {})
