"""HG02: hedging and retrying on one edge."""

from configsvc.analysis.arithmetic import configured_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class HedgedRetry(EdgeRule):
    """
    Hedging and retrying on one edge.

    ## What it does
    Reports edges with both a Hedge and a Retry of more than one attempt.

    ## Why is this bad?
    Both send copies, and together they multiply: three attempts of two copies each are six requests
    for one. An edge is either hedged, against the odd slow answer, or retried, against failures.

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
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 50ms, budget: {ratio: 10%}}
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
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 50ms, budget: {ratio: 10%}}
    ```

    ## References
    - gRPC proposal A6: a method has a retry policy or a hedging policy, never both
    """

    code = "HG02"
    name = "hedged-retry"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "hedge"})
    since = "0.1"
    message = "{attempts} of {copies} each are {total} requests for one"

    def check(self, edge: Edge) -> Conflict | None:
        """Look for both."""
        hedge, attempts = edge.hedge, configured_attempts(edge)
        if hedge is None or attempts == 1:
            return None
        copies = 1 + hedge.extra
        return Conflict(
            magnitude=attempts * copies,
            arguments={
                "attempts": count(attempts, "attempt"),
                "copies": f"{copies} copies",
                "total": str(attempts * copies),
            },
            fields={
                "hedge.extra": str(hedge.extra),
                "hedge.delay": "set",
                "retry.attempts": str(attempts),
            },
            witness=Witness(
                load="one call",
                faults="the callee is slow and then fails",
                seen=f"{attempts * copies} requests",
                meant=f"{attempts} or {copies} requests",
            ),
            repair=Repair("retry.attempts", 1, "leave it to the hedge: make one attempt"),
        )
