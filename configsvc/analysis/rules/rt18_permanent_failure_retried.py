"""RT18: answers that stay the same, asked for again."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_permanent
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import Severity, Witness


class PermanentFailureRetried(EdgeRule):
    """
    Retries after answers that the same request gets again.

    ## What it does
    Reports edges whose `retryOn` names answers that blame the request: the class `4xx`, or codes
    such as 400, 401, 404, 409, `INVALID_ARGUMENT`.

    ## Why is this bad?
    The next attempt gets the same answer, later and at the cost of more load. A conflict of
    versions (409) is not cured by repeating the request that lost it, but by reading again first.

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
    spec: {target: {to: stock}, attempts: 3, retryOn: [409, 503, timeout], budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempts: 3, retryOn: [503, timeout], budget: {ratio: 20%}}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: separate retriable and non-retriable errors
    - Envoy, router filter: `retriable-4xx` is 409 alone, with a note to use it with care
    """

    code = "RT18"
    name = "permanent-failure-retried"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "idempotence"})
    since = "0.1"
    message = (
        "{outcomes} asked for up to {attempts}, although the same request gets the same answer"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Look for answers that do not change."""
        retry = edge.retry
        permanent = () if retry is None else tuple(filter(is_permanent, retry.retry_on))
        if retry is None or not permanent:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"outcomes": listed(list(permanent)), "attempts": count(attempts, "time")},
            fields={"retry.retryOn": listed(list(retry.retry_on))},
            witness=Witness(
                load="one call with a mistake in it",
                faults="none",
                seen=f"the callee refuses it {count(attempts, 'time')}",
                meant="the callee refuses it once",
                run=failing_call(
                    Fault("errors", classes=(permanent[0],)), Measure.ATTEMPTS, at_most=1
                ),
            ),
            repair=_repair(tuple(o for o in retry.retry_on if o not in permanent)),
        )


def _repair(remaining: tuple[str, ...]) -> Repair | None:
    if not remaining:
        return None
    return Repair("retry.retryOn", list(remaining), f"retry {listed(list(remaining))} only")
