"""RB19: retries that nothing holds back when everything fails."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.analysis.trials import repeated, traffic
from configsvc.model.experiments import Experiment, Measure
from configsvc.model.findings import Severity, Witness


class UncheckedRetry(EdgeRule):
    """
    Retries with neither a budget nor a breaker.

    ## What it does
    Reports edges that make several attempts and have neither a retry budget nor a circuit breaker.

    ## Why is this bad?
    Retries are meant for the odd failure. When every call fails, each becomes several, and the
    callee gets a multiple of its usual load at the moment in which it can bear the least. A budget
    of 20 % lets the odd failure through and caps the rest at 1.2 times.

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
    spec: {target: {to: stock}, attempts: 3}
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
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## References
    - Marc Brooker, "Fixing retries with token buckets and circuit breakers"
    - Site Reliability Engineering, chapters 21 and 22
    """

    code = "RB19"
    name = "unchecked-retry"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "breaker", "idempotence"})
    since = "0.1"
    message = (
        "{attempts} with neither a budget nor a breaker: "
        "if every call fails, the load is {times} times as high"
    )
    absence = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for anything that holds retries back."""
        retry = edge.retry
        if retry is None or retry.budget is not None or edge.breaker is not None:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"attempts": count(attempts, "attempt"), "times": str(attempts)},
            fields={"retry.attempts": str(attempts), "retry.budget.ratio": "none"},
            witness=Witness(
                load="the usual one",
                faults="the callee fails every request",
                seen=f"{attempts} times the usual load on the callee",
                meant="hardly more than the usual load",
                run=Experiment(
                    traffic(50, 10),
                    repeated(retry),
                    Measure.ATTEMPTS_PER_CALL,
                    at_most=(1 + attempts) / 2,
                ),
            ),
            repair=Repair(
                "retry.budget.ratio", "20%", "let retries be a fifth of the calls at most"
            ),
        )
