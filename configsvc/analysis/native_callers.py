"""What one native caller does: the operations that it has, and the edges that start at it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from configsvc.analysis.guarded import unmanaged_timeout
from configsvc.analysis.interned import Interned
from configsvc.analysis.mistakes import UNDECLARED, ambiguous_edge
from configsvc.analysis.native_facts import node_facts, operation_facts
from configsvc.analysis.native_routes import route_document
from configsvc.analysis.provenance import NOWHERE, EdgeProvenance, NodeDocument
from configsvc.analysis.view import (
    NATIVE,
    AmbiguousEdge,
    CallView,
    EdgeView,
    Idempotence,
    NodeFacts,
    OperationFacts,
    Runtime,
    WorkId,
    WorkView,
)
from configsvc.model.findings import EdgeId
from configsvc.model.names import ANY_OPERATION, Key, Kind
from configsvc.model.policies import RateLimit
from configsvc.model.resources import Source
from configsvc.model.routing import Bff, Gateway
from configsvc.model.services import Latency
from configsvc.resolve import CallSite, Catalog, Merged, Node, effective, inbound
from configsvc.resolve.layers import policy_of

Runtimes = Callable[[EdgeId], Runtime]
"""What enforces the policies of an edge; an importer tells."""

_BY_METHOD: Final = Idempotence(by_method=True)
_NO_LATENCY: Final = Latency()
_UNKNOWN_OPERATION: Final = OperationFacts()


@dataclass(frozen=True, slots=True)
class Caller:
    """A node's operations with their calls, its edges, and what is ambiguous on these.

    ``document`` is the node's own; None: there is no such node.
    """

    document: NodeDocument | None = None
    works: Mapping[WorkId, WorkView] = field(default_factory=dict)
    edges: Mapping[EdgeId, EdgeView] = field(default_factory=dict)
    ambiguous: tuple[AmbiguousEdge, ...] = ()


NOBODY: Final = Caller()
"""Stands for a caller that is not there."""


class Callers:
    """Makes the callers of one catalog.

    Equal parts become one object, so that rules recognise them. What is as in ``before``, the
    callers of the catalog that this one was derived from, is taken from there.
    """

    def __init__(
        self,
        catalog: Catalog,
        runtimes: Runtimes,
        interned: Interned,
        before: Mapping[str, Caller] | None = None,
    ) -> None:
        self._catalog = catalog
        self._runtimes = runtimes
        self._interned = interned
        self._before = before or {}
        self._documents: dict[str, NodeDocument] = {}
        self._nodes: dict[str, NodeFacts] = {}
        self._operations: dict[WorkId, tuple[Idempotence, Latency, OperationFacts]] = {}
        self._admissions: dict[WorkId, tuple[RateLimit | None, tuple[Source, ...]]] = {}

    def caller(self, node: Node) -> Caller:
        """Everything about one node as a caller."""
        edges: dict[EdgeId, EdgeView] = {}
        works = {(w.node, w.operation): w for w in self._works(node, edges)}
        found = Caller(self.document(node.name), works, edges, tuple(self._ambiguous(node, edges)))
        before = self._before.get(node.name)
        return before if before is not None and _same(before, found) else found

    def document(self, name: str) -> NodeDocument:
        """The document of a node."""
        found = self._documents.get(name)
        if found is None:
            found = self._documents[name] = self._document(name)
        return found

    def facts(self, name: str) -> NodeFacts:
        """What is declared about a node."""
        found = self._nodes.get(name)
        if found is None:
            spec = self._catalog.nodes[name].spec
            found = self._nodes[name] = self._interned.one(node_facts(spec))
        return found

    def _document(self, name: str) -> NodeDocument:
        node, before = self._catalog.nodes[name], self._before.get(name)
        document = None if before is None else before.document
        if document is not None and document.node is node:
            return document
        return NodeDocument(node, self._catalog.resources[node.key].revision)

    def _works(self, node: Node, edges: dict[EdgeId, EdgeView]) -> Iterator[WorkView]:
        graph = self._catalog.graph
        for operation, sites in graph.outgoing(node.name).sites.items():
            yield self._work(node, operation, sites, edges)
        called = isinstance(node.spec, Gateway) and graph.named_by(node.name)
        everything = graph.outgoing(node.name) if called else ()
        yield self._work(node, ANY_OPERATION, everything, edges)

    def _work(
        self, node: Node, operation: str, sites: Iterable[CallSite], edges: dict[EdgeId, EdgeView]
    ) -> WorkView:
        calls = tuple(self._call(site, edges) for site in sites)
        if isinstance(node.spec, Gateway):
            return self._route(node, operation, calls)
        document, declared = self.document(node.name), node.operations.get(operation)
        if declared is None:
            return self._reused(WorkView(node.name, operation, document.whole, calls=calls))
        return self._reused(
            WorkView(
                node.name,
                operation,
                document.operation(operation),
                facts=self._operation(node.name, operation)[2],
                latency=declared.latency,
                slo=declared.slo,
                external_rate=declared.external_rate,
                calls=calls,
                composes=isinstance(node.spec, Bff),
            )
        )

    def _reused(self, work: WorkView) -> WorkView:
        """The work as it was before, if nothing about it differs."""
        caller = self._before.get(work.node)
        before = None if caller is None else caller.works.get((work.node, work.operation))
        if before is None or before.provenance is not work.provenance:
            return work
        return before if _same_calls(before.calls, work.calls) else work

    def _route(self, gateway: Node, name: str, calls: tuple[CallView, ...]) -> WorkView:
        """A route of a gateway, or all of them together where the gateway is called."""
        route = self._catalog.routes.get(name)
        if route is None:
            whole = self.document(gateway.name).whole
            return WorkView(gateway.name, name, whole, calls=calls, alternatives=True)
        document = route_document(self._catalog, name)
        return WorkView(gateway.name, name, document, slo=route.slo, calls=calls, alternatives=True)

    def _call(self, site: CallSite, edges: dict[EdgeId, EdgeView]) -> CallView:
        edge = edges.get(site.edge)
        if edge is None:
            edge = edges[site.edge] = self._edge(site.edge)
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
        limit, sources = self._admission(edge.callee, edge.operation)
        runtime = self._runtimes(edge)
        provenance = EdgeProvenance(
            edge,
            policy,
            self.document(edge.caller),
            self.document(edge.callee),
            self._interned.sources,
            sources,
            foreign=runtime is not NATIVE,
        )
        known = self._edge_before(edge)
        if known is not None and _same_documents(known, provenance, limit):
            return known
        return self._edge_of(provenance, runtime, limit)

    def _edge_before(self, edge: EdgeId) -> EdgeView | None:
        caller = self._before.get(edge.caller)
        return None if caller is None else caller.edges.get(edge)

    def _edge_of(
        self, provenance: EdgeProvenance, runtime: Runtime, admission: RateLimit | None
    ) -> EdgeView:
        edge, policy = provenance.edge, provenance.policy
        caller = self.facts(edge.caller)
        idempotence, latency, operation = self._operation(edge.callee, edge.operation)
        values = self._interned.policies(policy) if caller.enforced else _UNMANAGED
        timeout, retry, breaker, bulkhead, rate_limit, hedge, fallback = values
        return EdgeView(
            id=edge,
            provenance=provenance,
            timeout=timeout,
            retry=retry,
            breaker=breaker,
            bulkhead=bulkhead,
            rate_limit=rate_limit,
            hedge=hedge,
            fallback=fallback,
            runtime=runtime if runtime is NATIVE else self._interned.one(runtime),
            own_breaker=_is_own(policy.breaker),
            idempotence=idempotence,
            latency=latency,
            operation=operation,
            caller=caller,
            callee=self.facts(edge.callee),
            admission=admission,
        )

    def _operation(self, node: str, name: str) -> tuple[Idempotence, Latency, OperationFacts]:
        found = self._operations.get((node, name))
        if found is None:
            found = self._operations[node, name] = self._operation_parts(node, name)
        return found

    def _operation_parts(self, node: str, name: str) -> tuple[Idempotence, Latency, OperationFacts]:
        operation = self._catalog.nodes[node].operations.get(name)
        if operation is None:
            return _BY_METHOD, _NO_LATENCY, _UNKNOWN_OPERATION
        one = self._interned.one
        idempotence = one(Idempotence(operation.is_idempotent))
        return idempotence, one(operation.latency), one(operation_facts(operation))

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
        return self._interned.one(least.value), (source,)

    def _ambiguous(self, node: Node, edges: Mapping[EdgeId, EdgeView]) -> Iterator[AmbiguousEdge]:
        every: list[EdgeProvenance] = [
            edge.provenance
            for edge in edges.values()
            if isinstance(edge.provenance, EdgeProvenance)
        ]
        if node.has_bundle:
            every.append(self._undeclared(node))
        found = (ambiguous_edge(provenance.edge, provenance) for provenance in every)
        yield from (edge for edge in found if edge is not None)

    def _undeclared(self, node: Node) -> EdgeProvenance:
        """What the node does for calls that it does not declare."""
        policy = effective(self._catalog, node.name, None, ANY_OPERATION)
        edge = EdgeId(node.name, UNDECLARED, ANY_OPERATION)
        document = self.document(node.name)
        return EdgeProvenance(edge, policy, document, None, self._interned.sources)


_OPERATION_OR_PAIR: Final = 2
"""The weakest rank of a target that names an operation, or both ends of an edge."""

_UNMANAGED: Final[tuple[Any, ...]] = (unmanaged_timeout(), None, None, None, None, None, None)


def _is_own(merged: Merged[Any] | None) -> bool:
    """Whether somebody wrote it for this operation or pair in particular."""
    if merged is None:
        return False
    target = policy_of(merged.parts[0].resources[0]).target
    return target is not None and target.rank <= _OPERATION_OR_PAIR


def _same_documents(known: EdgeView, now: EdgeProvenance, admission: RateLimit | None) -> bool:
    """Whether an edge follows from the very same policies and documents as before."""
    was = known.provenance
    return (
        isinstance(was, EdgeProvenance)
        and was.policy is now.policy
        and was.caller is now.caller
        and was.callee is now.callee
        and known.admission is admission
        and was.admission == now.admission
        and not now.foreign
        and not was.foreign
    )


def _same_calls(before: tuple[CallView, ...], now: tuple[CallView, ...]) -> bool:
    """Whether an operation of one document makes the calls that it made, over the same edges."""
    return len(before) == len(now) and all(
        was.edge is call.edge for was, call in zip(before, now, strict=True)
    )


def _same(before: Caller, now: Caller) -> bool:
    """Whether nothing about a caller differs."""
    return (
        before.document is now.document
        and not before.ambiguous
        and not now.ambiguous
        and before.works.keys() == now.works.keys()
        and all(before.works[name] is work for name, work in now.works.items())
    )
