"""What is simulated is what the agent enforces."""

import pytest

from configsvc.bundle import compile_bundle
from configsvc.resolve import Catalog
from configsvc.simulate import system_of
from configsvc_agent.bundle import compile_bundle as read_bundle
from configsvc_agent.engine import CallPolicy, Edge
from configsvc_agent.values import replace
from tests.simulate.systems import BREAKER, BULKHEAD, EDGE, RETRY, TIMEOUT, edge_catalog

HEDGE = "Hedge: {target: {to: stock}, extra: 1, delay: 100ms, budget: {ratio: 10%}}"
LIMIT = "RateLimit: {side: caller, target: {to: stock}, rate: {limit: 50, period: 1s}}"
SLOW = (
    "CircuitBreaker: {target: {to: stock}, window: {kind: time, size: 10s}, scope: instance, "
    "slowCall: {above: 100ms, rate: 50%}, halfOpen: {probes: 2, maxWait: 3s}}"
)
STATIC = "Fallback: {target: {to: stock}, static: {status: 200, body: none}}"
LAST_GOOD = "Fallback: {target: {to: stock}, lastGood: {maxAge: 1m}}"
OTHER = "Fallback: {target: {to: stock}, operation: {service: stock, operation: reserve}}"


@pytest.mark.parametrize(
    "policies",
    [
        (),
        (TIMEOUT, RETRY, BREAKER, BULKHEAD),
        (TIMEOUT, HEDGE, LIMIT, SLOW),
        (STATIC,),
        (LAST_GOOD,),
        (OTHER,),
    ],
)
def test_policy_is_what_the_agent_reads_from_the_bundle(policies: tuple[str, ...]) -> None:
    """The engine's values are the same over both ways, sources and revision apart."""
    catalog = edge_catalog(*policies)
    edge = Edge(EDGE.caller, EDGE.callee, EDGE.operation)

    (simulated,) = system_of(catalog, [EDGE]).policies.values()
    enforced = _enforced(catalog, edge)

    assert replace(enforced, sources={}, revision=0) == simulated


def _enforced(catalog: Catalog, edge: Edge) -> CallPolicy:
    data = compile_bundle(catalog, edge.caller).data
    bundle = read_bundle(data, service=edge.caller, namespace=catalog.namespace, version=1)
    return bundle.policy(edge.callee, edge.operation)
