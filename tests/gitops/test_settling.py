"""When an edit is over: quiet for long enough, or open for too long."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.gitops.settling import Settling


def test_edit_is_over_after_a_quiet_time() -> None:
    """Each change puts the end off."""
    settling = Settling(quiet=1.0, longest=10.0)
    settling.touch(100.0)
    settling.touch(100.75)

    assert [settling.is_due(at) for at in (101.5, 101.75)] == [False, True]
    assert not settling.is_overdue(101.75)


def test_edit_that_never_ends_is_taken_all_the_same() -> None:
    """Changes put the end off no further than the longest time after the first."""
    settling = Settling(quiet=1.0, longest=3.0)
    for at in (100.0, 100.75, 101.5, 102.25, 102.9):
        settling.touch(at)

    assert settling.due == 103.0
    assert settling.is_overdue(103.0)


def test_next_change_after_an_edit_begins_another() -> None:
    """The longest time counts from the first change of the same edit."""
    settling = Settling(quiet=1.0, longest=3.0)
    settling.touch(100.0)
    settling.settle()
    assert settling.due is None
    assert not settling.is_due(1e9)
    assert not settling.is_overdue(1e9)

    settling.touch(200.0)
    assert settling.due == 201.0


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=30))
def test_edit_is_due_within_its_bounds(pauses: list[float]) -> None:
    """Never before the quiet time, never after the longest, whatever comes when."""
    settling = Settling(quiet=1.0, longest=4.0)
    now = 0.0
    for pause in pauses:
        now += pause
        settling.touch(now)
    first = pauses[0]

    assert settling.due is not None
    assert settling.due == min(now + 1.0, first + 4.0)
