"""RB15: retries that hide failures from the breaker around them."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, share
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE

_HALF = 0.5


class RetryMasksFailures(EdgeRule):
    """
    A breaker around a retry that hides most failures from it.

    ## What it does
    Reports imported edges where the breaker wraps the retry, and half of the attempts may fail
    without the breaker opening: with N attempts a request fails only if all of them do.

    ## Why is this bad?
    At 50 % failed attempts and three of them, one request in eight fails. A breaker at 50 % does
    not see it until 79 % of all attempts fail, and all the while the callee gets nearly twice its
    load.

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
    spec: {target: {}, failureRate: 50%}
    ---
    kind: Runtime
    spec: {target: {}, platform: resilience4j, order: [overall, breaker, retry, attempt]}
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
    spec: {target: {}, attempts: 3}
    ---
    kind: CircuitBreaker
    spec: {target: {}, failureRate: 50%}
    ---
    kind: Runtime
    spec: {target: {}, platform: resilience4j, order: [overall, retry, breaker, attempt]}
    ```

    ## References
    - derived: with independent failures a request fails with the N-th power of an attempt's share
    """

    code = "RB15"
    name = "retry-masks-failures"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "idempotence", "retry", "runtime"})
    since = "0.1"
    message = (
        "with {attempts} half of all attempts failing are {seen} of requests, and the breaker "
        "opens at {rate}: it needs {needed} of attempts to fail"
    )
    explains = frozenset({"RB01"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what the breaker sees of failures with its rate."""
        breaker = edge.breaker
        if breaker is None or edge.retry is None or not edge.runtime.outside("breaker", "retry"):
            return None
        attempts = allowed_attempts(edge)
        seen = WHOLE * _HALF**attempts
        if attempts == 1 or seen >= breaker.failure_rate:
            return None
        needed = WHOLE * float(breaker.failure_rate / WHOLE) ** (1 / attempts)
        return Conflict(
            magnitude=breaker.failure_rate / seen,
            arguments={
                "attempts": count(attempts, "attempt"),
                "seen": share(seen),
                "rate": share(breaker.failure_rate),
                "needed": share(round(needed, -3)),
            },
            fields={
                "runtime.order": ", ".join(edge.runtime.order),
                "retry.attempts": str(attempts),
                "breaker.failureRate": share(breaker.failure_rate),
            },
            witness=Witness(
                load="steady",
                faults="the callee fails half of all attempts",
                seen="the breaker stays closed",
                meant=f"the breaker opens at {share(breaker.failure_rate)}",
            ),
        )
