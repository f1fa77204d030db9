"""Bounds as plain data for JSON: the same shape in the command line and the web API."""

from math import isinf
from typing import Any, Final

from configsvc.analysis.interval import Range
from configsvc.model.findings import EdgeId
from configsvc.model.quantities import format_duration
from configsvc.usecases.bound_changes import AmplificationChange, BoundChanges, WayInChange
from configsvc.usecases.graph_bounds import Arrivals, EdgeBounds, WayIn

MAX_BOUNDS: Final = 1_000
"""Ways in, and paths, that are listed: a namespace-wide default may move many more."""

MAX_HOPS: Final = 100
"""Edges of one path that are listed."""


def edge_bounds_data(bounds: EdgeBounds | None) -> dict[str, Any] | None:
    """What one call over an edge may cost; None stands for an edge that is not there."""
    if bounds is None:
        return None
    time, copies, abandoned = bounds.worst_case, bounds.copies, bounds.abandoned
    return {
        "worstCase": times_data(time),
        "amplification": {"low": number_data(copies.low), "high": number_data(copies.high)},
        "abandoned": times_data(abandoned),
        "missing": sorted(time.missing | copies.missing | abandoned.missing),
    }


def way_in_data(way: WayIn | None) -> dict[str, Any] | None:
    """What a request to a way in may cost; None stands for one that is not there."""
    if way is None:
        return None
    return {
        "worstCase": times_data(way.longest),
        "path": path_data(way.path),
        "abandoned": times_data(way.abandoned),
        "givenUp": way.given_up and edge_data(way.given_up),
        "missing": sorted(way.longest.missing | way.abandoned.missing),
    }


def arrivals_data(arrivals: Arrivals) -> dict[str, Any]:
    """How requests multiply on the way to a node."""
    return {
        "node": arrivals.node,
        "amplification": number_data(arrivals.number),
        "path": path_data(arrivals.path),
    }


def bound_changes_data(changes: BoundChanges) -> dict[str, Any]:
    """What a change does to the bounds of the graph."""
    ways, steeper = changes.ways_in, changes.amplifications
    return {
        "waysIn": [_way_in_change(each) for each in ways[:MAX_BOUNDS]],
        "waysInTotal": len(ways),
        "amplification": [_amplification_change(each) for each in steeper[:MAX_BOUNDS]],
        "amplificationTotal": len(steeper),
    }


def edge_data(edge: EdgeId) -> dict[str, str]:
    """An edge."""
    return {"from": edge.caller, "to": edge.callee, "operation": edge.operation}


def path_data(path: tuple[EdgeId, ...]) -> list[dict[str, str]]:
    """The edges of a path; of one that is longer than `MAX_HOPS` all but those before the last."""
    shown = path if len(path) <= MAX_HOPS else (*path[: MAX_HOPS - 1], path[-1])
    return [edge_data(edge) for edge in shown]


def times_data(time: Range) -> dict[str, str | None]:
    """A time between two bounds; None is unlimited."""
    return {"low": _time(time.low), "high": _time(time.high)}


def number_data(number: float) -> float | None:
    """A number, None where nothing limits it."""
    return None if isinf(number) else number


def _way_in_change(change: WayInChange) -> dict[str, Any]:
    return {
        "node": change.node,
        "operation": change.operation,
        "before": way_in_data(change.before),
        "after": way_in_data(change.after),
    }


def _amplification_change(change: AmplificationChange) -> dict[str, Any]:
    return {
        "path": path_data(change.path),
        "before": number_data(change.before),
        "after": number_data(change.after),
    }


def _time(micros: float) -> str | None:
    return None if isinf(micros) else format_duration(round(micros))
