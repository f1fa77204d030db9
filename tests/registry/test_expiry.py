"""When an instance is taken off the list."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from configsvc.registry import Decisions, Expiry, Instance
from configsvc.registry.expiry import OWNER_SILENCE

SECOND = 1_000_000
GRACE = 10 * SECOND
SERVICE = ("prod", "score-engine")


def instance(number: int, state: str = "up", owner: str = "1-a") -> Instance:
    """One of the score engine's."""
    address = f"10.0.0.{number}:80"
    return Instance(*SERVICE, f"i{number:02}", address, f"{owner}-{number}", 0, state=state)  # type: ignore[arg-type]


class Controller:
    """Looks once a second; the processes in ``owners`` beat."""

    def __init__(self) -> None:
        self.expiry = Expiry()
        self.now = 0
        self.owners: set[str] = set()

    def look(self, instances: Iterable[Instance], *, seconds: int = 0) -> Decisions:
        """Decide after so many seconds."""
        self.now += seconds * SECOND
        listed = list(instances)
        beats = {each.owner: self.now for each in listed if each.owner in self.owners}
        return self.expiry.decide(listed, beats, {SERVICE: GRACE}, self.now)


def owners_of(instances: Iterable[Instance]) -> set[str]:
    """The processes that have their streams."""
    return {each.owner for each in instances}


def test_instance_with_a_stream_stays() -> None:
    """For ever."""
    controller, listed = Controller(), [instance(1)]
    controller.owners = owners_of(listed)
    for _ in range(100):
        assert controller.look(listed, seconds=1) == Decisions()


def test_instance_whose_stream_has_ended_expires_after_the_grace() -> None:
    """Not a moment earlier."""
    controller, listed = Controller(), [instance(1, "lost")]
    controller.owners = owners_of(listed)
    assert controller.look(listed) == Decisions()
    assert controller.look(listed, seconds=9) == Decisions()
    assert controller.look(listed, seconds=1).expire == (listed[0],)


def test_instance_whose_owner_is_silent_expires_after_silence_and_grace() -> None:
    """A node that died cannot say that streams have ended."""
    controller, listed = Controller(), [instance(1)]
    controller.owners = owners_of(listed)
    controller.look(listed)
    controller.owners = set()
    assert controller.look(listed, seconds=OWNER_SILENCE // SECOND - 1) == Decisions()
    assert controller.look(listed, seconds=1) == Decisions()
    assert controller.look(listed, seconds=10).expire == (listed[0],)


def test_owner_that_hangs_and_says_the_same_is_silent() -> None:
    """A sign of life is another number, not a record that lies there."""
    expiry, listed = Expiry(), [instance(1)]
    for second in range(19):
        assert (
            expiry.decide(listed, {listed[0].owner: 7}, {SERVICE: GRACE}, second * SECOND)
            == Decisions()
        )
    assert expiry.decide(listed, {listed[0].owner: 7}, {SERVICE: GRACE}, 19 * SECOND).expire == (
        listed[0],
    )


def test_grace_counts_from_the_start_of_the_controller() -> None:
    """A record that has long been lost is given the time to come back."""
    controller, listed = Controller(), [instance(1, "lost")]
    controller.look(listed)
    controller.look(listed, seconds=9)
    controller.expiry.begin_anew()
    assert controller.look(listed, seconds=9) == Decisions()
    assert controller.look(listed, seconds=10).expire == (listed[0],)


def test_grace_begins_anew_with_another_stream() -> None:
    """An instance that came back and was lost again was there in between."""
    controller, listed = Controller(), [instance(1, "lost")]
    controller.look(listed)
    again = [replace(listed[0], session="2-b-1")]
    assert controller.look(again, seconds=9) == Decisions()
    assert controller.look(again, seconds=9) == Decisions()
    assert controller.look(again, seconds=1).expire == (again[0],)


def test_many_at_once_become_suspects() -> None:
    """Four of ten in one grace is more than 30 %."""
    controller = Controller()
    listed = [instance(number, "lost" if number < 4 else "up") for number in range(10)]
    controller.owners = owners_of(listed)
    controller.look(listed)
    decided = controller.look(listed, seconds=10)
    assert (decided.expire, decided.suspect) == ((), tuple(listed[:4]))


def test_few_expire_whatever_their_share() -> None:
    """Two of two may go."""
    controller, listed = Controller(), [instance(1, "lost"), instance(2, "lost")]
    controller.look(listed)
    assert len(controller.look(listed, seconds=10).expire) == 2


def test_many_one_after_the_other_within_a_grace_are_many() -> None:
    """A trickle is a flood as well: those that went a moment ago count."""
    controller = Controller()
    listed = [instance(number, "lost" if number < 2 else "up") for number in range(9)]
    controller.owners = owners_of(listed)
    controller.look(listed)
    assert len(controller.look(listed, seconds=10).expire) == 2
    rest = [replace(each, state="lost") for each in listed[2:4]] + listed[4:]
    assert controller.look(rest, seconds=1) == Decisions()
    assert controller.look(rest, seconds=5) == Decisions()
    late = controller.look(rest, seconds=5)
    assert len(late.expire) == 2, "the grace of those that went is over by now"


def test_those_that_went_within_the_grace_count_as_many() -> None:
    """Two have gone, two more are due a moment later: that is four of nine."""
    controller = Controller()
    listed = [instance(number, "lost" if number < 2 else "up") for number in range(9)]
    controller.owners = owners_of(listed)
    controller.look(listed)
    listed = [replace(each, state="lost") if each.id < "i04" else each for each in listed]
    controller.look(listed, seconds=3)
    assert [each.id for each in controller.look(listed, seconds=7).suspect] == ["i00", "i01"]


def test_suspect_goes_when_it_fails_its_health_checks() -> None:
    """And stays while it passes them."""
    controller = Controller()
    listed = [instance(number, "suspect") for number in range(4)]
    listed[1] = replace(listed[1], healthy=False)
    controller.look(listed)
    assert controller.look(listed, seconds=10).expire == (listed[1],)


def test_last_suspects_go_once_the_others_are_back() -> None:
    """Two of ten are no catastrophe any more."""
    controller = Controller()
    listed = [instance(number, "suspect" if number < 2 else "up") for number in range(10)]
    controller.owners = owners_of(listed)
    controller.look(listed)
    assert controller.look(listed, seconds=10).expire == tuple(listed[:2])


@given(
    states=st.lists(st.sampled_from(["up", "lost"]), min_size=1, max_size=12),
    seconds=st.lists(st.integers(1, 12), max_size=8),
)
def test_whatever_happens_no_more_than_the_share_expire_in_one_grace(
    states: list[str], seconds: list[int]
) -> None:
    """Unless they are fewer than three."""
    controller = Controller()
    listed = [instance(number, state) for number, state in enumerate(states)]
    controller.owners = owners_of(listed)
    total = len(listed)
    for wait in seconds:
        decided = controller.look(listed, seconds=wait)
        gone = len(decided.expire)
        assert gone < 3 or gone * 100 <= 30 * total
        kept = [each for each in listed if each not in decided.expire]
        listed = [
            replace(each, state="suspect") if each in decided.suspect else each for each in kept
        ]
