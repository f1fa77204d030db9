"""RT11: an attempt limit that fails calls instead of having them retried."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt, overall, repeatable
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_server_failure, is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed, span
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness


class UnretriedAttemptLimit(EdgeRule):
    """
    A limit for each attempt whose time-out is not among what is retried.

    ## What it does
    Reports edges to an idempotent operation that make several attempts, retry server errors, and
    cut an attempt before the whole call ends, but do not list `timeout` in `retryOn`. It is an
    error where the declared 99th percentile is at or above the limit.

    ## Why is this bad?
    The limit of an attempt exists to make room for the next one. Here it only makes calls fail
    early: an operation that takes 3 s on a busy day fails after 2 s, with time for two more
    attempts unused.

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
    spec: {target: {to: stock}, attempt: 2s, overall: 10s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, retryOn: [503], budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempt: 2s, overall: 10s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, retryOn: [503, timeout], budget: {ratio: 20%}}
    ```

    ## References
    - Istio issue 55748; Envoy Gateway issue 6726; resilience4j issue 331; linkerd2 issues 3743,
    5963
    """

    code = "RT11"
    name = "unretried-attempt-limit"
    severity = Severity.WARNING
    inputs = frozenset({"timeout", "retry", "idempotence", "latency"})
    since = "0.1"
    message = (
        "an attempt is cut at {attempt} of {overall}, but a time-out is not retried ({retried} is)"
        ": the other {left} stay unused"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what a cut attempt ends in with what is retried."""
        retry, each, whole = edge.retry, attempt(edge), overall(edge)
        if retry is None or isinf(each) or each >= whole:
            return None
        if any(map(is_timeout, retry.retry_on)) or not any(map(is_server_failure, retry.retry_on)):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1 or not repeatable(edge):
            return None
        slow = edge.latency.declared("p99")
        return Conflict(
            magnitude=attempts,
            severity=Severity.ERROR if slow is not None and slow >= each else Severity.WARNING,
            arguments={
                "attempt": span(each),
                "overall": span(whole),
                "retried": listed(list(retry.retry_on)),
                "left": count(attempts - 1, "attempt"),
            },
            fields={
                "timeout.attempt": span(each),
                "retry.retryOn": ", ".join(retry.retry_on),
            },
            witness=Witness(
                load="one call",
                faults=f"the first attempt would take a little over {span(each)}",
                seen=f"the call fails after {span(each)}",
                meant=f"up to {count(attempts, 'attempt')} in {span(whole)}",
                run=failing_call(HANG, Measure.MISSING_ATTEMPTS),
            ),
            repair=Repair(
                "retry.retryOn", [*retry.retry_on, "timeout"], "retry after a time-out as well"
            ),
        )
