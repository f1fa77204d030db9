"""RB01: a breaker that sees requests, not attempts."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal
from configsvc.model.findings import Severity, Witness


class BreakerAroundRetry(EdgeRule):
    """
    A breaker outside the retry, which counts a request once for all of its attempts.

    ## What it does
    Reports imported edges where the breaker wraps the retry.

    ## Why is this bad?
    The callee gets several times as many bad calls before the breaker opens: with a minimum of
    100 and three attempts it is up to 300. And the attempts of a request that began before go on
    after it has opened.

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
    spec: {target: {}, minimumCalls: 100, failureRate: 10%}
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
    spec: {target: {}, minimumCalls: 100, failureRate: 10%}
    ---
    kind: Runtime
    spec: {target: {}, platform: resilience4j, order: [overall, retry, breaker, attempt]}
    ```

    ## References
    - resilience4j issue 515: the maintainers on the order of decorators
    """

    code = "RB01"
    name = "breaker-around-retry"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "idempotence", "retry", "runtime"})
    since = "0.1"
    message = (
        "the breaker stands outside the retry: {minimum} x {attempts} are up to {bad} bad calls "
        "before it opens"
    )
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look at the order of the two."""
        breaker = edge.breaker
        if breaker is None or edge.retry is None or not edge.runtime.outside("breaker", "retry"):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        bad = breaker.minimum_calls * attempts
        return Conflict(
            magnitude=attempts,
            arguments={
                "minimum": count(breaker.minimum_calls, "request"),
                "attempts": count(attempts, "attempt"),
                "bad": decimal(bad),
            },
            fields={
                "runtime.order": ", ".join(edge.runtime.order),
                "retry.attempts": str(attempts),
                "breaker.minimumCalls": str(breaker.minimum_calls),
            },
            witness=Witness(
                load="steady",
                faults="the callee fails every request",
                seen=f"{decimal(bad)} bad calls until the breaker opens",
                meant=f"{breaker.minimum_calls}",
            ),
        )
