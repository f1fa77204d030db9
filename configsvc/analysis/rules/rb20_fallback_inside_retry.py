"""RB20: a fallback that answers before the retry can."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class FallbackInsideRetry(EdgeRule):
    """
    A fallback inside the retry, which never sees a failure.

    ## What it does
    Reports imported edges where the retry wraps the fallback.

    ## Why is this bad?
    The first failed attempt gets the fallback's answer, which is a success. No second attempt is
    ever made: the retry is written down and dead.

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
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: Fallback
    spec: {target: {}, static: {status: 200, body: "[]"}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Spring Cloud Gateway, order: [overall, retry, fallback, attempt]}
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
    kind: Fallback
    spec: {target: {}, static: {status: 200, body: "[]"}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Spring Cloud Gateway, order: [fallback, overall, retry, attempt]}
    ```

    ## References
    - Spring Cloud Gateway issue 1567: the fallback disables the retry
    """

    code = "RB20"
    name = "fallback-inside-retry"
    severity = Severity.ERROR
    inputs = frozenset({"fallback", "idempotence", "retry", "runtime"})
    since = "0.1"
    message = "the fallback stands inside the retry: of {attempts} only 1 is ever made"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look at the order of the two."""
        if edge.fallback is None or not edge.runtime.outside("retry", "fallback"):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"attempts": count(attempts, "attempt")},
            fields={
                "runtime.order": ", ".join(edge.runtime.order),
                "retry.attempts": str(attempts),
                "fallback": "answers for a failed attempt",
            },
            witness=Witness(
                load="one call",
                faults="the first attempt fails, a second would not",
                seen="the fallback's answer",
                meant="the callee's answer",
            ),
        )
