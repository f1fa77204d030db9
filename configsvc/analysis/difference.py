"""What differs between two systems of which one was derived from the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from configsvc.analysis.view import CallView, EdgeView, WorkId, WorkView
from configsvc.model.findings import EdgeId

_Edges = Mapping[EdgeId, EdgeView]
_Works = Mapping[WorkId, WorkView]


@dataclass(frozen=True, slots=True)
class Difference:
    """The edges, operations and nodes of two systems that are not the very same objects.

    ``gone`` edges are those of the system before, ``fresh`` those that stand for them or are new;
    likewise ``works_gone`` and ``works_fresh``. ``nodes`` are those declared otherwise.
    ``same_calls``: the operations, what each calls and how often, and the rates from outside are as
    they were, so that rates and cycles are as well.
    """

    gone: tuple[EdgeView, ...] = ()
    fresh: tuple[EdgeView, ...] = ()
    works_gone: tuple[WorkView, ...] = ()
    works_fresh: tuple[WorkView, ...] = ()
    nodes: frozenset[str] = frozenset()
    same_calls: bool = True

    @classmethod
    def of(
        cls,
        edges: Iterable[tuple[_Edges, _Edges]],
        works: Iterable[tuple[_Works, _Works]],
        nodes: frozenset[str],
    ) -> Self:
        """Compare the edges and the operations of the callers that differ, before and after."""
        gone: list[EdgeView] = []
        fresh: list[EdgeView] = []
        for old, new in edges:
            gone += (edge for name, edge in old.items() if new.get(name) is not edge)
            fresh += (edge for name, edge in new.items() if old.get(name) is not edge)
        works_gone: list[WorkView] = []
        works_fresh: list[WorkView] = []
        same_calls = True
        for before, after in works:
            works_gone += (work for name, work in before.items() if after.get(name) is not work)
            works_fresh += (work for name, work in after.items() if before.get(name) is not work)
            same_calls = same_calls and _calls(before) == _calls(after)
        return cls(
            tuple(gone), tuple(fresh), tuple(works_gone), tuple(works_fresh), nodes, same_calls
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


def _calls(works: _Works) -> object:
    """What decides the rates on the edges and the cycles among them."""
    return {
        name: (work.external_rate, work.alternatives, tuple(map(_call, work.calls)))
        for name, work in works.items()
    }


def _call(call: CallView) -> object:
    return call.edge.id, call.typical
