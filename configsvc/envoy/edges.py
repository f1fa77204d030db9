"""The edges of a caller that Envoy or gRPC serves: what each matches, and which cluster it is of.

An edge is a route, one of its destinations and an operation that the two can reach. In a route's
table they stand in the order in which they are tried: a destination's operations, ``*`` last.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from configsvc.envoy.clusters import ClusterPlan
from configsvc.envoy.narrowing import accepted, narrowed
from configsvc.model.names import ANY_OPERATION
from configsvc.model.policies import RateLimit, Retry, Timeout
from configsvc.model.routing import Route
from configsvc.model.services import Operation
from configsvc.resolve import Catalog, EffectivePolicy, Node
from configsvc.resolve.matching import Requests

NO_LIMITS = Timeout()


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge: its requests, the policies on it and its cluster.

    ``operation`` None is ``*``; ``limit`` has the name under which its calls are counted.
    """

    callee: Node
    operation: Operation | None
    requests: Requests
    timeout: Timeout
    retry: Retry | None
    limit: RateLimit | None
    limit_name: str
    cluster: ClusterPlan


@dataclass(frozen=True, slots=True)
class Share:
    """The edges of one destination of a route: the requests up to ``upto`` of ``total``."""

    upto: int
    total: int
    edges: tuple[Edge, ...]


class EdgeReader:
    """Reads the edges of one caller."""

    def __init__(self, catalog: Catalog, caller: str) -> None:
        self._catalog = catalog
        self._caller = caller

    def shares(self, route: Route) -> Iterator[Share]:
        """The destinations of a route that exist and get something, each with its edges."""
        nodes = self._catalog.nodes
        total = sum(each.weight for each in route.destinations)
        upto = 0
        for destination in route.destinations:
            upto += destination.weight
            callee = nodes.get(destination.to)
            if callee is not None and destination.weight:
                yield Share(upto, total, tuple(self._routed(route, callee)))

    def declared(self, callee: Node) -> Iterator[Edge]:
        """The edges to a callee without any route, as its requests are."""
        yield from self._routed(Route(self._caller, ()), callee)

    def _routed(self, route: Route, callee: Node) -> Iterator[Edge]:
        for operation in callee.in_matching_order():
            if operation.match is None:
                continue
            requests = narrowed(route.match, route.rewrite, operation.match)
            if requests is not None:
                yield self._edge(callee, operation, requests)
        yield self._edge(callee, None, accepted(route.match))

    def _edge(self, callee: Node, operation: Operation | None, requests: Requests) -> Edge:
        name = ANY_OPERATION if operation is None else operation.name
        policy = self._catalog.outbound(self._caller, callee.name, name)
        limit = policy.rate_limit
        value = None if limit is None else limit.value
        scope = name if value is not None and value.scope == "operation" else ANY_OPERATION
        return Edge(
            callee=callee,
            operation=operation,
            requests=requests,
            timeout=_timeout(policy),
            retry=None if policy.retry is None else policy.retry.value,
            limit=value,
            limit_name=f"{self._caller}/{callee.name}/{scope}",
            cluster=self._cluster(callee, name, policy),
        )

    def _cluster(self, callee: Node, operation: str, policy: EffectivePolicy) -> ClusterPlan:
        """The cluster of ``*``, unless the edge has a state of its own or other settings."""
        shared = self._plan(callee, self._catalog.outbound(self._caller, callee.name, "*"))
        own = self._plan(callee, policy)
        if operation == ANY_OPERATION or (own == shared and not _has_own_state(policy)):
            return shared
        return replace(own, name=f"{callee.name}/{operation}")

    def _plan(self, callee: Node, policy: EffectivePolicy) -> ClusterPlan:
        retry, timeout = policy.retry, _timeout(policy)
        budget = None if retry is None else retry.value.budget
        return ClusterPlan(
            name=callee.name,
            callee=callee.name,
            protocol=callee.protocol,
            discovery=callee.discovery,
            timeout=Timeout(
                connect=timeout.connect, attempt=None if budget is None else timeout.attempt
            ),
            budget=budget,
            bulkhead=None if policy.bulkhead is None else policy.bulkhead.value,
            breaker=None if policy.breaker is None else policy.breaker.value,
        )


def _timeout(policy: EffectivePolicy) -> Timeout:
    return NO_LIMITS if policy.timeout is None else policy.timeout.value


def _has_own_state(policy: EffectivePolicy) -> bool:
    breaker, bulkhead, retry = policy.breaker, policy.bulkhead, policy.retry
    scopes = (
        breaker and breaker.value.scope,
        bulkhead and bulkhead.value.scope,
        retry and retry.value.budget and retry.value.budget.scope,
    )
    return "operation" in scopes
