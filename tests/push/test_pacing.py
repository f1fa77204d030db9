"""Heartbeats and draining are spread."""

import random

from configsvc.push import (
    HEARTBEAT,
    Queue,
    drain_delays,
    has_outlived,
    heartbeat_delay,
    reconnect_delay,
    report_window,
)


def test_heartbeats_stay_within_a_fifth() -> None:
    """15 s give or take 20 %, the whole range used."""
    chance = random.Random(1).random
    delays = [heartbeat_delay(HEARTBEAT, chance) for _ in range(2_000)]
    assert 12_000_000 <= min(delays) < 12_100_000
    assert 17_900_000 < max(delays) <= 18_000_000


def test_a_queue_gives_slices_in_order() -> None:
    """Nothing is lost; between two slices others get a turn."""
    queue: Queue[int] = Queue()
    queue.add(range(600))
    assert [queue.take(), queue.take(), queue.take(), queue.take()] == [
        list(range(256)),
        list(range(256, 512)),
        list(range(512, 600)),
        [],
    ]
    assert queue.pause == 0


def test_who_waits_already_waits_once() -> None:
    """A newer change joins the push that is pending, in its place."""
    queue: Queue[str] = Queue()
    queue.add(["a", "b"])
    queue.add(["b", "a", "c"])
    assert queue.take() == ["a", "b", "c"]


def test_who_has_gone_waits_no_more() -> None:
    """A stream that ended is not told, and may come back to the end of the queue."""
    queue: Queue[str] = Queue()
    queue.add(["a", "b"])
    queue.discard("a")
    assert "a" not in queue
    assert queue.take() == ["b"]
    assert len(queue) == 0


def test_a_pace_is_kept_by_smaller_slices_and_pauses() -> None:
    """A hundred a second are five every 50 ms; a pace below that is one at a time."""
    hundred: Queue[int] = Queue(100)
    hundred.add(range(20))
    assert (len(hundred.take()), hundred.pause) == (5, 0.05)
    slow: Queue[int] = Queue(2)
    slow.add(range(20))
    assert (len(slow.take()), slow.pause) == (1, 0.5)


def test_agents_of_a_crashed_server_come_back_spread() -> None:
    """A millisecond for each, at most half a minute; an agent that is alone comes at once."""
    assert reconnect_delay(10_000, lambda: 0.5) == 5_000_000
    assert reconnect_delay(1, lambda: 0.5) == 500
    assert reconnect_delay(1_000_000, lambda: 1.0) == 30_000_000


def test_reports_are_spread_over_a_window() -> None:
    """Few agents answer at once, ten thousand over five seconds, very many over half a minute."""
    assert [report_window(count) for count in (0, 10, 10_000, 100_000)] == [
        0,
        5_000,
        5_000_000,
        30_000_000,
    ]


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


def test_streams_live_for_their_lifetime_on_average() -> None:
    """With a heartbeat every 15 s and an hour to live, one beat in 240 is the last."""
    chance = random.Random(1).random
    ended = sum(has_outlived(HEARTBEAT, 3_600_000_000, chance) for _ in range(240_000))
    assert 900 < ended < 1_100
    assert not has_outlived(HEARTBEAT, 0, lambda: 0.0)
