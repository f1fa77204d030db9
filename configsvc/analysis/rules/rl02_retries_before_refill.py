"""RL02: retries of a rejected call that all come before the limit lets one through."""

from configsvc.analysis.arithmetic import allowed_attempts, backoff, time_for_token
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_overload
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed, span
from configsvc.model.findings import Severity, Witness


class RetriesBeforeRefill(EdgeRule):
    """
    Retries that are all over before the limit lets a call through.

    ## What it does
    Reports edges that retry what the callee's rate limit rejects, without waiting for as long as
    it asks, where all back-offs together are shorter than the time that the limit takes for one
    more call.

    ## Why is this bad?
    Six tries in 25 s against a limit of one call a minute are six rejections, and they count
    against the limit of others.

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
    spec: {target: {}, attempt: 200ms, overall: 5s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout, 429]
      backoff: {base: 100ms}
      budget: {ratio: 20%}
      retryAfter: {honour: false}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: stock}, rate: {limit: 1, period: 1m}}
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
    spec: {target: {}, attempt: 200ms, overall: 5s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout]
      backoff: {base: 100ms}
      budget: {ratio: 20%}
      retryAfter: {honour: false}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: stock}, rate: {limit: 1, period: 1m}}
    ```

    ## References
    - compound-cli issue 19; copilot issue 2760: retries that end inside the window of a limit
    """

    code = "RL02"
    name = "retries-before-refill"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "admission", "idempotence"})
    since = "0.1"
    message = (
        "{attempts} within {backoff}, and the callee's limit lets one call through in {refill}"
    )
    explains = frozenset({"RL06"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the waits with the time for one more call."""
        retry = edge.retry
        if retry is None or retry.retry_after.honour:
            return None
        rejected = [outcome for outcome in retry.retry_on if is_overload(outcome)]
        if not rejected or edge.admission is None:
            return None
        admission, attempts = edge.admission, allowed_attempts(edge)
        if attempts == 1:
            return None
        waits, refill = backoff(retry, attempts), time_for_token(admission)
        if waits >= refill:
            return None
        return Conflict(
            magnitude=refill / max(waits, 1),
            arguments={
                "attempts": count(attempts, "attempt"),
                "backoff": span(waits),
                "refill": span(refill),
            },
            fields={
                "retry.retryOn": listed(list(retry.retry_on)),
                "retry.retryAfter.honour": "false",
                "retry.backoff": f"{span(waits)} in all",
                "admission.rate": f"one call in {span(refill)}",
            },
            witness=Witness(
                load="a call just after the limit was used up",
                faults="none",
                seen=f"rejected {count(attempts, 'time')} in {span(waits)}",
                meant="served after a wait, or rejected once",
            ),
            repair=Repair(
                "retry.retryAfter.honour", value=True, title="wait for as long as the callee asks"
            ),
        )
