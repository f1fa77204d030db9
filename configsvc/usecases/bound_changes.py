"""What a change does to the whole graph: how long its ways in take, how requests multiply."""

from collections.abc import KeysView
from dataclasses import dataclass

from configsvc.analysis import native_system
from configsvc.analysis.bounds import Bounds
from configsvc.analysis.interval import Range
from configsvc.analysis.paths import Amplification
from configsvc.analysis.view import WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog


@dataclass(frozen=True, slots=True)
class LatencyChange:
    """The longest that an operation takes which nobody inside calls; None: it is not there.

    Microseconds; `operation` is of a node, or the route of a gateway.
    """

    node: str
    operation: str
    before: Range | None
    after: Range | None


@dataclass(frozen=True, slots=True)
class AmplificationChange:
    """How many requests arrive at an operation for one at the way in, at the most.

    `path` is the worst way there, from its first edge that multiplies: after the change, or before
    it where nothing multiplies any more. The number is infinite where nothing limits it.
    """

    path: tuple[EdgeId, ...]
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class BoundChanges:
    """All bounds of the graph that a change moves: slower ones and steeper ones first."""

    latencies: tuple[LatencyChange, ...]
    amplifications: tuple[AmplificationChange, ...]


def bound_changes(before: Catalog, after: Catalog) -> BoundChanges:
    """Compare the bounds of two graphs."""
    was, now = _Graph(before), _Graph(after)
    return BoundChanges(tuple(_latencies(was, now)), tuple(_amplifications(was, now)))


class _Graph:
    """The bounds of a catalog's operations."""

    def __init__(self, catalog: Catalog) -> None:
        system = native_system(catalog)
        self._works = system.works
        self._bounds = Bounds(system)
        self._amplification = Amplification(system, self._bounds)

    @property
    def ids(self) -> KeysView[WorkId]:
        """Every operation."""
        return self._works.keys()

    def latency(self, work: WorkId) -> Range | None:
        """How long a way in takes; None for what is none."""
        view = self._works.get(work)
        if view is None or not self._is_way_in(view):
            return None
        return self._bounds.longest(view)

    def arrivals(self, work: WorkId) -> float:
        """How many requests arrive for one at the way in; one where nobody multiplies them."""
        return self._amplification.of(work) if work in self._works else 1

    def path(self, work: WorkId) -> tuple[EdgeId, ...]:
        """The worst way to an operation."""
        found = self._amplification.path_to(work) if work in self._works else None
        return found.edges if found else ()

    def _is_way_in(self, work: WorkView) -> bool:
        return bool(work.calls) and not self._bounds.callers(work)


def _latencies(was: _Graph, now: _Graph) -> list[LatencyChange]:
    found = [
        LatencyChange(*work, before, after)
        for work in sorted(was.ids | now.ids)
        if (before := was.latency(work)) != (after := now.latency(work))
    ]
    return sorted(found, key=_growth, reverse=True)


def _growth(change: LatencyChange) -> float:
    before = change.before.low if change.before else 0
    return (change.after.low if change.after else 0) - before


def _amplifications(was: _Graph, now: _Graph) -> list[AmplificationChange]:
    found = [
        AmplificationChange(now.path(work) or was.path(work), before, after)
        for work in sorted(was.ids | now.ids)
        if (before := was.arrivals(work)) != (after := now.arrivals(work))
    ]
    return sorted(found, key=lambda change: change.before / change.after)
