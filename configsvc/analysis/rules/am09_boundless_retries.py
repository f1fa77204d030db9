"""AM09: retries that a platform was told not to cap."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class BoundlessRetries(EdgeRule):
    """
    Retries without a cap and without a budget.

    ## What it does
    Reports imported edges that make several attempts, where the platform's cap on concurrent
    retries is set out of reach and no budget is there.

    ## Why is this bad?
    The last thing that could hold back a flood of retries was switched off: Istio sets the cap to
    the largest number there is.

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
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3}
    ---
    kind: CircuitBreaker
    spec: {target: {}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Istio, retryCap: unlimited}
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
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: CircuitBreaker
    spec: {target: {}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Istio, retryCap: unlimited}
    ```

    ## References
    - Istio, the default of `maxRetries` in its source
    """

    code = "AM09"
    name = "boundless-retries"
    severity = Severity.WARNING
    inputs = frozenset({"idempotence", "retry", "runtime"})
    since = "0.1"
    message = "{attempts}, no budget, and {platform} caps retries at the largest number there is"
    explains = frozenset({"RB19"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for anything that caps."""
        cap, retry = edge.runtime.retry_cap, edge.retry
        if cap is None or not isinf(cap) or retry is None or retry.budget is not None:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={
                "attempts": count(attempts, "attempt"),
                "platform": edge.runtime.platform,
            },
            fields={"runtime.retryCap": "unlimited", "retry.attempts": str(attempts)},
            witness=Witness(
                load="the usual one",
                faults="the callee fails every request",
                seen=f"{attempts} times the usual load",
                meant="hardly more than the usual load",
            ),
            repair=Repair(
                "retry.budget.ratio", "20%", "let retries be a fifth of the calls at most"
            ),
        )
