"""The part of a namespace that calls over some edges reach, as the simulator needs it."""

from collections.abc import Iterable
from typing import Final

from configsvc.errors import InputError
from configsvc.model.findings import EdgeId
from configsvc.model.routing import Gateway
from configsvc.model.services import Service
from configsvc.resolve import CallSite, Catalog, NodeId
from configsvc.resolve import Node as CatalogNode
from configsvc.simulate.policies import call_policy
from configsvc.simulate.system import Call, Node, Operation, System, WorkId
from configsvc_agent.engine import CallPolicy, Edge

MOST_OPERATIONS: Final = 150
"""Operations that one run may reach; a larger part of a graph is refused."""


class NotSimulatedError(InputError):
    """What was asked for cannot be run, and why."""


def system_of(
    catalog: Catalog, edges: Iterable[EdgeId], *, only: frozenset[WorkId] | None = None
) -> System:
    """What calls over ``edges`` reach.

    ``only``: operations whose own calls are followed; the others answer by themselves.

    Raises:
        NotSimulatedError: policies are ambiguous or contradict each other, or too much is reached.
    """
    return _Reading(catalog, only).of(edges)


class _Reading:
    """Collects operations and policies, each once."""

    def __init__(self, catalog: Catalog, only: frozenset[WorkId] | None) -> None:
        self._catalog = catalog
        self._only = only
        self._nodes: dict[str, Node] = {}
        self._operations: dict[WorkId, Operation] = {}
        self._policies: dict[Edge, CallPolicy] = {}

    def of(self, edges: Iterable[EdgeId]) -> System:
        waiting = list(edges)
        while waiting:
            edge = waiting.pop()
            self._take_edge(edge)
            work = (edge.callee, edge.operation)
            if work not in self._operations:
                sites = self._sites(work)
                self._operations[work] = self._operation(work, sites)
                waiting.extend(site.edge for site in sites)
            if len(self._operations) > MOST_OPERATIONS:
                raise NotSimulatedError(
                    f"more than {MOST_OPERATIONS} operations are reached: "
                    "simulate an edge further down the graph"
                )
        return System(self._nodes, self._operations, self._policies)

    def _take_edge(self, edge: EdgeId) -> None:
        for name in (edge.caller, edge.callee):
            if name not in self._nodes:
                self._nodes[name] = _node(self._catalog.nodes[name])
        key = _key(edge)
        if key not in self._policies:
            self._policies[key] = self._policy(edge)

    def _policy(self, edge: EdgeId) -> CallPolicy:
        spec = self._catalog.nodes[edge.caller].spec
        if isinstance(spec, Service) and spec.client.runtime == "none":
            return CallPolicy()
        policy = self._catalog.outbound(edge.caller, edge.callee, edge.operation)
        if policy.is_ambiguous:
            raise NotSimulatedError(
                f"the policies of {edge} are ambiguous: two of one rank set a field differently"
            )
        operation = self._catalog.nodes[edge.callee].operations.get(edge.operation)
        try:
            return call_policy(
                policy,
                idempotent=None if operation is None else operation.is_idempotent,
                median=None if operation is None else operation.latency.p50,
            )
        except ValueError as contradiction:
            raise NotSimulatedError(
                f"the policies of {edge} cannot be obeyed: {contradiction}"
            ) from contradiction

    def _sites(self, work: WorkId) -> tuple[CallSite, ...]:
        followed = self._only is None or work in self._only
        return self._catalog.graph.sites(NodeId(*work)) if followed else ()

    def _operation(self, work: WorkId, sites: tuple[CallSite, ...]) -> Operation:
        node = self._catalog.nodes[work[0]]
        calls = tuple(_call(site) for site in sites)
        declared = node.operations.get(work[1])
        if declared is None:
            return Operation(calls=calls, alternatives=isinstance(node.spec, Gateway))
        return Operation(
            own_time=declared.own_time,
            latency=declared.latency,
            limit=declared.limit,
            emits=declared.emits or (),
            cancels=declared.cancels or False,
            honours_deadline=declared.honours_deadline or False,
            calls=calls,
        )


def _call(site: CallSite) -> Call:
    call = site.call
    return Call(_key(site.edge), call.stage, call.times.max, call.optional)


def _key(edge: EdgeId) -> Edge:
    return Edge(edge.caller, edge.callee, edge.operation)


def _node(node: CatalogNode) -> Node:
    spec = node.spec
    if isinstance(spec, Gateway):
        return Node(instances=spec.replicas or 1)
    capacity = spec.capacity
    return Node(
        instances=capacity.instances or len(spec.discovery.instances) or 1,
        processes=capacity.processes or 1,
        workers=capacity.workers,
        per_second=capacity.requests_per_second,
    )
