"""Everything that is analysed at once, and what follows from it as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from configsvc.analysis.components import components
from configsvc.analysis.routing import RouteView
from configsvc.analysis.view import (
    AmbiguousEdge,
    EdgeView,
    MissingReference,
    NodeView,
    PolicyView,
    WorkId,
    WorkView,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import Key, Kind
from configsvc.model.trust import Waiver
from configsvc.resolve.matching import Requests

_NO_CYCLE: frozenset[WorkId] = frozenset()


@dataclass(frozen=True)
class System:
    """Everything that is analysed at once.

    ``routes`` are those of each gateway, in the order in which they are tried; ``requests`` what
    each operation takes.
    """

    edges: Sequence[EdgeView]
    works: Mapping[WorkId, WorkView] = field(default_factory=dict)
    nodes: Mapping[str, NodeView] = field(default_factory=dict)
    policies: Sequence[PolicyView] = ()
    ambiguous: Sequence[AmbiguousEdge] = ()
    references: Sequence[MissingReference] = ()
    routes: Mapping[str, Sequence[RouteView]] = field(default_factory=dict)
    requests: Mapping[WorkId, Requests] = field(default_factory=dict)
    waivers: Mapping[Key, Waiver] = field(default_factory=dict)
    namespace: str = ""

    @cached_property
    def components(self) -> Sequence[tuple[WorkId, ...]]:
        """Strongly connected components of the call graph, each after those that it leads to."""
        return components(self.works, self._targets)

    @cached_property
    def cyclic(self) -> frozenset[WorkId]:
        """The operations that can call themselves again, over others or directly."""
        return frozenset(
            work
            for component in self.components
            for work in component
            if len(component) > 1 or work in self._targets(work)
        )

    def _targets(self, work: WorkId) -> tuple[WorkId, ...]:
        calls = self.works[work].calls
        targets = ((call.edge.id.callee, call.edge.id.operation) for call in calls)
        return tuple(target for target in targets if target in self.works)

    @cached_property
    def by_id(self) -> Mapping[EdgeId, EdgeView]:
        """Edges by their identity."""
        return {edge.id: edge for edge in self.edges}

    @cached_property
    def calling(self) -> Sequence[tuple[WorkId, frozenset[WorkId]]]:
        """The operations that call others, each after those that call it, with its cycle.

        The cycle holds the operation itself and all that lead back to it; it is mostly empty.
        """
        cyclic = self.cyclic
        return [
            (work, frozenset(component) if work in cyclic else _NO_CYCLE)
            for component in reversed(self.components)
            for work in component
            if self.works[work].calls
        ]

    @cached_property
    def called_by(self) -> Mapping[WorkId, Sequence[WorkId]]:
        """The operations that call each operation; one that calls it twice is there twice."""
        found: dict[WorkId, list[WorkId]] = {}
        for name, work in self.works.items():
            for call in work.calls:
                found.setdefault((call.edge.id.callee, call.edge.id.operation), []).append(name)
        return found

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Who declares to call whom."""
        return frozenset(edge.id[:2] for edge in self.edges)

    @cached_property
    def called(self) -> frozenset[str]:
        """The names of those that somebody declares to call."""
        return frozenset(callee for _, callee in self.pairs)

    @cached_property
    def gateways(self) -> frozenset[str]:
        """The names of the gateways."""
        every = self.nodes.items()
        return frozenset(name for name, node in every if node.key.kind is Kind.GATEWAY)

    @cached_property
    def works_of(self) -> Mapping[str, tuple[WorkView, ...]]:
        """The operations of each node."""
        found: dict[str, list[WorkView]] = {}
        for work in self.works.values():
            found.setdefault(work.node, []).append(work)
        return {name: tuple(works) for name, works in found.items()}

    def inherit(
        self,
        before: "System",
        by_id: Mapping[EdgeId, EdgeView],
        works: Mapping[str, tuple[WorkView, ...]],
        *,
        same_calls: bool,
    ) -> None:
        """Take what follows from the whole from the system that this one was derived from.

        ``by_id`` are the edges; ``works`` the operations of the nodes of which some differ.
        """
        known: dict[str, object] = {"by_id": by_id, "works_of": {**before.works_of, **works}}
        if same_calls:
            names = (
                "components", "cyclic", "calling", "called_by", "pairs", "called", "gateways",
            )  # fmt: skip
            known |= {name: getattr(before, name) for name in names}
        vars(self).update(known)  # where a `cached_property` keeps what it has found
