"""RT02: retries after a time-out, where a hang uses up the whole call."""

from math import isinf

from configsvc.analysis.arithmetic import (
    LEAST_FLOOR,
    allowed_attempts,
    attempt,
    longest_fair_attempt,
    overall,
)
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span, written
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness


class RetryWithoutAttemptLimit(EdgeRule):
    """
    Retries after a time-out although a single attempt may take all of the time.

    ## What it does
    Reports edges that retry on `timeout` and limit the whole call but not the attempt.

    ## Why is this bad?
    The first attempt hangs until `overall` ends the call. There is no time-out to retry on: the one
    outcome that the policy names cannot happen. Istio users meet it as "timeout 2s, attempts 3, and
    never a retry".

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
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, retryOn: [timeout], budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempt: 600ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, retryOn: [timeout], budget: {ratio: 20%}}
    ```

    ## References
    - Istio issue 21137; Envoy, router filter: retries and the route's time-out
    """

    code = "RT02"
    name = "retry-without-attempt-limit"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "retry", "idempotence", "bulkhead", "rate_limit"})
    since = "0.1"
    message = (
        "{attempts} on a time-out, but one attempt may take the whole {overall}: "
        "after a hang 1 attempt was made"
    )
    explains = frozenset({"RT03"})

    def check(self, edge: Edge) -> Conflict | None:
        """Look for a limit that ends the first attempt before the call."""
        retry, whole = edge.retry, overall(edge)
        if retry is None or isinf(whole) or not isinf(attempt(edge)):
            return None
        if not any(map(is_timeout, retry.retry_on)):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"attempts": count(attempts, "attempt"), "overall": span(whole)},
            fields={
                "timeout.attempt": "none",
                "timeout.overall": span(whole),
                "retry.retryOn": ", ".join(retry.retry_on),
            },
            witness=Witness(
                load="one call",
                faults="the callee hangs",
                seen=f"the call ends after {span(whole)} with one attempt made",
                meant=count(attempts, "attempt"),
                run=failing_call(HANG, Measure.MISSING_ATTEMPTS),
            ),
            repair=_repair(edge),
        )


def _repair(edge: Edge) -> Repair | None:
    longest = longest_fair_attempt(edge)
    if longest <= LEAST_FLOOR:
        return None
    value = written(longest)
    return Repair("timeout.attempt", value, f"limit each attempt to {value}")
