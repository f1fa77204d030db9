"""Rows of health checks."""

from hypothesis import given
from hypothesis import strategies as st

from configsvc.registry import Health


def test_health_turns_after_so_many_bad_answers_in_a_row() -> None:
    """A good one in between begins the row anew."""
    health = Health(healthy=True, healthy_after=2, unhealthy_after=3)
    answers = [False, False, True, False, False, False, True, True]
    assert [health.checked(good=good) for good in answers] == [False] * 5 + [True, False, True]
    assert health.healthy


@given(st.lists(st.booleans()), st.integers(1, 4), st.integers(1, 4))
def test_health_is_what_the_last_long_enough_row_said(
    answers: list[bool], healthy_after: int, unhealthy_after: int
) -> None:
    """Compared with looking at the whole history each time."""
    health = Health(healthy=True, healthy_after=healthy_after, unhealthy_after=unhealthy_after)
    expected = True
    for index, good in enumerate(answers):
        health.checked(good=good)
        needed = healthy_after if good else unhealthy_after
        row = answers[max(0, index + 1 - needed) : index + 1]
        if len(row) == needed and set(row) == {good}:
            expected = good
        assert health.healthy is expected
