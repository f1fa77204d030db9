"""The nodes of a namespace, the routes of its gateways, and the call graph over both."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Self

from configsvc.model.names import NODE_KINDS, Key, Kind
from configsvc.model.routing import Route
from configsvc.resolve.contents import Contents, Pair
from configsvc.resolve.graph import CallGraph, Routes
from configsvc.resolve.matching import route_order
from configsvc.resolve.nodes import Node, node_of

_NODES = frozenset(NODE_KINDS)
_PRECEDENCE = (Kind.SERVICE, Kind.BFF, Kind.GATEWAY)
"""Which node a name means where several have it, which a check reports."""


class Topology:
    """Nodes and routes; the graph is built when it is first asked for, and derived from then on."""

    __slots__ = ("_graph", "nodes", "routes")

    def __init__(
        self, nodes: dict[str, Node], routes: Routes, graph: CallGraph | None = None
    ) -> None:
        self.nodes = nodes
        self.routes = routes
        self._graph = graph

    @classmethod
    def of(cls, contents: Contents) -> Self:
        """The topology of a namespace."""
        nodes = {
            resource.key.name: node_of(resource.key, resource.spec)
            for kind in reversed(_PRECEDENCE)
            for resource in contents.of_kind(kind)
        }
        return cls(nodes, _routes(contents))

    @property
    def graph(self) -> CallGraph:
        """Who calls whom."""
        if self._graph is None:
            self._graph = CallGraph.of(self.nodes, self.routes)
        return self._graph

    def with_change(self, contents: Contents, changes: Iterable[Pair]) -> Self:
        """The topology after a change; ``contents`` are those after it."""
        touched = frozenset(_touched(changes))
        if not touched:
            return self
        nodes = _changed_nodes(self.nodes, contents, touched)
        routes = _routes(contents) if _has_route(changes) else self.routes
        graph = self._graph and self._graph.with_change(nodes, routes, touched)
        return type(self)(nodes, routes, graph)


def _touched(changes: Iterable[Pair]) -> Iterator[str]:
    """Names of the nodes whose calls a change may alter; a route belongs to its gateway."""
    for resource in (each for pair in changes for each in pair if each is not None):
        if isinstance(resource.spec, Route):
            yield resource.spec.gateway
        elif resource.key.kind in _NODES:
            yield resource.key.name


def _has_route(changes: Iterable[Pair]) -> bool:
    return any(
        each is not None and each.key.kind is Kind.ROUTE for pair in changes for each in pair
    )


def _changed_nodes(
    nodes: dict[str, Node], contents: Contents, names: Iterable[str]
) -> dict[str, Node]:
    changed = nodes.copy()
    for name in names:
        changed.pop(name, None)
        keys = (Key(kind, name) for kind in _PRECEDENCE)
        found = next((contents[key] for key in keys if key in contents), None)
        if found is not None:
            changed[name] = node_of(found.key, found.spec)
    return changed


def _routes(contents: Contents) -> Routes:
    by_gateway: dict[str, list[tuple[str, Route]]] = {}
    for name, route in contents.specs(Kind.ROUTE, Route).items():
        by_gateway.setdefault(route.gateway, []).append((name, route))
    return {gateway: _in_order(routes) for gateway, routes in by_gateway.items()}


def _in_order(routes: Iterable[tuple[str, Route]]) -> tuple[tuple[str, Route], ...]:
    return tuple(sorted(routes, key=lambda named: route_order(*named)))


def clashing_names(nodes: Mapping[str, Node], contents: Contents) -> Iterator[tuple[Key, Key]]:
    """Nodes hidden by another of the same name: the one that is meant, and the hidden one."""
    for kind in _PRECEDENCE:
        for resource in contents.of_kind(kind):
            meant = nodes[resource.key.name].key
            if meant != resource.key:
                yield meant, resource.key
