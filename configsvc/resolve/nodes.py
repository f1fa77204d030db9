"""Nodes of the call graph: services, gateways and BFFs, seen alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from configsvc.model.names import NODE_KINDS, Key, Kind
from configsvc.model.resources import Spec
from configsvc.model.routing import Bff, Endpoint, Gateway
from configsvc.model.services import Discovery, Match, Operation, Protocol, Service
from configsvc.resolve.matching import operation_order

_BFF_PROTOCOL: Protocol = "http"


@dataclass(frozen=True, slots=True)
class Node:
    """Whatever calls or is called.

    ``operations`` are by name in the order of the document; a BFF's endpoints are its operations,
    a gateway has none (its routes are its callers' side).
    """

    key: Key
    spec: Service | Gateway | Bff
    operations: Mapping[str, Operation]

    @property
    def name(self) -> str:
        """The name that calls and targets use."""
        return self.key.name

    @property
    def has_bundle(self) -> bool:
        """Whether an agent runs in it; a gateway is configured through Envoy instead."""
        return not isinstance(self.spec, Gateway)

    @property
    def protocol(self) -> Protocol:
        """What it speaks to its callers."""
        return self.spec.protocol if isinstance(self.spec, Service) else _BFF_PROTOCOL

    @property
    def discovery(self) -> Discovery:
        """How its callers find it; a gateway is found at its first listener."""
        if not isinstance(self.spec, Gateway):
            return self.spec.discovery
        listener = next(iter(self.spec.listeners), None)
        address = None if listener is None else f"{listener.address}:{listener.port}"
        return Discovery(mode="server", address=address)

    @property
    def rate_limits(self) -> tuple[str, ...]:
        """Names of the RateLimits that it puts before its callers."""
        return () if isinstance(self.spec, Gateway) else self.spec.rate_limits

    @property
    def calls_field(self) -> str:
        """The field of the document that holds what it calls: for pointers."""
        return "operations" if isinstance(self.spec, Service) else "endpoints"

    def in_matching_order(self) -> tuple[Operation, ...]:
        """The operations in the order in which a request tries them."""
        return tuple(sorted(self.operations.values(), key=operation_order))


def node_of(key: Key, spec: Spec) -> Node:
    """The node that a Service, Gateway or Bff is.

    Raises:
        TypeError: ``spec`` is of another kind.
    """
    match spec:
        case Service():
            operations = spec.operations
        case Bff():
            operations = tuple(_as_operation(endpoint) for endpoint in spec.endpoints)
        case Gateway():
            operations = ()
        case _:
            raise TypeError(f"{key} is no node of the call graph; only {_NODES} are")
    return Node(key, spec, MappingProxyType({o.name: o for o in operations}))


_NODES = ", ".join(NODE_KINDS)


def is_node(kind: Kind) -> bool:
    """Whether resources of ``kind`` are nodes of the call graph."""
    return kind in NODE_KINDS


def _as_operation(endpoint: Endpoint) -> Operation:
    return Operation(
        name=endpoint.name,
        match=Match(methods=endpoint.methods, path=endpoint.path),
        idempotent=endpoint.idempotent,
        latency=endpoint.latency,
        own_time=endpoint.own_time,
        limit=endpoint.limit,
        external_rate=endpoint.external_rate,
        slo=endpoint.slo,
        calls=tuple(call.call for call in endpoint.calls),
    )
