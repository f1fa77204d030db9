"""HG01: copies of a call that must not be made twice."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class HedgedSideEffect(EdgeRule):
    """
    Hedging of an operation that is not idempotent.

    ## What it does
    Reports imported edges that hedge an operation which is not idempotent, on a platform that
    does not ask. (The agents of configsvc never do.)

    ## Why is this bad?
    Both copies are carried out: the order is placed twice, and the answer says once.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: bank, operation: pay}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec:
      operations:
        - {name: pay, match: {methods: [POST], path: /payments}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 2s}
    ---
    kind: Hedge
    spec: {target: {}, extra: 1, delay: 200ms, budget: {ratio: 10%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: gRPC, hedgesAll: true}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: bank, operation: pay}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec:
      operations:
        - {name: pay, match: {methods: [POST], path: /payments}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 2s}
    ---
    kind: Runtime
    spec: {target: {}, platform: gRPC, hedgesAll: true}
    ```

    ## References
    - gRPC proposal A6: hedging is for methods that are safe to send several times
    """

    code = "HG01"
    name = "hedged-side-effect"
    severity = Severity.ERROR
    inputs = frozenset({"hedge", "idempotence", "runtime"})
    since = "0.1"
    message = "not idempotent, and sent {copies} by {platform}"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for copies of what must not be repeated."""
        hedge = edge.hedge
        if hedge is None or not edge.runtime.hedges_all or edge.idempotence.value:
            return None
        return Conflict(
            magnitude=1 + hedge.extra,
            arguments={
                "copies": f"up to {count(1 + hedge.extra, 'time')}",
                "platform": edge.runtime.platform,
            },
            fields={
                "hedge.extra": str(hedge.extra),
                "hedge.delay": "set",
                "operation.idempotent": "false",
            },
            witness=Witness(
                load="one call",
                faults="the callee is slow and succeeds",
                seen="the work is done twice",
                meant="the work is done once",
            ),
            repair=Repair("hedge.delay", "none", "send one copy"),
        )
