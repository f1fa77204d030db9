"""HG06: hedges without a budget, on a callee that cannot bear them."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import rate
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import Duration


class UnthrottledHedge(EdgeRule):
    """
    Hedging without a budget, on a callee that cannot bear every call several times.

    ## What it does
    Reports edges with a Hedge and no budget where the calls, sent as often as the hedge allows,
    exceed the capacity of the callee.

    ## Why is this bad?
    When the callee gets slow, every call passes the delay and is sent again, which makes the
    callee slower. A budget stops that: it lets the odd copy through and no more.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 1}
      operations:
        - {name: buy, externalRate: 600, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 2, requestsPerSecond: 500}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 100ms}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 1}
      operations:
        - {name: buy, externalRate: 600, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 2, requestsPerSecond: 500}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 100ms, budget: {ratio: 10%}}
    ```

    ## References
    - gRPC proposal A6: hedging is throttled like retries
    """

    code = "HG06"
    name = "unthrottled-hedge"
    severity = Severity.ERROR
    inputs = frozenset({"hedge", "traffic", "callee"})
    since = "0.1"
    message = "{calls} sent {times} times are {total}, for a capacity of {capacity}"
    explains = frozenset({"AM04"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare all copies with the capacity."""
        hedge = edge.hedge
        if hedge is None or hedge.budget is not None:
            return None
        calls = edge.traffic.all
        capacity = edge.callee.instances * edge.callee.requests_per_second
        total = calls * (1 + hedge.extra)
        if total <= capacity:
            return None
        return Conflict(
            magnitude=min(total / capacity, 1e9),
            arguments={
                "calls": rate(calls),
                "times": str(1 + hedge.extra),
                "total": rate(total),
                "capacity": rate(capacity),
            },
            fields={
                "hedge.extra": str(hedge.extra),
                "hedge.delay": "set",
                "hedge.budget.ratio": "none",
                "callee.capacity.requestsPerSecond": rate(capacity),
            },
            witness=Witness(
                load=rate(calls),
                faults="the callee gets slower than the delay",
                seen=f"{rate(total)} arrive, and it gets slower still",
                meant="hardly more than the usual load",
                run=Experiment(
                    traffic(calls, 10),
                    Fault("slow", amount=Duration((hedge.extra + 1) * hedge.delay)),
                    Measure.ATTEMPTS_PER_CALL,
                    at_most=capacity / calls,
                ),
            ),
            repair=Repair(
                "hedge.budget.ratio", "10%", "let copies be a tenth of the calls at most"
            ),
        )
