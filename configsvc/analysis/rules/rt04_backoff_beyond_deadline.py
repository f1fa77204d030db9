"""RT04: waits between attempts that alone take longer than the whole call."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt, backoff, floor, overall
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Retry


class BackoffBeyondDeadline(EdgeRule):
    """
    Back-offs that alone take longer than the whole call.

    ## What it does
    Adds up the longest back-offs before the last attempt and reports edges where they reach
    `overall`, however fast the attempts fail.

    ## Why is this bad?
    Even if every attempt is refused at once, the last ones never start: the call spends its time
    asleep. With a base of 2 s, doubled for each of 6 attempts, the waits are 62 s, in a call that
    ends after 30 s.

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
    spec: {target: {to: stock}, overall: 30s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 6
      retryOn: [connect, refused]
      backoff: {base: 2s, multiplier: 2, max: 60s}
      budget: {ratio: 20%}
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
    spec: {target: {to: stock}, overall: 30s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 6
      retryOn: [connect, refused]
      backoff: {base: 500ms, multiplier: 2, max: 60s}
      budget: {ratio: 20%}
    ```

    ## References
    - Microsoft.Extensions.Http.Resilience: validation of the standard handler's options
    """

    code = "RT04"
    name = "backoff-beyond-deadline"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "retry", "idempotence", "latency"})
    since = "0.1"
    message = "{attempts} wait {backoff} in between, and the whole call ends after {overall}"
    explains = frozenset({"RT03"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the sum of the waits with the time for the call."""
        retry, whole = edge.retry, overall(edge)
        if retry is None or isinf(whole) or backoff(retry, retry.attempts) < whole:
            return None
        attempts = allowed_attempts(edge)
        waits = backoff(retry, attempts)
        if waits < whole or attempts == 1:
            return None
        return Conflict(
            magnitude=waits / whole,
            arguments={
                "attempts": count(attempts, "attempt"),
                "backoff": span(waits),
                "overall": span(whole),
            },
            fields={
                "retry.attempts": str(attempts),
                "retry.backoff": f"{span(waits)} before the last attempt",
                "timeout.overall": span(whole),
            },
            witness=Witness(
                load="one call",
                faults="the callee refuses every connection at once",
                seen=f"{count(_fitting(edge, retry), 'attempt')}, then nothing until {span(whole)}",
                meant=count(attempts, "attempt"),
                run=failing_call(Fault("kill"), Measure.MISSING_ATTEMPTS),
            ),
            repair=_repair(edge, retry),
        )


def _fitting(edge: Edge, retry: Retry) -> int:
    """How many attempts start when each fails at once."""
    number = 1
    while backoff(retry, number + 1) + floor(edge) < overall(edge):
        number += 1
    return number


def _repair(edge: Edge, retry: Retry) -> Repair | None:
    fitting = _fitting(edge, retry)
    if fitting < 2 or not isinf(attempt(edge)):  # noqa: PLR2004 - one attempt is no retry
        return None
    return Repair("retry.attempts", fitting, f"make {count(fitting, 'attempt')}, which can start")
