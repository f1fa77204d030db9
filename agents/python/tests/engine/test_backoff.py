"""Waits between attempts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.python.tests.engine.policies import RANDOM
from configsvc_agent.engine.backoff import BackoffSchedule, longest_wait
from configsvc_agent.engine.policy import PPM, Backoff, Jitter


def waits(policy: Backoff, chance: float, count: int) -> list[int]:
    """The first ``count`` waits with a constant chance."""
    schedule = BackoffSchedule(policy)
    return [schedule.next_wait(lambda: chance) for _ in range(count)]


def test_without_jitter_waits_grow_to_the_maximum() -> None:
    """base, then times the multiplier, never above max."""
    assert waits(Backoff(100, 2 * PPM, 500, "none"), 0.5, 5) == [100, 200, 400, 500, 500]


def test_multiplier_may_be_a_fraction_above_one() -> None:
    """1.5 times each."""
    assert waits(Backoff(100, 1_500_000, None, "none"), 0.5, 3) == [100, 150, 225]


@pytest.mark.parametrize(
    ("jitter", "lowest", "highest"),
    [("full", [0, 0, 0], [100, 200, 400]), ("equal", [50, 100, 200], [100, 200, 400])],
)
def test_jitter_spreads_over_its_range(
    jitter: Jitter, lowest: list[int], highest: list[int]
) -> None:
    """Full jitter goes down to nothing, equal jitter to half."""
    ends = [waits(Backoff(100, 2 * PPM, None, jitter), chance, 3) for chance in (0.0, 0.9999999)]
    assert sorted(ends) == [lowest, highest]


def test_decorrelated_waits_depend_on_the_one_before() -> None:
    """Between base and three times the previous wait."""
    assert waits(Backoff(100, 2 * PPM, 2_000, "decorrelated"), 0.0, 3) == [100, 100, 100]
    assert waits(Backoff(100, 2 * PPM, 2_000, "decorrelated"), 0.9999999, 3) == [300, 900, 2_000]


@RANDOM
@given(
    base=st.integers(0, 10_000),
    multiplier=st.integers(PPM, 5 * PPM),
    room=st.integers(0, 100_000),
    jitter=st.sampled_from(["none", "equal", "full", "decorrelated"]),
    seed=st.integers(0, 2**32),
)
def test_no_wait_is_longer_than_the_bound_that_is_published(
    base: int, multiplier: int, room: int, jitter: Jitter, seed: int
) -> None:
    """The bound is what worst cases are computed from."""
    policy = Backoff(base, multiplier, base + room, jitter)
    schedule = BackoffSchedule(policy)
    rng = random.Random(seed).random
    for place in range(1, 9):
        assert 0 <= schedule.next_wait(rng) <= longest_wait(policy, place) <= base + room
