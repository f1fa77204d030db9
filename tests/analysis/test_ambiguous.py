"""A field with two values leaves the rules that read it undecided; the check goes on."""

import pytest

from tests.analysis.documents import codes, report_of

LOOP = """
kind: Service
metadata: {name: shop}
spec:
  capacity: {instances: 2, processes: 2, workers: 8}
  operations:
    - name: buy
      externalRate: 10
      ownTime: 1ms
      calls: [{to: stock, operation: reserve}, {to: bank, operation: pay}]
---
kind: Service
metadata: {name: stock}
spec:
  operations:
    - {name: reserve, match: {methods: [PUT], path: /r}, calls: [{to: shop, operation: buy}]}
---
kind: Service
metadata: {name: bank}
spec: {operations: [{name: pay, match: {methods: [PUT], path: /p}}]}
"""
PAY = "{service: bank, operation: pay}"
RESERVE = "{service: stock, operation: reserve}"


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("Timeout", "attempt: 1s", "attempt: 2s"),
        ("Timeout", "overall: 1s", "overall: 2s"),
        ("Retry", "attempts: 2", "attempts: 3"),
        ("Retry", "attempts: 2, retryOn: [connect]", "attempts: 2, retryOn: [reset]"),
        ("Retry", "attempts: 2, budget: {ratio: 10%}", "attempts: 2, budget: {ratio: 20%}"),
        ("Bulkhead", "maxConcurrent: 2", "maxConcurrent: 3"),
        ("Bulkhead", "maxConcurrent: 2, scope: pair", "maxConcurrent: 2, scope: operation"),
        ("CircuitBreaker", "openFor: 5s", "openFor: 6s"),
        ("Hedge", "delay: 10ms", "delay: 20ms"),
        ("RateLimit", "side: caller, rate: none", "side: caller, rate: {limit: 8, period: 1s}"),
        ("Fallback", f"operation: {PAY}", f"operation: {RESERVE}"),
    ],
)
def test_two_values_are_a_finding_and_end_no_check(kind: str, one: str, other: str) -> None:
    """Whatever reads the field: rules, bounds of the graph, or what is said of a cycle."""
    documents = "".join(
        f"---\nkind: {kind}\nmetadata: {{name: {name}-{callee}}}\n"
        f"spec: {{target: {{to: {callee}}}, {fields}}}\n"
        for callee in ("stock", "shop")
        for name, fields in (("one", one), ("other", other))
    )
    found = codes(report_of(LOOP + documents))
    assert "SC02" in found
    assert "CG01" in found
