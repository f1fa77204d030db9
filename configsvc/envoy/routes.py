"""A gateway's routes as Envoy's table, and the clusters and limits that it names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from envoy.config.route.v3.route_pb2 import RouteConfiguration

from configsvc.envoy.authentication import API_KEYS, api_keys, requirement
from configsvc.envoy.clusters import ClusterPlan
from configsvc.envoy.edges import Edge, EdgeReader, Share
from configsvc.envoy.hosts import by_host
from configsvc.envoy.limits import counted_by, limit_config
from configsvc.envoy.matching import exact_header, fraction, path_rewrite, route_match
from configsvc.envoy.messages import Resource, Tree, resource, struct
from configsvc.envoy.retries import KEY_HEADER, Branch, branches, retry_policy, time_limits
from configsvc.model.routing import PUBLIC, Gateway, Route
from configsvc.model.trust import Authentication
from configsvc.resolve import Catalog, NamedLimit
from configsvc.resolve.inbound import named_authentication, referenced_limits


@dataclass(slots=True)
class RouteTable:
    """A gateway's routes, and what they turned out to need."""

    resource: Resource
    clusters: Mapping[str, ClusterPlan]
    authentications: Mapping[str, Authentication]
    limits: Mapping[str, NamedLimit]


@dataclass(slots=True)
class TableBuilder:
    """Builds the table of one gateway. ``now``: microseconds since the Unix epoch."""

    catalog: Catalog
    name: str
    gateway: Gateway
    now: int
    clusters: dict[str, ClusterPlan] = field(default_factory=dict)
    authentications: dict[str, Authentication] = field(default_factory=dict)
    limits: dict[str, NamedLimit] = field(default_factory=dict)

    def build(self) -> RouteTable:
        """The table, and what it names."""
        built: dict[str, list[Tree]] = {}
        hosts = []
        for pattern, routes in by_host(self.catalog.routes_of(self.name)):
            entries: list[Tree] = []
            for name, route in routes:
                if name not in built:
                    built[name] = list(self._route(name, route))
                entries += built[name]
            hosts.append({"name": pattern, "domains": [pattern], "routes": entries})
        tree = {
            "name": self.name,
            "virtual_hosts": hosts,
            "ignore_port_in_host_matching": True,
            "typed_per_filter_config": limit_config(self.limits.values()),
        }
        table = resource(RouteConfiguration, self.name, tree)
        return RouteTable(table, self.clusters, self.authentications, self.limits)

    def _route(self, name: str, route: Route) -> Iterator[Tree]:
        """Envoy's routes for one of ours."""
        guard = self._guard(route)
        named = referenced_limits(self.catalog, route.rate_limits)
        headers = [exact_header(*each) for each in route.match.headers]
        for share in EdgeReader(self.catalog, self.name).shares(route):
            for edge in share.edges:
                action = self._action(route, edge, named)
                yield from _entries(_Place(name, share, headers), edge, action, guard)

    def _guard(self, route: Route) -> "_Guard":
        name = route.authentication or self.gateway.authentication or PUBLIC
        found = named_authentication(self.catalog, name)
        if found is None:
            return _Guard({}, {})
        self.authentications[name] = found
        return _Guard(requirement(name, found, self.now), api_keys(found, self.now))

    def _action(self, route: Route, edge: Edge, named: Sequence[NamedLimit]) -> Tree:
        """What is done with a request of an edge, but for how often."""
        self.clusters[edge.cluster.name] = edge.cluster
        limits = list(named)
        if edge.limit is not None:
            limits.append(NamedLimit(edge.limit_name, edge.limit))
        self.limits.update((limit.name, limit) for limit in limits)
        action: Tree = {"cluster": edge.cluster.name, "rate_limits": counted_by(limits)}
        rewrite = path_rewrite(route.match, route.rewrite)
        if rewrite is not None:
            action["regex_rewrite"] = rewrite
        if route.rewrite is not None and route.rewrite.host is not None:
            action["host_rewrite_literal"] = route.rewrite.host
        if edge.callee.discovery.load_balancing == "consistent-hash":
            action["hash_policy"] = [{"connection_properties": {"source_ip": True}}]
        return action


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entry stands: its route, its share and the headers that the route asks for."""

    route: str
    share: Share
    headers: Sequence[Tree]


@dataclass(frozen=True, slots=True)
class _Guard:
    """Who is let in: what filters require, and what the script for API keys reads."""

    required: Tree
    keys: Tree


def _entries(place: _Place, edge: Edge, action: Tree, guard: _Guard) -> Iterator[Tree]:
    operation = "*" if edge.operation is None else edge.operation.name
    part = fraction(place.share.upto, place.share.total, f"configsvc.weights.{place.route}")
    for branch in branches(edge.requests, edge.operation, edge.retry):
        headers = [*place.headers, *key_header(branch)]
        yield {
            "name": f"{place.route}/{edge.callee.name}/{operation}",
            "match": route_match(branch.requests, headers, part),
            "route": action | attempts(edge, branch),
            "typed_per_filter_config": guard.required,
            "metadata": {"filter_metadata": {API_KEYS: struct(guard.keys)} if guard.keys else {}},
        }


def key_header(branch: Branch) -> list[Tree]:
    """What a request needs beside its path to be of a branch."""
    return [{"name": KEY_HEADER, "present_match": True}] if branch.keyed else []


def attempts(edge: Edge, branch: Branch) -> Tree:
    """The time limits of an edge, and how a failed attempt is made again."""
    limits = time_limits(edge.timeout, repeats=branch.repeats)
    if not branch.repeats or edge.retry is None:
        return limits
    policy = retry_policy(edge.retry, edge.timeout, edge.callee.protocol)
    return limits | {"retry_policy": policy}
