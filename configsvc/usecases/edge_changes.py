"""What a proposal changes, edge by edge: effective fields and bounds, before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from configsvc.model.findings import EdgeId
from configsvc.model.names import POLICY_KINDS, Key
from configsvc.model.resources import Source
from configsvc.resolve import Catalog, affected, explain
from configsvc.usecases.graph_bounds import BoundsOf, EdgeBounds

MAX_EDGES: Final = 1_000
"""Edges listed field by field; a change of a namespace-wide default may touch many more."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One effective field of an edge; None stands for "not in force".

    `sources` say who sets it after the change, `sources_before` who did; of a default nobody.
    """

    path: str
    before: Any
    after: Any
    sources: tuple[Source, ...]
    sources_before: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeChange:
    """An edge that comes, goes, or gets other values; bounds are None where it does not exist."""

    edge: EdgeId
    change: str
    """``added``, ``removed`` or ``changed``."""

    before: EdgeBounds | None
    after: EdgeBounds | None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeChanges:
    """The first `MAX_EDGES` edges that a proposal changes, in order, and how many there are."""

    edges: tuple[EdgeChange, ...]
    total: int


def changed_edges(
    before: Catalog, after: Catalog, keys: frozenset[Key], bounds: tuple[BoundsOf, BoundsOf]
) -> EdgeChanges:
    """Compare the effective policies of every edge that a change of `keys` can touch.

    `bounds` are those of both sides.
    """
    callers = affected(before, after, keys) | before.gateways.keys() | after.gateways.keys()
    touched = sorted(
        edge
        for caller in callers
        for edge in before.graph.edges_of(caller) | after.graph.edges_of(caller)
        if _differs(before, after, edge)
    )
    listed = tuple(_edge_change(before, after, edge, bounds) for edge in touched[:MAX_EDGES])
    return EdgeChanges(listed, len(touched))


def _has(catalog: Catalog, edge: EdgeId) -> bool:
    return edge in catalog.graph.edges_of(edge.caller)


def _differs(before: Catalog, after: Catalog, edge: EdgeId) -> bool:
    if _has(before, edge) != _has(after, edge):
        return True
    was, now = (
        catalog.outbound(edge.caller, edge.callee, edge.operation) for catalog in (before, after)
    )
    if was is now:
        return False
    return any(
        (old.leaves if old else None) != (new.leaves if new else None)
        for kind in POLICY_KINDS
        if (old := was.merged(kind)) is not (new := now.merged(kind))
    )


def _edge_change(
    before: Catalog, after: Catalog, edge: EdgeId, bounds: tuple[BoundsOf, BoundsOf]
) -> EdgeChange:
    was, now = (each.edge(edge) for each in bounds)
    if not _has(before, edge):
        return EdgeChange(edge, "added", None, now)
    if not _has(after, edge):
        return EdgeChange(edge, "removed", was, None)
    return EdgeChange(edge, "changed", was, now, tuple(_field_changes(before, after, edge)))


def _field_changes(before: Catalog, after: Catalog, edge: EdgeId) -> Iterator[FieldChange]:
    was, now = _fields(before, edge), _fields(after, edge)
    for path in sorted(was.keys() | now.keys()):
        old, new = was.get(path, (None, ())), now.get(path, (None, ()))
        if old[0] != new[0]:
            yield FieldChange(path, old[0], new[0], new[1], old[1])


def _fields(catalog: Catalog, edge: EdgeId) -> dict[str, tuple[Any, tuple[Source, ...]]]:
    explained = explain(catalog, edge.caller, edge.callee, edge.operation)
    return {
        f"{kind.kind}.{field.path}": (field.value, field.sources)
        for kind in explained.kinds
        if kind.in_force
        for field in kind.fields
    }
