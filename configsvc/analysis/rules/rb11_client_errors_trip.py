"""RB11: a breaker that opens because of its callers' mistakes."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_client_failure, is_overload
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed, share
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness


class ClientErrorsTrip(EdgeRule):
    """
    A breaker that counts the callers' own mistakes as failures of the callee.

    ## What it does
    Reports edges whose breaker records answers that blame the request: the class `4xx`, or codes
    such as 400, 404, `INVALID_ARGUMENT`. Answers that ask for less load (429, `RESOURCE_EXHAUSTED`)
    are left out.

    ## Why is this bad?
    One caller that sends bad requests opens the breaker for all others that go through the same
    process.

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
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, failures: {record: [timeout, 4xx, 5xx]}}
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
    spec: {target: {to: stock}, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, failures: {record: [timeout, 5xx]}}
    ```

    ## References
    - resilience4j issue 568; gRPC proposal A6, throttling: which codes count
    """

    code = "RB11"
    name = "client-errors-trip"
    severity = Severity.WARNING
    inputs = frozenset({"breaker"})
    since = "0.1"
    message = (
        "the breaker opens at {rate} of failures and counts {outcomes}, which blame the request"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Look for mistakes of requests among what is recorded."""
        breaker = edge.breaker
        if breaker is None:
            return None
        blamed = [o for o in breaker.record if is_client_failure(o) and not is_overload(o)]
        counted = [outcome for outcome in blamed if outcome not in breaker.ignore]
        if not counted:
            return None
        remaining = [outcome for outcome in breaker.record if outcome not in counted]
        return Conflict(
            magnitude=len(counted),
            arguments={"rate": share(breaker.failure_rate), "outcomes": listed(counted)},
            fields={"breaker.failures.record": listed(list(breaker.record))},
            witness=Witness(
                load="one caller that sends malformed requests, among many that do not",
                faults="none",
                seen="the breaker opens for all of them",
                meant="the malformed requests fail",
                run=Experiment(
                    traffic(50, 60),
                    Fault("errors", classes=("400", "4xx")),
                    Measure.OPENINGS,
                    at_most=0,
                ),
            ),
            repair=Repair("breaker.failures.record", remaining, f"count {listed(remaining)} only")
            if remaining
            else None,
        )
