"""Small systems to simulate, written short."""

from configsvc.model.findings import EdgeId
from configsvc.resolve import Catalog
from tests.analysis.documents import catalog_of

EDGE = EdgeId("shop", "stock", "reserve")
WORK = ("stock", "reserve")

SERVICES = """
kind: Service
metadata: {name: shop}
spec:
  operations:
    - {name: buy, limit: 3s, calls: [{to: stock, operation: reserve}]}
---
kind: Service
metadata: {name: stock}
spec:
  capacity: {instances: 3}
  operations:
    - name: reserve
      match: {methods: [PUT], path: /reservations}
      latency: {p50: 20ms, p99: 80ms, p999: 150ms}
"""


def edge_catalog(*policies: str) -> Catalog:
    """A shop that reserves stock under these policies, each ``Kind: spec`` in flow style."""
    documents = []
    for policy in policies:
        kind, _, spec = policy.partition(": ")
        documents.append(f"kind: {kind}\nspec: {spec}\n")
    return catalog_of("---\n".join((SERVICES, *documents)))


TIMEOUT = "Timeout: {target: {to: stock}, attempt: 200ms, overall: 1s}"
RETRY = "Retry: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}"
BREAKER = "CircuitBreaker: {target: {to: stock}, minimumCalls: 20, openFor: 5s}"
BULKHEAD = "Bulkhead: {target: {to: stock}, maxConcurrent: 10}"
