"""How long an operation's own work takes."""

from itertools import pairwise
from random import Random
from typing import Final

from configsvc.model.services import Latency
from configsvc.simulate.system import Operation

UNDECLARED: Final = 1_000
"""Microseconds of work of an operation that calls nobody and declares no time at all."""

_QUANTILES: Final = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999))


def own_time(operation: Operation, chance: Random | None) -> int:
    """Microseconds of work without calls: drawn, or the worst where ``chance`` is None."""
    worst = operation.own_time
    if operation.calls:
        most = worst or 0
        return most if chance is None else int(chance.random() * (most + 1))
    points = _points(operation.latency)
    if worst is None and not points:
        return UNDECLARED
    if chance is None or not points:
        return worst if worst is not None else points[-1][1]
    drawn = _at(chance.random(), points)
    return drawn if worst is None else min(drawn, worst)


def _points(latency: Latency) -> list[tuple[float, int]]:
    """The declared percentiles, by their part of the whole."""
    declared = ((part, getattr(latency, name)) for name, part in _QUANTILES)
    return [(part, value) for part, value in declared if value is not None]


def _at(part: float, points: list[tuple[float, int]]) -> int:
    """The latency that ``part`` of all attempts stay below; straight between percentiles.

    The fastest takes half of the lowest percentile; beyond the highest all take that.
    """
    every = [(0.0, points[0][1] // 2), *points, (1.0, points[-1][1])]
    for (left, low), (right, high) in pairwise(every):
        if part <= right:
            return low + int((high - low) * (part - left) / (right - left))
    return points[-1][1]
