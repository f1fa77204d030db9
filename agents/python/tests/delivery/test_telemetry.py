"""What is told of an agent's calls, and when."""

from __future__ import annotations

from configsvc_agent.delivery._telemetry import LOOK, MAX_EDGES, TELL, Telemetry

EDGE = ("score", "get")


class Calls:
    """An agent's breakers and figures, and a clock, as a test moves them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.breakers: tuple[tuple[str, str], ...] = ()
        self.figures: dict[tuple[str, str], tuple[int, int]] = {}
        self.latencies: dict[int, int] = {}
        self.telemetry = Telemetry(
            lambda: self.breakers, lambda: self.figures, lambda: self.latencies, lambda: self.now
        )

    def look_after(self, seconds: float) -> bool:
        """Look some seconds later."""
        self.now += seconds
        return self.telemetry.look()


def test_a_breaker_that_moves_is_told_at_the_next_look() -> None:
    """A second at most, and once."""
    calls = Calls()
    calls.breakers = (("player -> score get", "open"),)

    assert calls.look_after(LOOK)
    assert calls.telemetry.parts()["breakers"] == [{"edge": "player -> score get", "state": "open"}]
    assert not calls.look_after(LOOK)


def test_rates_are_taken_over_seconds() -> None:
    """Calls that ended meanwhile, and those of them that did not end well, per second."""
    calls = Calls()
    calls.figures = {EDGE: (50, 10)}

    assert not calls.look_after(LOOK)
    assert calls.look_after(TELL - LOOK)
    assert calls.telemetry.parts()["traffic"] == [
        {"to": "score", "operation": "get", "rate": 10.0, "failures": 2.0}
    ]


def test_an_end_of_traffic_is_told_once() -> None:
    """Whoever watches sees the rate fall, and an idle agent says nothing."""
    calls = Calls()
    calls.figures = {EDGE: (50, 0)}
    calls.look_after(TELL)

    assert calls.look_after(TELL)
    assert calls.telemetry.parts()["traffic"] == []
    assert not calls.look_after(TELL)


def test_of_very_many_edges_the_busiest_are_told() -> None:
    """A report has room for so many."""
    calls = Calls()
    calls.figures = {("callee", f"op-{number}"): (number, 0) for number in range(MAX_EDGES + 9)}
    calls.look_after(TELL)
    told = calls.telemetry.parts()["traffic"]

    assert isinstance(told, list)
    assert len(told) == MAX_EDGES
    assert told[0]["operation"] == f"op-{MAX_EDGES + 8}"


def test_the_next_look_is_a_second_later() -> None:
    """However long the last one took to come."""
    calls = Calls()
    calls.look_after(7.5)

    assert calls.telemetry.due == 107.5 + LOOK


def test_latency_is_that_of_the_calls_since_the_last_look() -> None:
    """99 of 100 of them did not exceed it; what was before does not count."""
    calls = Calls()
    calls.figures, calls.latencies = {EDGE: (100, 0)}, {1_000: 99, 9_000: 1}
    calls.look_after(TELL)
    assert calls.telemetry.parts()["latencyP99"] == 1_000
    calls.figures, calls.latencies = {EDGE: (110, 0)}, {1_000: 108, 9_000: 2}
    calls.look_after(TELL)
    assert calls.telemetry.parts()["latencyP99"] == 9_000
    calls.look_after(TELL)
    assert "latencyP99" not in calls.telemetry.parts()
