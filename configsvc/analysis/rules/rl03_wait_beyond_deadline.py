"""RL03: a rejected call that waits for longer than it can."""

from configsvc.analysis.arithmetic import (
    allowed_attempts,
    attempt_limit,
    overall,
    time_for_token,
)
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_overload
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed, span
from configsvc.model.findings import Severity, Witness


class WaitBeyondDeadline(EdgeRule):
    """
    Retries of rejected calls that the callee asks to wait for longer than they may.

    ## What it does
    Reports edges that retry what the callee's rate limit rejects and honour its Retry-After,
    where the time for one more call is above `retryAfter.max` or above what is left of the whole
    call after one attempt.

    ## Why is this bad?
    The retry that the policy promises never happens: the call ends when it learns for how long it
    would have to wait. That is the right thing to do, and it is not what the document says.

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
    spec: {target: {}, attempt: 1s, overall: 10s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout, 429]
      budget: {ratio: 20%}
      retryAfter: {honour: true, max: 2m}
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
    spec: {target: {}, attempt: 1s, overall: 10s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout]
      budget: {ratio: 20%}
      retryAfter: {honour: true, max: 2m}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: stock}, rate: {limit: 1, period: 1m}}
    ```

    ## References
    - copilot issue 2760: a Retry-After beyond the deadline
    """

    code = "RL03"
    name = "wait-beyond-deadline"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "admission", "idempotence", "timeout"})
    since = "0.1"
    message = (
        "the callee's limit lets one call through in {refill}, "
        "and a call can wait {left} at the most"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the time for one more call with the longest wait."""
        retry = edge.retry
        if retry is None or not retry.retry_after.honour:
            return None
        remaining = [outcome for outcome in retry.retry_on if not is_overload(outcome)]
        if len(remaining) == len(retry.retry_on):
            return None
        admission = edge.admission
        if admission is None or allowed_attempts(edge) == 1:
            return None
        refill = time_for_token(admission)
        left = max(0, min(retry.retry_after.max, overall(edge) - _one_attempt(edge)))
        if refill <= left:
            return None
        return Conflict(
            magnitude=refill / max(left, 1),
            arguments={"refill": span(refill), "left": span(left)},
            fields={
                "retry.retryOn": listed(list(retry.retry_on)),
                "retry.retryAfter.max": span(retry.retry_after.max),
                "timeout.overall": span(overall(edge)),
                "admission.rate": f"one call in {span(refill)}",
            },
            witness=Witness(
                load="a call just after the limit was used up",
                faults="none",
                seen="rejected at once",
                meant="tried again, as the document says",
            ),
            repair=Repair("retry.retryOn", remaining, "let a rejected call fail at once")
            if remaining
            else None,
        )


def _one_attempt(edge: Edge) -> float:
    """The longest that an attempt takes which leaves anything of the call."""
    limit = attempt_limit(edge)
    return 0 if limit == overall(edge) else limit
