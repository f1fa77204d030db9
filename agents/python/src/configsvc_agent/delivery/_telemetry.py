"""What is told of an agent's calls: breakers as soon as they move, rates now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

LOOK = 1.0
"""Seconds between two looks at the breakers."""

TELL = 5.0
"""Seconds over which rates are taken."""

MAX_BREAKERS = 200
MAX_EDGES = 200
"""Breakers and edges in one report: what fits into its 64 KiB."""

Figures = Callable[[], Mapping[tuple[str, str], tuple[int, int]]]
"""By callee and operation: calls since the process started, and those that did not end well."""

Breakers = Callable[[], Sequence[tuple[str, str]]]

Latencies = Callable[[], Mapping[int, int]]
"""Of all calls since the process started: by the upper bound of a bucket in microseconds, a count.
"""


class Telemetry:
    """Used by one thread. ``due`` is the monotonic time of the next look."""

    def __init__(
        self,
        breakers: Breakers,
        figures: Figures,
        latencies: Latencies = dict,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_breakers = breakers
        self._read_figures = figures
        self._read_latencies = latencies
        self._clock = clock
        self._breakers: tuple[tuple[str, str], ...] = ()
        self._rates: dict[tuple[str, str], tuple[float, float]] = {}
        self._counted: Mapping[tuple[str, str], tuple[int, int]] = {}
        self._measured: Mapping[int, int] = {}
        self._p99: int | None = None
        self._since = clock()
        self.due = self._since + LOOK

    def look(self) -> bool:
        """Take a look; whether there is something to tell that was not told before."""
        now = self._clock()
        self.due = now + LOOK
        moved = self._look_at_breakers()
        return self._look_at_rates(now) or moved

    def parts(self) -> dict[str, object]:
        """What a report says of it."""
        return {
            "breakers": [
                {"edge": edge, "state": state} for edge, state in self._breakers[:MAX_BREAKERS]
            ],
            "traffic": [
                {"to": to, "operation": operation, "rate": rate, "failures": failures}
                for (to, operation), (rate, failures) in self._rates.items()
            ],
            **({} if self._p99 is None else {"latencyP99": self._p99}),
        }

    def _look_at_breakers(self) -> bool:
        before, self._breakers = self._breakers, tuple(self._read_breakers())
        return before != self._breakers

    def _look_at_latencies(self) -> None:
        before, self._measured = self._measured, self._read_latencies()
        self._p99 = _p99(before, self._measured)

    def _look_at_rates(self, now: float) -> bool:
        took = now - self._since
        if took < TELL:
            return False
        counted, self._since = self._read_figures(), now
        grown = {edge: _grown(self._counted.get(edge), counts) for edge, counts in counted.items()}
        self._counted = counted
        self._look_at_latencies()
        busiest = sorted(grown, key=lambda edge: -grown[edge][0])[:MAX_EDGES]
        before, self._rates = (
            self._rates,
            {
                edge: (round(grown[edge][0] / took, 2), round(grown[edge][1] / took, 2))
                for edge in busiest
                if grown[edge][0]
            },
        )
        return before != self._rates


def _p99(before: Mapping[int, int], now: Mapping[int, int]) -> int | None:
    """The latency that 99 % of the calls between two readings did not exceed; None without any."""
    grown = [(bound, count - before.get(bound, 0)) for bound, count in sorted(now.items())]
    total, seen = sum(count for _, count in grown), 0
    for bound, count in grown:
        seen += count
        if total and 100 * seen >= 99 * total:
            return bound
    return None


def _grown(before: tuple[int, int] | None, now: tuple[int, int]) -> tuple[int, int]:
    return now if before is None else (now[0] - before[0], now[1] - before[1])
