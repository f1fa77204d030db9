"""Back-off between restarts, and when to give up."""

from configsvc.wiring.restarts import FAST, Restarts


def test_waits_grow_until_it_is_given_up() -> None:
    """Each fast failure in a row doubles the wait; the fifth is the last."""
    restarts = Restarts()

    assert [restarts.delay(0.1) for _ in range(5)] == [0.2, 0.4, 0.8, 1.6, None]


def test_child_that_ran_long_is_started_at_once() -> None:
    """A long life forgives what was before."""
    restarts = Restarts()
    restarts.delay(0.1)

    assert restarts.delay(FAST) == 0.0
    assert restarts.delay(0.1) == 0.2
