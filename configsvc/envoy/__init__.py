"""Envoy and gRPC as data planes: a namespace's resources as messages of xDS. Needs xds-protos."""

from configsvc.envoy.clusters import callee_of
from configsvc.envoy.compiler import Registered, compile_snapshot
from configsvc.envoy.messages import Resource
from configsvc.envoy.snapshots import (
    CLUSTERS,
    ENDPOINTS,
    LISTENERS,
    ORDER,
    ROUTES,
    SHORT_NAMES,
    WILDCARD,
    Key,
    Snapshot,
)

__all__ = [
    "CLUSTERS",
    "ENDPOINTS",
    "LISTENERS",
    "ORDER",
    "ROUTES",
    "SHORT_NAMES",
    "WILDCARD",
    "Key",
    "Registered",
    "Resource",
    "Snapshot",
    "callee_of",
    "compile_snapshot",
]
