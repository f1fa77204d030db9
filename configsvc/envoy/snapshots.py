"""Everything that one client of xDS has to have: consistent, immutable, named by its content."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration

from configsvc.envoy.messages import Resource, type_url

CLUSTERS: Final = type_url(Cluster)
ENDPOINTS: Final = type_url(ClusterLoadAssignment)
LISTENERS: Final = type_url(Listener)
ROUTES: Final = type_url(RouteConfiguration)

ORDER: Final = (CLUSTERS, ENDPOINTS, LISTENERS, ROUTES)
"""Make before break: what is named is sent before what names it."""

WILDCARD: Final = frozenset({CLUSTERS, LISTENERS})
"""Kinds of which a client may ask for all."""

SHORT_NAMES: Final = {
    CLUSTERS: "clusters",
    ENDPOINTS: "endpoints",
    LISTENERS: "listeners",
    ROUTES: "routes",
}
"""What people call the kinds."""

Key = tuple[str, str]
"""Kind and name of a resource."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources of one client by kind and name.

    ``version`` names what was configured: not the endpoints, which come and go by themselves.
    ``until``: when it has to be compiled anew, microseconds since the Unix epoch; None: never.
    """

    resources: Mapping[str, Mapping[str, Resource]]
    version: str
    until: int | None = None

    @classmethod
    def of(cls, resources: Iterable[Resource], until: int | None = None) -> "Snapshot":
        """A snapshot of these."""
        by_type: dict[str, dict[str, Resource]] = {kind: {} for kind in ORDER}
        for each in resources:
            by_type[each.type_url][each.name] = each
        digest = hashlib.sha256()
        for kind in ORDER:
            if kind != ENDPOINTS:
                for name in sorted(by_type[kind]):
                    digest.update(f"{kind} {name} {by_type[kind][name].version}\n".encode())
        return cls(by_type, digest.hexdigest(), until)

    def of_kind(self, kind: str) -> Mapping[str, Resource]:
        """The resources of a kind by name."""
        return self.resources.get(kind, {})

    def get(self, key: Key) -> Resource | None:
        """One resource."""
        return self.of_kind(key[0]).get(key[1])
