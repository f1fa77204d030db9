"""OD05: the attempts of one request, which leave out an instance."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class OneRequestEjects(EdgeRule):
    """
    Attempts of one request that suffice to leave out an instance.

    ## What it does
    Reports edges whose attempts all go to the same instance (`otherInstance: false`, or
    consistent hashing) and are at least as many as the failures in a row after which that
    instance is left out.

    ## Why is this bad?
    One request that no instance can answer takes an instance out, and the next one, retried by
    its user, another.

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
      discovery:
        loadBalancing: consistent-hash
        outlierDetection: {consecutive5xx: 5}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 4s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 5, budget: {ratio: 20%}}
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
      discovery:
        loadBalancing: consistent-hash
        outlierDetection: {consecutive5xx: 5}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 4s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## References
    - Istio, retry policy: no other host is tried under consistent hashing
    """

    code = "OD05"
    name = "one-request-ejects"
    severity = Severity.WARNING
    inputs = frozenset({"callee", "idempotence", "retry"})
    since = "0.1"
    message = (
        "one request makes {attempts} on one instance, which is left out after {failures} in a row"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the attempts with the failures that leave an instance out."""
        retry = edge.retry
        if retry is None or retry.attempts == 1:
            return None
        failures = edge.callee.declared.ejects_after
        if failures is None:
            return None
        if retry.other_instance and not edge.callee.declared.sticky:
            return None
        attempts = allowed_attempts(edge)
        if attempts < failures:
            return None
        return Conflict(
            magnitude=attempts / failures,
            arguments={
                "attempts": count(attempts, "attempt"),
                "failures": count(failures, "failure"),
            },
            fields={
                "retry.attempts": str(attempts),
                "retry.otherInstance": "true" if retry.other_instance else "false",
                "callee.discovery.loadBalancing": "how an instance is chosen",
            },
            witness=Witness(
                load="one request that cannot be answered",
                faults="none",
                seen="an instance is left out for everybody",
                meant="one failed request",
            ),
            repair=Repair("retry.attempts", failures - 1, f"make {count(failures - 1, 'attempt')}")
            if failures > 2  # noqa: PLR2004 - one attempt is no retry
            else None,
        )
