"""BH07: a connection pool that is a second, hidden queue."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class PoolBelowBulkhead(EdgeRule):
    """
    Fewer connections than permits, and no limit on the wait for one.

    ## What it does
    Reports edges whose bulkhead has more permits than the caller's connection pool has connections,
    where the pool lets calls wait for ever.

    ## Why is this bad?
    The bulkhead admits a call that then waits for a connection in a queue which nobody sees, and
    which has no bound: the bulkhead rejects nothing, and time-outs look as if the callee were slow.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {max: 20}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 100}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      client: {connectionPool: {max: 20}}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 20}
    ```

    ## References
    - Envoy, circuit breaking: connections and pending requests
    """

    code = "BH07"
    name = "pool-below-bulkhead"
    severity = Severity.WARNING
    inputs = frozenset({"bulkhead", "caller"})
    since = "0.1"
    message = "{permits} share {connections}, and a call may wait for one for ever"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare permits and connections."""
        if edge.bulkhead is None:
            return None
        caller, permits = edge.caller.declared, edge.bulkhead.max_concurrent
        if caller.pool_max is None or caller.pool_wait is not None or caller.pool_max >= permits:
            return None
        connections = caller.pool_max
        return Conflict(
            magnitude=permits / connections,
            arguments={
                "permits": count(permits, "permit"),
                "connections": count(connections, "connection"),
            },
            fields={
                "bulkhead.maxConcurrent": str(permits),
                "caller.client.connectionPool.max": str(connections),
            },
            witness=Witness(
                load=f"{permits} calls at a time",
                faults="none",
                seen=f"{permits - connections} wait where nothing counts them",
                meant="they are rejected, or served",
            ),
            repair=Repair("bulkhead.maxConcurrent", connections, f"have {connections} permits"),
        )
