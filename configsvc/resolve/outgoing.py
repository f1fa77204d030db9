"""What one caller calls: the edges of a service, a BFF or a gateway, one call site each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.routing import Route
from configsvc.model.services import Call
from configsvc.resolve.matching import requests_of, rewritten
from configsvc.resolve.nodes import Node
from configsvc.resolve.references import Dangling, Fault


@dataclass(frozen=True, slots=True, order=True)
class NodeId:
    """One operation of a service or BFF, or one route of a gateway (by the route's name)."""

    service: str
    operation: str

    def __str__(self) -> str:
        return f"{self.service}[{self.operation}]"


@dataclass(frozen=True, slots=True)
class CallSite:
    """An edge where it is made: by ``parent``, as ``call`` says, written at ``pointer``.

    The sites of a route are alternatives: a request goes to one of them.
    """

    parent: NodeId
    edge: EdgeId
    call: Call
    resource: Key
    pointer: str

    @property
    def target(self) -> NodeId:
        """The node that is called."""
        return NodeId(self.edge.callee, self.edge.operation)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Everything that one caller calls.

    ``sites`` are by the caller's operation (or route). ``named`` are the callees as written, known
    or not; ``callees`` those that exist, each once, in name order.
    """

    sites: Mapping[str, tuple[CallSite, ...]]
    callees: tuple[str, ...]
    named: frozenset[str]
    dangling: tuple[Dangling, ...]

    def __iter__(self) -> Iterator[CallSite]:
        for sites in self.sites.values():
            yield from sites


@dataclass(slots=True)
class _Collector:
    """Gathers the sites of one caller, then freezes them."""

    nodes: Mapping[str, Node]
    sites: dict[str, tuple[CallSite, ...]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    dangling: list[Dangling] = field(default_factory=list)

    def callee(self, name: str, resource: Key, pointer: str) -> Node | None:
        self.named.add(name)
        node = self.nodes.get(name)
        if node is None:
            self.dangling.append(Dangling(resource, pointer, Fault.UNKNOWN_NODE, name))
        return node

    def frozen(self) -> Outgoing:
        callees = sorted(name for name in self.named if name in self.nodes)
        return Outgoing(
            MappingProxyType(self.sites),
            tuple(callees),
            frozenset(self.named),
            tuple(self.dangling),
        )


def calls_of(caller: Node, nodes: Mapping[str, Node]) -> Outgoing:
    """What a service or BFF calls, as its operations declare."""
    found = _Collector(nodes)
    for index, operation in enumerate(caller.operations.values()):
        parent = NodeId(caller.name, operation.name)
        base = f"/spec/{caller.calls_field}/{index}/calls/"
        sites = (
            _call_site(found, caller, parent, call, f"{base}{position}")
            for position, call in enumerate(operation.calls)
        )
        found.sites[operation.name] = tuple(site for site in sites if site is not None)
    return found.frozen()


def _call_site(
    found: _Collector, caller: Node, parent: NodeId, call: Call, pointer: str
) -> CallSite | None:
    callee = found.callee(call.to, caller.key, f"{pointer}/to")
    if callee is None:
        return None
    operation = call.operation
    if operation not in callee.operations and operation != ANY_OPERATION:
        found.dangling.append(
            Dangling(
                caller.key, f"{pointer}/operation", Fault.UNKNOWN_OPERATION, call.to, operation
            )
        )
        # The runtime treats it as a call that matches nothing, and so do the rules.
        operation = ANY_OPERATION
    edge = EdgeId(caller.name, callee.name, operation)
    return CallSite(parent, edge, call, caller.key, pointer)


def routes_of(
    gateway: Node, routes: Iterable[tuple[str, Route]], nodes: Mapping[str, Node]
) -> Outgoing:
    """What a gateway calls: each route x destination x operation that the route can reach.

    ``routes`` are the gateway's, in the order in which they are tried; the last edge of each
    destination is ``*``.
    """
    found = _Collector(nodes)
    for name, route in routes:
        parent = NodeId(gateway.name, name)
        found.sites[name] = tuple(_route_sites(found, parent, Key(Kind.ROUTE, name), route))
    return found.frozen()


def _route_sites(found: _Collector, parent: NodeId, key: Key, route: Route) -> Iterator[CallSite]:
    for index, destination in enumerate(route.destinations):
        pointer = f"/spec/destinations/{index}"
        callee = found.callee(destination.to, key, f"{pointer}/to")
        if callee is None:
            continue
        for operation in (*_reached(route, callee), ANY_OPERATION):
            edge = EdgeId(parent.service, callee.name, operation)
            yield CallSite(parent, edge, Call(callee.name, operation), key, pointer)


def _reached(route: Route, callee: Node) -> Iterator[str]:
    requests = rewritten(route.match, route.rewrite)
    for operation in callee.in_matching_order():
        if operation.match is not None and requests.intersects(requests_of(operation.match)):
            yield operation.name
