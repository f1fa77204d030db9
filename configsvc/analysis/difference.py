"""What differs between two systems of which one was derived from the other."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

from configsvc.analysis.system import System
from configsvc.analysis.view import CallView, EdgeView, PolicyView, WorkId, WorkView
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key

K = TypeVar("K")
V = TypeVar("V")
_Edges = Mapping[EdgeId, EdgeView]
_Works = Mapping[WorkId, WorkView]


class Calls(Protocol):
    """What one caller does: its edges and its operations."""

    @property
    def edges(self) -> _Edges:
        """Its edges."""

    @property
    def works(self) -> _Works:
        """Its operations."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The edges, operations and nodes of two systems that are not the very same objects.

    ``gone`` edges are those of the system before, ``fresh`` those that stand for them or are new;
    likewise ``works_gone`` and ``works_fresh``. ``works`` are all operations of each caller that
    differs, as they are now. ``nodes`` are those declared otherwise, ``policies`` the documents
    with a target that differ or are new. ``same_calls``: the operations, what each calls, how often
    and how urgently, and the rates from outside are as they were, so that rates and cycles are too.
    """

    gone: tuple[EdgeView, ...] = ()
    fresh: tuple[EdgeView, ...] = ()
    works_gone: tuple[WorkView, ...] = ()
    works_fresh: tuple[WorkView, ...] = ()
    works: Mapping[str, tuple[WorkView, ...]] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    policies: tuple[PolicyView, ...] = ()
    policies_gone: frozenset[Key] = frozenset()
    same_calls: bool = True

    @classmethod
    def of(cls, callers: Mapping[str, tuple[Calls, Calls]], nodes: frozenset[str]) -> Self:
        """Compare what callers do, before and after; ``nodes`` are declared otherwise."""
        pairs = callers.values()
        edges = [(before.edges, after.edges) for before, after in pairs]
        works = [(before.works, after.works) for before, after in pairs]
        return cls(
            gone=tuple(_without(edges)),
            fresh=tuple(_without((after, before) for before, after in edges)),
            works_gone=tuple(_without(works)),
            works_fresh=tuple(_without((after, before) for before, after in works)),
            works={name: tuple(after.works.values()) for name, (_, after) in callers.items()},
            nodes=nodes,
            same_calls=all(_calls(before) == _calls(after) for before, after in works),
        )

    @classmethod
    def between(cls, before: System, after: System) -> Self:
        """Compare two systems of which one was derived from the other, in any number of steps."""
        gone = _without([(before.by_id, after.by_id)])
        fresh = _without([(after.by_id, before.by_id)])
        works_gone = tuple(_without([(before.works, after.works)]))
        works_fresh = tuple(_without([(after.works, before.works)]))
        names = {work.node for work in (*works_gone, *works_fresh)}
        return cls(
            gone=tuple(gone),
            fresh=tuple(fresh),
            works_gone=works_gone,
            works_fresh=works_fresh,
            works={name: after.works_of.get(name, ()) for name in names},
            nodes=frozenset(node.name for node in _without([(after.nodes, before.nodes)])),
            same_calls=after.components is before.components,
        )

    @property
    def touched(self) -> frozenset[str]:
        """Nodes that differ, or at which an edge that differs starts or ends."""
        names = {name for edge in (*self.gone, *self.fresh) for name in edge.id[:2]}
        return self.nodes | names

    def edges_after(self, before: _Edges) -> _Edges:
        """All edges after the change, given those before it."""
        if not (self.gone or self.fresh):
            return before
        edges = dict(before)
        kept = {edge.id for edge in self.fresh}
        for edge in self.gone:
            if edge.id not in kept:
                del edges[edge.id]
        edges.update((edge.id, edge) for edge in self.fresh)
        return edges

    def works_after(self, before: _Works) -> _Works:
        """All operations after the change, given those before it."""
        if not (self.works_gone or self.works_fresh):
            return before
        works = dict(before)
        kept = {(work.node, work.operation) for work in self.works_fresh}
        for work in self.works_gone:
            if (work.node, work.operation) not in kept:
                del works[work.node, work.operation]
        works.update(((work.node, work.operation), work) for work in self.works_fresh)
        return works


def _without(pairs: Iterable[tuple[Mapping[K, V], Mapping[K, V]]]) -> Iterator[V]:
    """What the first of each pair has, and not the second."""
    for these, others in pairs:
        yield from (each for name, each in these.items() if others.get(name) is not each)


def _calls(works: _Works) -> object:
    """What decides the rates on the edges and the cycles among them."""
    return {
        name: (work.external_rate, work.alternatives, tuple(map(_call, work.calls)))
        for name, work in works.items()
    }


def _call(call: CallView) -> object:
    return call.edge.id, call.typical, call.optional, call.default
