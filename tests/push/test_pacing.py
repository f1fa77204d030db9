"""Heartbeats and draining are spread."""

import random

from configsvc.push import HEARTBEAT, drain_delays, heartbeat_delay, slices


def test_heartbeats_stay_within_a_fifth() -> None:
    """15 s give or take 20 %, the whole range used."""
    chance = random.Random(1).random
    delays = [heartbeat_delay(HEARTBEAT, chance) for _ in range(2_000)]
    assert 12_000_000 <= min(delays) < 12_100_000
    assert 17_900_000 < max(delays) <= 18_000_000


def test_slices_hold_all_in_order() -> None:
    """Nothing is lost or doubled."""
    assert list(slices(range(5), 2)) == [[0, 1], [2, 3], [4]]


def test_drain_spreads_over_a_millisecond_each() -> None:
    """Ten thousand agents come back within ten seconds, not at once."""
    delays = list(drain_delays(10_000, random.Random(1).random))
    assert len(delays) == 10_000
    assert max(delays) <= 10_000_000
    assert 4_500_000 < sum(delays) / len(delays) < 5_500_000


def test_drain_has_bounds() -> None:
    """Few agents still spread over half a second, very many over no more than 30 s."""
    assert list(drain_delays(1, lambda: 1.0)) == [500_000]
    assert next(drain_delays(100_000, lambda: 1.0)) == 30_000_000
