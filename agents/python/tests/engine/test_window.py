"""Windows agree with lists of outcomes that somebody counts by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.engine.policies import RANDOM
from configsvc_agent.engine.policy import Window
from configsvc_agent.engine.window import (
    FAILED,
    SEEN,
    SLOW,
    CountWindow,
    TimeWindow,
    empty_window,
)

MARKS = st.sampled_from([SEEN, SEEN | FAILED, SEEN | SLOW, SEEN | FAILED | SLOW])


def counts(window: CountWindow | TimeWindow) -> tuple[int, int, int]:
    """Total, failures and slow ones."""
    return window.total, window.failures, window.slow


def counted(marks: list[int]) -> tuple[int, int, int]:
    """The same by hand."""
    return len(marks), sum(m & FAILED > 0 for m in marks), sum(m & SLOW > 0 for m in marks)


@RANDOM
@given(size=st.integers(1, 12), marks=st.lists(MARKS, max_size=40), other=st.integers(1, 12))
def test_count_window_holds_the_latest(size: int, marks: list[int], other: int) -> None:
    """At every moment, after a change of size, and after a snapshot."""
    window = CountWindow(size)
    for seen, mark in enumerate(marks, start=1):
        window.add(mark, 0)
        assert counts(window) == counted(marks[max(0, seen - size) : seen])
    kept = marks[-size:]
    restored = CountWindow(size)
    restored.load(window.snapshot())
    assert counts(restored) == counts(window)
    resized = restored.resized(other)
    assert counts(resized) == counted(kept[-other:])
    resized.add(SEEN, 0)
    assert counts(resized) == counted([*kept, SEEN][-other:])


STEPS = st.lists(st.tuples(st.integers(0, 40_000), MARKS), max_size=40)


@RANDOM
@given(steps=STEPS)
def test_time_window_holds_the_young(steps: list[tuple[int, int]]) -> None:
    """Never older than its size, and everything younger than 63/64 of it."""
    size = 64_000
    window = TimeWindow(size)
    now, history = 0, list[tuple[int, int]]()
    for pause, mark in steps:
        now += pause
        history.append((now, mark))
        window.add(mark, now)
        buckets = [m for at, m in history if at // 1000 > now // 1000 - 64]
        assert counts(window) == counted(buckets)
        assert window.total <= sum(now - at < size for at, _ in history)
        assert window.total >= sum(now - at <= size - 1000 for at, _ in history)


@RANDOM
@given(steps=STEPS, size=st.sampled_from([16_000, 64_000, 256_000]))
def test_resized_time_window_keeps_what_fits(steps: list[tuple[int, int]], size: int) -> None:
    """Smaller: the old go. Larger: all stay. And a snapshot loses nothing."""
    window, now = TimeWindow(64_000), 0
    for pause, mark in steps:
        now += pause
        window.add(mark, now)
    restored = TimeWindow(64_000)
    restored.load(window.snapshot())
    assert counts(restored) == counts(window)
    resized = restored.resized(size)
    assert resized.total <= window.total
    if size >= 64_000:
        assert counts(resized) == counts(window)
    resized.add(SEEN, now)
    assert resized.total >= 1
    resized.add(SEEN, now + 2 * size)
    assert counts(resized) == (1, 0, 0)


def test_clock_that_steps_back_counts_in_the_latest_bucket() -> None:
    """Two threads may report in the other order than they looked at the clock."""
    window = TimeWindow(64_000)
    window.add(SEEN, 10_000)
    window.add(SEEN | FAILED, 5_000)
    assert counts(window) == (2, 1, 0)


def test_memory_does_not_grow_with_the_number_of_outcomes() -> None:
    """One byte per outcome, or 64 buckets."""
    assert len(CountWindow(1000)._ring) == 1000
    assert len(TimeWindow(10**9)._rows) == 64


def test_policy_chooses_the_kind() -> None:
    """Count or time."""
    assert isinstance(empty_window(Window("count", 3)), CountWindow)
    assert isinstance(empty_window(Window("time", 3)), TimeWindow)
