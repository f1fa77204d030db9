"""BH01: a bulkhead that is full on an ordinary day."""

from math import ceil

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal
from configsvc.analysis.trials import usual_traffic
from configsvc.model.experiments import NO_FAULT, Experiment, Measure
from configsvc.model.findings import Severity, Witness

_RESERVE = 1.2


class SmallBulkhead(EdgeRule):
    """
    A bulkhead with fewer permits than calls at a time.

    ## What it does
    By Little's law, the calls under way are the rate of one process times their latency. The rule
    reports edges whose bulkhead has fewer permits than that at the median (an error), or at the
    99th percentile (a warning). All operations of a pair share its permits, unless `scope` says
    otherwise.

    ## Why is this bad?
    Calls are rejected while everything is well. 300 calls a second of 0.2 s each are 60 at a time:
    with 25 permits more than half of them fail.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 300, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          latency: {p50: 200ms, p99: 300ms, p999: 500ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 25}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 300, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          latency: {p50: 200ms, p99: 300ms, p999: 500ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 108}
    ```

    ## References
    - Hystrix, "How to use": requests per second at peak when healthy x 99th percentile latency
    """

    code = "BH01"
    name = "small-bulkhead"
    severity = Severity.WARNING
    inputs = frozenset({"bulkhead", "concurrency"})
    since = "0.1"
    message = "{permits} for {usual} at a time at the median and {tail} at the 99th percentile"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the permits with the calls under way."""
        if edge.bulkhead is None:
            return None
        permits, tail = edge.bulkhead.max_concurrent, edge.concurrency.tail
        if permits >= tail:
            return None
        usual = edge.concurrency.median
        value = ceil(tail * _RESERVE) if tail < 1e6 else 0  # noqa: PLR2004 - beyond any bulkhead
        return Conflict(
            magnitude=min(tail / permits, 1e9),
            severity=Severity.ERROR if permits < usual else Severity.WARNING,
            arguments={
                "permits": count(permits, "permit"),
                "usual": count(usual, "call"),
                "tail": decimal(tail),
            },
            fields={"bulkhead.maxConcurrent": str(permits)},
            witness=Witness(
                load="the usual one",
                faults="none",
                seen="calls are rejected as full",
                meant="rejections when the callee is in trouble",
                run=Experiment(usual_traffic(30), NO_FAULT, Measure.REFUSED, at_most=0),
            ),
            repair=Repair("bulkhead.maxConcurrent", value, f"have {value} permits")
            if value
            else None,
        )
