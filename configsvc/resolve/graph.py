"""The call graph of a namespace: immutable, and cheap to derive after a change."""

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Self

from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION
from configsvc.model.routing import Gateway, Route
from configsvc.resolve.nodes import Node
from configsvc.resolve.outgoing import CallSite, NodeId, Outgoing, calls_of, routes_of
from configsvc.resolve.references import Dangling

Routes = Mapping[str, tuple[tuple[str, Route], ...]]
"""Routes by gateway, in the order in which they are tried."""

_NOTHING = Outgoing(MappingProxyType({}), (), frozenset(), ())


class CallGraph:
    """Who calls whom.

    A node is an operation of a service or BFF, or a route of a gateway. A call to a gateway goes
    to its node ``*``, which stands for all of its routes.
    """

    __slots__ = ("_callers", "_edges", "_outgoing", "nodes")

    def __init__(
        self,
        nodes: Mapping[str, Node],
        outgoing: dict[str, Outgoing],
        callers: dict[str, frozenset[str]],
    ) -> None:
        self.nodes = nodes
        self._outgoing = outgoing
        self._callers = callers
        self._edges: Mapping[EdgeId, tuple[CallSite, ...]] | None = None

    @classmethod
    def of(cls, nodes: Mapping[str, Node], routes: Routes) -> Self:
        """Build the graph of all ``nodes``."""
        outgoing = {name: _outgoing(node, nodes, routes) for name, node in nodes.items()}
        callers: dict[str, set[str]] = {}
        for name, calls in outgoing.items():
            for callee in calls.named:
                callers.setdefault(callee, set()).add(name)
        return cls(nodes, outgoing, {name: frozenset(found) for name, found in callers.items()})

    def with_change(
        self, nodes: Mapping[str, Node], routes: Routes, touched: Collection[str]
    ) -> Self:
        """The graph after the nodes ``touched`` (or the routes of such gateways) changed."""
        stale = set(touched).union(*(self.named_by(name) for name in touched))
        outgoing, callers = self._outgoing.copy(), self._callers.copy()
        for name in stale:
            before = outgoing.pop(name, _NOTHING)
            node = nodes.get(name)
            after = _NOTHING if node is None else _outgoing(node, nodes, routes)
            if node is not None:
                outgoing[name] = after
            _move_caller(callers, name, before.named, after.named)
        return type(self)(nodes, outgoing, callers)

    def __iter__(self) -> Iterator[CallSite]:
        """Every call site of the namespace."""
        for outgoing in self._outgoing.values():
            yield from outgoing

    def __contains__(self, edge: EdgeId) -> bool:
        return edge in self.edges

    @property
    def edges(self) -> Mapping[EdgeId, tuple[CallSite, ...]]:
        """Every edge with the places that make it."""
        if self._edges is None:
            edges: dict[EdgeId, list[CallSite]] = {}
            for site in self:
                edges.setdefault(site.edge, []).append(site)
            self._edges = MappingProxyType({edge: tuple(sites) for edge, sites in edges.items()})
        return self._edges

    def edges_of(self, caller: str) -> frozenset[EdgeId]:
        """The edges that start at ``caller``."""
        return frozenset(site.edge for site in self.outgoing(caller))

    def outgoing(self, caller: str) -> Outgoing:
        """Everything that ``caller`` calls; nothing for one that is not known."""
        return self._outgoing.get(caller, _NOTHING)

    def sites(self, node: NodeId) -> tuple[CallSite, ...]:
        """The calls that ``node`` makes for one request."""
        outgoing = self.outgoing(node.service)
        if node.operation == ANY_OPERATION and self._is_gateway(node.service):
            return tuple(outgoing)
        return outgoing.sites.get(node.operation, ())

    def callees(self, caller: str) -> tuple[str, ...]:
        """Names of the nodes that ``caller`` declares to call, in name order."""
        return self.outgoing(caller).callees

    def named_by(self, callee: str) -> frozenset[str]:
        """Names of the callers of ``callee``, also where no such node exists."""
        return self._callers.get(callee, frozenset())

    def ids(self) -> Iterator[NodeId]:
        """Every node: declared operations, routes, and ``*`` of whatever can be called."""
        for name, outgoing in self._outgoing.items():
            for operation in outgoing.sites:
                yield NodeId(name, operation)
            yield NodeId(name, ANY_OPERATION)

    @property
    def dangling(self) -> Iterator[Dangling]:
        """Calls and destinations that lead nowhere."""
        for outgoing in self._outgoing.values():
            yield from outgoing.dangling

    def _is_gateway(self, name: str) -> bool:
        node = self.nodes.get(name)
        return node is not None and isinstance(node.spec, Gateway)


def _outgoing(node: Node, nodes: Mapping[str, Node], routes: Routes) -> Outgoing:
    if isinstance(node.spec, Gateway):
        return routes_of(node, routes.get(node.name, ()), nodes)
    return calls_of(node, nodes)


def _move_caller(
    callers: dict[str, frozenset[str]], name: str, before: frozenset[str], after: frozenset[str]
) -> None:
    for callee in before - after:
        rest = callers[callee] - {name}
        if rest:
            callers[callee] = rest
        else:
            del callers[callee]
    for callee in after - before:
        callers[callee] = callers.get(callee, frozenset()) | {name}
