"""What gRPC itself takes from xDS: a client without any proxy, by the target ``xds:///CALLEE``.

It knows fewer features than Envoy (gRFC A27, A44, A50): only those that it has are written.
"""

from collections.abc import Iterator

from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.filters.http.router.v3.router_pb2 import Router
from envoy.extensions.filters.network.http_connection_manager.v3 import (
    http_connection_manager_pb2 as manager,
)

from configsvc.envoy.clusters import ClusterPlan, cluster
from configsvc.envoy.edges import Edge, EdgeReader
from configsvc.envoy.matching import path_match
from configsvc.envoy.messages import Resource, Tree, duration, extension, pack, resource
from configsvc.envoy.retries import Branch, branches
from configsvc.envoy.routes import attempts, key_header
from configsvc.resolve import Catalog, Node
from configsvc.resolve.matching import PathTemplate


def proxyless_clusters(catalog: Catalog, caller: Node) -> list[ClusterPlan]:
    """The clusters of a service's calls to services that speak gRPC, each once."""
    callees = _callees(catalog, caller)
    edges = (edge for callee in callees for edge in _edges(catalog, caller, callee))
    return list({edge.cluster.name: edge.cluster for edge in edges}.values())


def proxyless_resources(catalog: Catalog, caller: Node) -> Iterator[Resource]:
    """A listener, a route table and the clusters for each of those callees."""
    yield from (cluster(plan) for plan in proxyless_clusters(catalog, caller))
    for callee in _callees(catalog, caller):
        yield _listener(callee.name)
        yield _table(callee.name, list(_edges(catalog, caller, callee)))


def _callees(catalog: Catalog, caller: Node) -> list[Node]:
    nodes = (catalog.nodes[name] for name in catalog.graph.callees(caller.name))
    return [node for node in nodes if node.protocol == "grpc"]


def _edges(catalog: Catalog, caller: Node, callee: Node) -> Iterator[Edge]:
    return EdgeReader(catalog, caller.name).declared(callee)


def _listener(name: str) -> Resource:
    connections = pack(
        manager.HttpConnectionManager,
        rds={
            "route_config_name": name,
            "config_source": {"ads": {}, "resource_api_version": "V3"},
        },
        http_filters=[extension("envoy.filters.http.router", Router)],
    )
    return resource(Listener, name, {"name": name, "api_listener": {"api_listener": connections}})


def _table(name: str, edges: list[Edge]) -> Resource:
    routes = [entry for edge in edges for entry in _entries(edge)]
    host = {"name": name, "domains": ["*"], "routes": routes}
    return resource(RouteConfiguration, name, {"name": name, "virtual_hosts": [host]})


def _entries(edge: Edge) -> Iterator[Tree]:
    """Routes without methods: gRPC has but one."""
    for branch in branches(edge.requests, edge.operation, edge.retry):
        match = _path_match(edge.requests.path)
        headers = key_header(branch)
        if headers:
            match["headers"] = headers
        yield {"match": match, "route": {"cluster": edge.cluster.name} | _limited(edge, branch)}


def _limited(edge: Edge, branch: Branch) -> Tree:
    """As for Envoy; gRPC reads the limit of a call from another field (gRFC A31)."""
    action = attempts(edge, branch)
    limit = action.pop("timeout")
    if limit != duration(0):
        action["max_stream_duration"] = {"max_stream_duration": limit}
    return action


def _path_match(path: PathTemplate) -> Tree:
    """As for Envoy, without the prefixes that gRPC does not know."""
    match = path_match(path)
    separated = match.pop("path_separated_prefix", None)
    return match if separated is None else {"prefix": f"{separated}/"}
