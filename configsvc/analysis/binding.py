"""The path that decides how long a way in may take."""

from typing import Final

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import Range
from configsvc.analysis.system import System
from configsvc.analysis.view import CallView, WorkId
from configsvc.model.findings import EdgeId

MOST_HOPS: Final = 50
"""Hops that are told: nobody reads more, and many ways in may lead into one long chain."""


def binding_path(system: System, bounds: Bounds, work: WorkId) -> tuple[EdgeId, ...]:
    """From ``work`` down, the call that takes the longest at each operation.

    It ends where nothing is called any more, where it would come round again, and after
    `MOST_HOPS` hops.
    """
    path: list[EdgeId] = []
    seen: set[WorkId] = set()
    while len(path) < MOST_HOPS and work not in seen:
        calls = system.works[work].calls if work in system.works else ()
        if not calls:
            break
        seen.add(work)
        slowest = max(calls, key=lambda call: _size(bounds, call))
        path.append(slowest.edge.id)
        work = (slowest.edge.id.callee, slowest.edge.id.operation)
    return tuple(path)


def _size(bounds: Bounds, call: CallView) -> tuple[float, float]:
    time = bounds.worst_case(call.edge) * Range.exactly(call.most)
    return time.high, time.low
