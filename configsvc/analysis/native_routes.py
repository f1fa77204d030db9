"""The routes of a namespace as rules see them."""

from collections.abc import Iterator

from configsvc.analysis.provenance import DocumentProvenance
from configsvc.analysis.routing import PUBLIC, RouteView
from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.routing import PUBLIC as PUBLIC_NAME
from configsvc.model.routing import Rewrite, Route
from configsvc.resolve import Catalog, Node, NodeId
from configsvc.resolve.matching import Requests, requests_of, rewritten, route_order


def route_views(catalog: Catalog) -> dict[str, tuple[RouteView, ...]]:
    """The routes of each gateway, in the order in which they are tried."""
    return {
        gateway: tuple(
            _route_view(catalog, gateway, name, route) for name, route in catalog.routes_of(gateway)
        )
        for gateway in catalog.gateways
    }


def operation_requests(node: Node) -> dict[tuple[str, str], Requests]:
    """What each declared operation of a node takes."""
    return {
        (node.name, operation.name): requests_of(operation.match)
        for operation in node.operations.values()
        if operation.match is not None
    }


def route_document(catalog: Catalog, name: str) -> DocumentProvenance:
    """The document of a route."""
    key = Key(Kind.ROUTE, name)
    return DocumentProvenance(key, "/spec", catalog.routes[name], catalog.resources[key].revision)


def _route_view(catalog: Catalog, gateway: str, name: str, route: Route) -> RouteView:
    *order, _ = route_order(name, route)
    rewrite = route.rewrite or Rewrite()
    return RouteView(
        key=Key(Kind.ROUTE, name),
        provenance=route_document(catalog, name),
        order=tuple(order),
        hosts=route.hosts,
        requests=rewritten(route.match, None),
        headers=route.match.headers,
        asks=_asks(catalog, gateway, route),
        limits=route.rate_limits,
        leads=(*sorted((d.to, d.weight) for d in route.destinations), rewrite),
        reaches=tuple(dict.fromkeys(_reaches(catalog, gateway, name))),
        weights=tuple(destination.weight for destination in route.destinations),
        rewritten=rewrite != Rewrite(),
    )


def _asks(catalog: Catalog, gateway: str, route: Route) -> frozenset[str]:
    """What a caller of the route must have: its reference replaces the gateway's."""
    name = route.authentication or catalog.gateways[gateway].authentication
    if name is None or name == PUBLIC_NAME:
        return PUBLIC
    authentication = catalog.authentications.get(name)
    scopes = () if authentication is None else authentication.scopes
    return frozenset({"authentication", *(f"scope {scope}" for scope in scopes)})


def _reaches(catalog: Catalog, gateway: str, name: str) -> Iterator[tuple[str, str]]:
    for site in catalog.graph.sites(NodeId(gateway, name)):
        if site.edge.operation != ANY_OPERATION:
            yield site.edge.callee, site.edge.operation
