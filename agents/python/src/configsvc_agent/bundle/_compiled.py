"""A compiled bundle: frozen, whole, and ready to be asked on every call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from configsvc_agent.bundle._matching import PathTree
from configsvc_agent.engine.policy import SECOND, CallPolicy, RateLimit, Timeout
from configsvc_agent.values import NOTHING, Value

ANY_OPERATION = "*"
"""The operation of a call that matches none of those declared."""

BUILT_IN = CallPolicy(timeout=Timeout(connect=SECOND, attempt=10 * SECOND, overall=10 * SECOND))
"""What is in force while there is neither a bundle nor a cache; nothing but time limits."""


class Operation(Value):
    """One operation of a callee and what a call to it obeys.

    ``path`` is the template of its requests, None where there is none (gRPC, or reached by name
    only); no ``methods`` means every method.
    """

    name: str
    policy: CallPolicy
    streaming: bool = False
    methods: tuple[str, ...] = ()
    path: str | None = None


class Instance(Value):
    """One instance of a callee; ``address`` is ``host:port``."""

    address: str
    labels: Mapping[str, str] = NOTHING


class OutlierDetection(Value):
    """When an instance that answers badly is left out for a while; times in microseconds.

    ``max_ejection`` is a share in parts per million.
    """

    consecutive_5xx: int | None
    consecutive_gateway: int | None
    interval: int
    base_ejection: int
    max_ejection: int
    min_hosts: int
    min_requests: int


class Discovery(Value):
    """How a callee is reached: at one ``address`` (server side) or at its ``instances``.

    ``instances`` are those declared; registered ones come beside the bundle. With fewer usable
    instances than ``panic_threshold`` (parts per million) all are used. ``unejects``: a health
    check that is passed ends an ejection.
    """

    mode: Literal["client", "server"] = "server"
    address: str | None = None
    instances: tuple[Instance, ...] = ()
    load_balancing: str = "round-robin"
    panic_threshold: int = 500_000
    outlier_detection: OutlierDetection | None = None
    unejects: bool = False


class Callee(Value):
    """A service that this one declares to call.

    ``other`` answers for a call that matches no operation.
    """

    name: str
    protocol: Literal["http", "grpc"]
    discovery: Discovery
    operations: Mapping[str, Operation]
    other: Operation
    paths: PathTree[Operation]
    methods: Mapping[str, Operation]
    """Operations by gRPC method (``package.Service/Method``)."""

    def operation(self, name: str) -> Operation:
        """The operation declared as ``name``, else ``other``."""
        return self.operations.get(name, self.other)

    def match(self, method: str, path: str) -> Operation:
        """The operation that an HTTP request is; for gRPC, ``path`` is the whole method's."""
        if self.methods:
            found = self.methods.get(path.lstrip("/"))
            if found is not None:
                return found
        return self.paths.find(method, path) or self.other


class InboundOperation(Value):
    """What the service itself owes for one of its operations, or for all others.

    ``limit`` is its own deadline in microseconds; ``authentication`` is the JSON text of the
    requirement, None where there is none.
    """

    name: str
    limit: int | None = None
    rate_limits: tuple[tuple[str, RateLimit], ...] = ()
    authentication: str | None = None
    idempotent: bool | None = None


class Inbound(Value):
    """The serving side of a service."""

    operations: tuple[InboundOperation, ...] = ()
    other: InboundOperation = InboundOperation(ANY_OPERATION)
    paths: PathTree[InboundOperation] = PathTree()
    methods: Mapping[str, InboundOperation] = NOTHING

    def match(self, method: str, path: str) -> InboundOperation:
        """The operation that a request to this service is."""
        if self.methods:
            found = self.methods.get(path.lstrip("/"))
            if found is not None:
                return found
        return self.paths.find(method, path) or self.other


class ComposedCall(Value):
    """One call of an endpoint of a back end for front ends.

    Texts in braces are references: ``{path.NAME}``, ``{query.NAME}``, ``{header.NAME}`` of the
    request, ``{CALL#/POINTER}`` of an earlier answer. ``path`` None: nobody said what to ask for.
    ``default`` is the JSON text of what stands for the answer of an optional call that failed.
    """

    name: str
    callee: str
    operation: str
    stage: int
    optional: bool
    method: str
    path: str | None
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    default: str | None = None


class ComposedEndpoint(Value):
    """One endpoint of a back end for front ends: what it takes, calls and answers.

    ``output`` maps each member of the answer to a call, or to ``CALL#/POINTER`` in its answer.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    calls: tuple[ComposedCall, ...]
    output: tuple[tuple[str, str], ...]


class Bundle(Value):
    """Everything one service's agent enforces."""

    namespace: str
    service: str
    version: int
    digest: str
    callees: Mapping[str, Callee]
    hosts: Mapping[str, str]
    """By ``host`` or ``host:port``, in lower case, the callee that it means."""
    undeclared: Operation
    inbound: Inbound
    endpoints: tuple[ComposedEndpoint, ...] = ()
    """What a back end for front ends is composed of; empty for a service."""

    def policy(self, callee: str, operation: str) -> CallPolicy:
        """What a call obeys; an unknown callee gets what is meant for undeclared calls."""
        known = self.callees.get(callee)
        return self.undeclared.policy if known is None else known.operation(operation).policy

    def callee_at(self, host: str, port: int | None) -> Callee | None:
        """The callee that ``host`` means, the entry with a port first; None for a foreign host."""
        host = host.lower().rstrip(".")
        name = self.hosts.get(f"{host}:{port}") or self.hosts.get(host)
        return None if name is None else self.callees.get(name)


def built_in(namespace: str, service: str) -> Bundle:
    """The bundle in force while there is no other: every callee is undeclared."""
    return Bundle(
        namespace=namespace,
        service=service,
        version=0,
        digest="",
        callees={},
        hosts={},
        undeclared=Operation(ANY_OPERATION, BUILT_IN),
        inbound=Inbound(),
    )
