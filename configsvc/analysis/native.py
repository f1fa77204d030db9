"""The native adapter: a namespace's catalog becomes the neutral view that rules read."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, cast

from configsvc.analysis.guarded import ambiguous, unmanaged_timeout
from configsvc.analysis.mistakes import ambiguous_edges, missing_references
from configsvc.analysis.native_routes import operation_requests, route_views
from configsvc.analysis.provenance import NOWHERE, EdgeProvenance, NodeDocuments
from configsvc.analysis.view import (
    NATIVE,
    CallView,
    EdgeView,
    Idempotence,
    NodeFacts,
    NodeView,
    OperationFacts,
    PolicyView,
    Runtime,
    System,
    WorkId,
    WorkView,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.policies import Policy, RateLimit, Timeout
from configsvc.model.resources import Source
from configsvc.model.routing import Bff, Gateway
from configsvc.model.services import Latency, Operation, OutlierDetection, Service
from configsvc.resolve import CallSite, Catalog, EffectivePolicy, Merged, Node, effective, inbound
from configsvc.resolve.layers import policy_of
from configsvc.resolve.matching import requests_of

T = TypeVar("T")

_UNKNOWN_OPERATION = OperationFacts()
_BY_METHOD = Idempotence(by_method=True)
_NO_LATENCY = Latency()


Runtimes = Callable[[EdgeId], Runtime]
"""What enforces the policies of an edge; an importer tells."""


def native_system(catalog: Catalog, runtimes: Runtimes | None = None) -> System:
    """View ``catalog`` as rules read it.

    ``runtimes`` says what enforces each edge's policies where that is not the native runtime.
    """
    return _Adapter(catalog, runtimes or _always_native).system()


def _always_native(_: EdgeId) -> Runtime:
    return NATIVE


class _Adapter:
    """Builds the view once; equal parts become one object, so that rules recognise them."""

    def __init__(self, catalog: Catalog, runtimes: Runtimes) -> None:
        self._catalog = catalog
        self._runtimes = runtimes
        self._documents = NodeDocuments(catalog)
        self._values: dict[Any, Any] = {}
        self._policies: dict[int, tuple[Any, ...]] = {}
        self._merged: dict[int, Any] = {}
        self._held: list[EffectivePolicy] = []
        self._edges: dict[EdgeId, EdgeView] = {}
        self._nodes: dict[str, NodeFacts] = {}
        self._operations: dict[WorkId, tuple[Idempotence, Latency, OperationFacts]] = {}
        self._admissions: dict[WorkId, tuple[RateLimit | None, tuple[Source, ...]]] = {}

    def system(self) -> System:
        """Everything that the catalog holds."""
        works = {(w.node, w.operation): w for w in self._works()}
        edges = tuple(self._edges.values())
        return System(
            edges=edges,
            works=works,
            nodes=self._node_views(edges),
            policies=tuple(self._policy_views()),
            ambiguous=tuple(ambiguous_edges(self._catalog, edges)),
            references=tuple(missing_references(self._catalog)),
            routes=route_views(self._catalog),
            requests=operation_requests(self._catalog),
            waivers={Key(Kind.WAIVER, n): w for n, w in self._catalog.waivers.items()},
            namespace=self._catalog.namespace,
        )

    def _works(self) -> Iterator[WorkView]:
        graph = self._catalog.graph
        for name, node in self._catalog.nodes.items():
            for operation, sites in graph.outgoing(name).sites.items():
                yield self._work(node, operation, sites)
            called = isinstance(node.spec, Gateway) and graph.named_by(name)
            yield self._work(node, ANY_OPERATION, graph.outgoing(name) if called else ())

    def _work(self, node: Node, operation: str, sites: Iterable[CallSite]) -> WorkView:
        calls = tuple(self._call(site) for site in sites)
        if isinstance(node.spec, Gateway):
            return self._route(node, operation, calls)
        declared = node.operations.get(operation)
        if declared is None:
            return WorkView(node.name, operation, self._documents.node(node.name), calls=calls)
        return WorkView(
            node.name,
            operation,
            self._documents.operation(node.name, operation),
            facts=self._operation(node.name, operation)[2],
            latency=declared.latency,
            slo=declared.slo,
            external_rate=declared.external_rate,
            calls=calls,
            composes=isinstance(node.spec, Bff),
        )

    def _route(self, gateway: Node, name: str, calls: tuple[CallView, ...]) -> WorkView:
        """A route of a gateway, or all of them together where the gateway is called."""
        route = self._catalog.routes.get(name)
        if route is None:
            provenance, slo = self._documents.node(gateway.name), None
        else:
            provenance, slo = self._documents.route(name), route.slo
        return WorkView(gateway.name, name, provenance, slo=slo, calls=calls, alternatives=True)

    def _call(self, site: CallSite) -> CallView:
        edge = self._edges.get(site.edge)
        if edge is None:
            edge = self._edges[site.edge] = self._edge(site.edge)
        call = site.call
        return CallView(
            edge,
            call.stage,
            call.times.typical,
            call.times.max,
            call.optional,
            default=self._has_default(site),
        )

    def _has_default(self, site: CallSite) -> bool:
        """Whether a BFF says what stands in for the answer of this call."""
        spec = self._catalog.nodes[site.parent.service].spec
        if not isinstance(spec, Bff):
            return False
        endpoint = next(e for e in spec.endpoints if e.name == site.parent.operation)
        return endpoint.calls[int(site.pointer.rpartition("/")[2])].default is not None

    def _edge(self, edge: EdgeId) -> EdgeView:
        policy = effective(self._catalog, edge.caller, edge.callee, edge.operation)
        caller = self._node(edge.caller)
        idempotence, latency, operation = self._operation(edge.callee, edge.operation)
        admission, sources = self._admission(edge.callee, edge.operation)
        runtime = self._runtimes(edge)
        runtime = runtime if runtime is NATIVE else self._one(runtime)
        timeout, retry, breaker, bulkhead, rate_limit, hedge, fallback = self._values_of(
            policy, managed=caller.enforced
        )
        return EdgeView(
            id=edge,
            provenance=EdgeProvenance(
                edge, policy, self._documents, sources, foreign=runtime is not NATIVE
            ),
            timeout=timeout,
            retry=retry,
            breaker=breaker,
            bulkhead=bulkhead,
            rate_limit=rate_limit,
            hedge=hedge,
            fallback=fallback,
            runtime=runtime,
            own_breaker=_is_own(policy.breaker),
            idempotence=idempotence,
            latency=latency,
            operation=operation,
            caller=caller,
            callee=self._node(edge.callee),
            admission=admission,
        )

    def _values_of(self, policy: EffectivePolicy, *, managed: bool) -> tuple[Any, ...]:
        """The values of all policy kinds, in the order of `EdgeView`."""
        if not managed:
            return _UNMANAGED
        found = self._policies.get(id(policy))
        if found is None:
            kinds = (
                policy.timeout, policy.retry, policy.breaker, policy.bulkhead, policy.rate_limit,
                policy.hedge, policy.fallback,
            )  # fmt: skip
            timeout, *others = [
                None if merged is None else self._value(part, merged)
                for part, merged in zip(_PARTS, kinds, strict=True)
            ]
            found = self._policies[id(policy)] = (timeout or _NO_TIMEOUT, *others)
            self._held.append(policy)
        return found

    def _value(self, part: str, merged: Merged[Any]) -> Any:  # noqa: ANN401 - by kind
        found = self._merged.get(id(merged))
        if found is None:
            value = merged.value
            if merged.ambiguous:
                found = ambiguous(value, part, merged.ambiguous)
            else:
                found = self._one(value)
            self._merged[id(merged)] = found
        return found

    def _node(self, name: str) -> NodeFacts:
        found = self._nodes.get(name)
        if found is None:
            found = self._nodes[name] = self._one(_node_facts(self._catalog.nodes[name].spec))
        return found

    def _operation(self, node: str, name: str) -> tuple[Idempotence, Latency, OperationFacts]:
        found = self._operations.get((node, name))
        if found is None:
            operation = self._catalog.nodes[node].operations.get(name)
            found = self._operations[node, name] = self._operation_parts(operation)
        return found

    def _operation_parts(
        self, operation: Operation | None
    ) -> tuple[Idempotence, Latency, OperationFacts]:
        if operation is None:
            return _BY_METHOD, _NO_LATENCY, _UNKNOWN_OPERATION
        return (
            self._one(Idempotence(operation.is_idempotent)),
            self._one(operation.latency),
            self._one(_operation_facts(operation)),
        )

    def _admission(self, node: str, operation: str) -> tuple[RateLimit | None, tuple[Source, ...]]:
        found = self._admissions.get((node, operation))
        if found is None:
            found = self._admissions[node, operation] = self._strictest(node, operation)
        return found

    def _strictest(self, node: str, operation: str) -> tuple[RateLimit | None, tuple[Source, ...]]:
        """The limit that lets the fewest calls in, of those that all callers share."""
        if isinstance(self._catalog.nodes[node].spec, Gateway):
            return None, NOWHERE
        server = inbound(self._catalog, node, operation)
        limits = [limit for limit in server.rate_limits if limit.value.key is None]
        if not limits:
            return None, NOWHERE
        least = min(limits, key=lambda limit: limit.value.rate.limit / limit.value.rate.period)
        source = Source(Key(Kind.RATE_LIMIT, least.name), "/spec/rate")
        return self._one(least.value), (source,)

    def _node_views(self, edges: Iterable[EdgeView]) -> dict[str, NodeView]:
        incoming: dict[str, list[EdgeView]] = {}
        outgoing: dict[str, list[EdgeView]] = {}
        for edge in edges:
            incoming.setdefault(edge.id.callee, []).append(edge)
            outgoing.setdefault(edge.id.caller, []).append(edge)
        return {
            name: NodeView(
                name,
                node.key,
                self._documents.node(name),
                self._node(name),
                node.discovery,
                tuple(incoming.get(name, ())),
                tuple(outgoing.get(name, ())),
                requests=tuple(requests_of(o.match) for o in node.operations.values() if o.match),
                emits=tuple(o.emits for o in node.operations.values()),
            )
            for name, node in self._catalog.nodes.items()
        }

    def _policy_views(self) -> Iterator[PolicyView]:
        for key, resource in self._catalog.resources.items():
            policy = resource.spec
            if isinstance(policy, Policy) and policy.target is not None:
                yield PolicyView(key, policy.target, policy.fields, policy.side == "callee")

    def _one(self, value: T) -> T:
        """The one object that stands for all equal values."""
        return cast("T", self._values.setdefault((type(value), value), value))


_OPERATION_OR_PAIR = 2
"""The weakest rank of a target that names an operation, or both ends of an edge."""

_NO_TIMEOUT = Timeout()
_PARTS = ("timeout", "retry", "breaker", "bulkhead", "rate_limit", "hedge", "fallback")
_UNMANAGED = (unmanaged_timeout(), None, None, None, None, None, None)


def _is_own(merged: Merged[Any] | None) -> bool:
    """Whether somebody wrote it for this operation or pair in particular."""
    if merged is None:
        return False
    target = policy_of(merged.parts[0].resources[0]).target
    return target is not None and target.rank <= _OPERATION_OR_PAIR


def _operation_facts(operation: Operation) -> OperationFacts:
    return OperationFacts(
        streaming=operation.streaming,
        own_time=operation.own_time,
        limit=operation.limit,
        emits=operation.emits,
        max_body=operation.max_body,
        cancels=operation.cancels,
        honours_deadline=operation.honours_deadline,
        calls=bool(operation.calls),
    )


def _node_facts(spec: Service | Gateway | Bff) -> NodeFacts:
    if isinstance(spec, Gateway):
        return NodeFacts(instances=spec.replicas, processes=1)
    capacity, discovery = spec.capacity, spec.discovery
    facts = NodeFacts(
        instances=capacity.instances or len(discovery.instances) or None,
        processes=capacity.processes,
        workers=capacity.workers,
        requests_per_second=capacity.requests_per_second,
        ejects=discovery.outlier_detection is not None,
        ejects_after=_ejects_after(discovery.outlier_detection),
        sticky=discovery.load_balancing == "consistent-hash",
        one_address=discovery.mode == "server",
        refresh=discovery.refresh,
        dns_ttl=discovery.dns_ttl,
    )
    return _with_service_facts(facts, spec) if isinstance(spec, Service) else facts


def _ejects_after(detection: OutlierDetection | None) -> int | None:
    if detection is None:
        return None
    counts = (detection.consecutive_5xx, detection.consecutive_gateway)
    return min((count for count in counts if count is not None), default=None)


def _with_service_facts(facts: NodeFacts, spec: Service) -> NodeFacts:
    pool, server = spec.client.connection_pool, spec.server
    return replace(
        facts,
        pool_max=pool.max,
        pool_wait=pool.wait,
        pool_idle=pool.idle,
        pool_max_age=pool.max_age,
        idle=server.idle,
        drain=server.drain,
        replay_buffer=server.replay_buffer,
        enforced=spec.client.runtime == "agent",
    )
