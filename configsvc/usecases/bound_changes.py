"""What a change does to the whole graph: its ways in, how requests multiply, what goes on."""

from dataclasses import dataclass

from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog
from configsvc.usecases.graph_bounds import BoundsOf, WayIn


@dataclass(frozen=True, slots=True)
class WayInChange:
    """A way in whose longest time, or longest work for nobody, is another; None: not there."""

    node: str
    operation: str
    before: WayIn | None
    after: WayIn | None


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

    ways_in: tuple[WayInChange, ...]
    amplifications: tuple[AmplificationChange, ...]


def bound_changes(before: Catalog, after: Catalog) -> BoundChanges:
    """Compare the bounds of two graphs."""
    return compare_bounds(BoundsOf(before), BoundsOf(after))


def compare_bounds(was: BoundsOf, now: BoundsOf) -> BoundChanges:
    """Compare the bounds of two graphs that are at hand."""
    return BoundChanges(tuple(_ways_in(was, now)), tuple(_amplifications(was, now)))


def _ways_in(was: BoundsOf, now: BoundsOf) -> list[WayInChange]:
    found = [
        WayInChange(*work, was.way_in(work), now.way_in(work))
        for work in sorted(was.operations | now.operations)
        if was.cost(work) != now.cost(work)
    ]
    return sorted(found, key=_growth, reverse=True)


def _growth(change: WayInChange) -> float:
    before = change.before.longest.low if change.before else 0
    return (change.after.longest.low if change.after else 0) - before


def _amplifications(was: BoundsOf, now: BoundsOf) -> list[AmplificationChange]:
    found = [
        AmplificationChange(now.path_to(work) or was.path_to(work), before, after)
        for work in sorted(was.operations | now.operations)
        if (before := was.arrivals(work)) != (after := now.arrivals(work))
    ]
    return sorted(found, key=lambda change: change.before / change.after)
