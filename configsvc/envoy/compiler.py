"""From a namespace's resources to what one client of xDS gets."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from configsvc.envoy.authentication import filters, next_expiry
from configsvc.envoy.clusters import (
    NOWHERE,
    Addresses,
    ClusterPlan,
    cluster,
    endpoints,
    is_named,
    reached_at,
)
from configsvc.envoy.limits import limit_filters
from configsvc.envoy.listeners import listener
from configsvc.envoy.messages import Resource
from configsvc.envoy.proxyless import proxyless_clusters, proxyless_resources
from configsvc.envoy.routes import TableBuilder
from configsvc.envoy.snapshots import Snapshot
from configsvc.model.routing import Gateway
from configsvc.resolve import Catalog

Registered = Mapping[str, Addresses]
"""Registered instances by service."""

NOBODY: Registered = MappingProxyType({})


def compile_snapshot(
    catalog: Catalog, name: str, now: int, registered: Registered = NOBODY
) -> Snapshot | None:
    """What the Envoys of a gateway get, or the gRPC clients of a service; None for no such node.

    Args:
        catalog: the namespace's resources.
        name: of the Gateway, Service or Bff.
        now: keys that have ended by then are left out; microseconds since the Unix epoch.
        registered: the registered instances, beside those that are declared.
    """
    node = catalog.nodes.get(name)
    if node is None:
        return None
    if isinstance(node.spec, Gateway):
        return _gateway(catalog, name, node.spec, now, registered)
    resources = [
        *proxyless_resources(catalog, node),
        *_endpoints(proxyless_clusters(catalog, node), registered),
    ]
    return Snapshot.of(resources)


def _gateway(
    catalog: Catalog, name: str, gateway: Gateway, now: int, registered: Registered
) -> Snapshot:
    table = TableBuilder(catalog, name, gateway, now).build()
    passed = [*filters(table.authentications, now), *limit_filters(table.limits.values())]
    resources = [
        *(cluster(plan) for plan in table.clusters.values()),
        *_endpoints(table.clusters.values(), registered),
        *(listener(name, gateway, each, passed) for each in gateway.listeners),
        table.resource,
    ]
    return Snapshot.of(resources, next_expiry(table.authentications, now))


def _endpoints(plans: Iterable[ClusterPlan], registered: Registered) -> Iterator[Resource]:
    """The endpoints of each callee that Envoy does not resolve by itself, once."""
    for callee, plan in {plan.callee: plan for plan in plans}.items():
        if not is_named(plan.discovery):
            yield endpoints(callee, reached_at(plan.discovery, registered.get(callee, NOWHERE)))
