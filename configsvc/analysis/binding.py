"""The path that decides how long a way in may take."""

from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import Range
from configsvc.analysis.view import CallView, System, WorkId
from configsvc.model.findings import EdgeId


def binding_path(system: System, bounds: Bounds, work: WorkId) -> tuple[EdgeId, ...]:
    """From ``work`` down, the call that takes the longest at each operation.

    It ends where nothing is called any more, or where the path would come round again.
    """
    path: list[EdgeId] = []
    seen: set[WorkId] = set()
    while work in system.works and work not in seen and system.works[work].calls:
        seen.add(work)
        slowest = max(system.works[work].calls, key=lambda call: _size(bounds, call))
        path.append(slowest.edge.id)
        work = (slowest.edge.id.callee, slowest.edge.id.operation)
    return tuple(path)


def _size(bounds: Bounds, call: CallView) -> tuple[float, float]:
    time = bounds.worst_case(call.edge) * Range.exactly(call.most)
    return time.high, time.low
