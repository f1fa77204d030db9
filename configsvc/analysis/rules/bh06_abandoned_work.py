"""BH06: a bulkhead that bounds what is waited for, not what is done."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class AbandonedWork(EdgeRule):
    """
    A bulkhead that gives back its permit while the callee goes on working.

    ## What it does
    Reports edges with a bulkhead, to an operation that does not stop when its caller hangs up
    (`cancels: false`) and may work for longer than an attempt lasts.

    ## Why is this bad?
    The permit is free when the attempt is given up, and the next call gets it, while the last one's
    work goes on. The callee has more work at a time than the bulkhead says, as many times more as
    its work is longer.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          ownTime: 5s
          cancels: false
          honoursDeadline: false
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          ownTime: 900ms
          cancels: false
          honoursDeadline: false
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
    ```

    ## References
    - spring-cloud-circuitbreaker issue 163; resilience4j issue 2296
    """

    code = "BH06"
    name = "abandoned-work"
    severity = Severity.ERROR
    inputs = frozenset({"bulkhead", "timeout", "operation", "subtree"})
    since = "0.1"
    message = (
        "a permit is back after {limit}, and the work it stands for takes up to {longest}: "
        "{permits} permits are {true} at a time"
    )
    explains = frozenset({"DL01"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare how long a permit is held with how long the work takes."""
        bulkhead, limit = edge.bulkhead, attempt_limit(edge)
        if bulkhead is None or isinf(limit):
            return None
        longest = edge.subtree
        if limit >= longest or edge.operation.cancels:
            return None
        times = min(longest / limit, 1e9)
        permits = bulkhead.max_concurrent
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=times,
            arguments={
                "limit": span(limit),
                "longest": span(longest),
                "permits": str(permits),
                "true": f"{permits * times:,.0f}",
            },
            fields={
                f"timeout.{cut_by}": span(limit),
                "bulkhead.maxConcurrent": str(permits),
                "operation.cancels": "false",
                "operation.ownTime": "part of the callee's work",
            },
            witness=Witness(
                load=f"more than {permits} calls at a time",
                faults=f"the callee takes {span(longest)}",
                seen=f"the callee works on {permits * times:,.0f} requests at a time",
                meant=f"the callee works on {permits}",
                run=Experiment(
                    traffic(4 * permits * SECOND / limit, 4 * limit / SECOND),
                    Fault("hang", where="below"),
                    Measure.AT_ONCE,
                    at_most=permits,
                    extreme=True,
                ),
            ),
        )
