"""RL06: a callee that asks for less load, and is asked again."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_overload
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed, span
from configsvc.model.findings import Severity, Witness


class OverloadIgnored(EdgeRule):
    """
    Retries of a callee that says it has too much to do, without waiting for as long as it asks.

    ## What it does
    Reports edges whose `retryOn` names answers of an overloaded callee (`overloaded`, 429,
    `RESOURCE_EXHAUSTED`) while `retryAfter.honour` is false.

    ## Why is this bad?
    The callee sheds load in order to survive. Whoever comes back before it asked for takes that
    chance away, and with several layers each of them does so several times.

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
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout, overloaded]
      budget: {ratio: 20%}
      retryAfter: {honour: false}
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
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout, overloaded]
      budget: {ratio: 20%}
      retryAfter: {honour: true}
    ```

    ## References
    - Site Reliability Engineering, chapter 21; gRPC proposal A6: pushback from the server
    """

    code = "RL06"
    name = "overload-ignored"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "idempotence"})
    since = "0.1"
    message = "{outcomes} asked again up to {attempts} after {base}, whatever Retry-After says"

    def check(self, edge: Edge) -> Conflict | None:
        """Look for retries of overload that do not wait."""
        retry = edge.retry
        if retry is None or retry.retry_after.honour:
            return None
        asked = [outcome for outcome in retry.retry_on if is_overload(outcome)]
        attempts = allowed_attempts(edge) if asked else 1
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={
                "outcomes": listed(asked),
                "attempts": count(attempts - 1, "time"),
                "base": span(retry.backoff.base),
            },
            fields={
                "retry.retryOn": listed(list(retry.retry_on)),
                "retry.retryAfter.honour": "false",
            },
            witness=Witness(
                load="more than the callee bears",
                faults="none",
                seen=f"{attempts} times as much",
                meant="less",
            ),
            repair=Repair(
                "retry.retryAfter.honour", value=True, title="wait for as long as the callee asks"
            ),
        )
