"""RT15: back-offs without jitter, which bring all callers back at the same time."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal, span
from configsvc.analysis.trials import failing_call, repeated
from configsvc.model.experiments import Measure
from configsvc.model.findings import Severity, Witness

_ALONE = 1


class RetriesInStep(EdgeRule):
    """
    Retries that all come at the same moment.

    ## What it does
    Reports edges that make several attempts with `jitter: none`, unless they are known to see at
    most one call a second.

    ## Why is this bad?
    Calls that failed together wait equally long and come back together: a callee that recovers gets
    all of them in one wave, fails again, and so on. A thousand callers with waits of 2, 4 and 8
    seconds are three waves of a thousand requests, with silence in between.

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
    spec: {target: {to: stock}, attempts: 3, backoff: {jitter: none}, budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempts: 3, backoff: {jitter: full}, budget: {ratio: 20%}}
    ```

    ## References
    - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    - Site Reliability Engineering, chapter 22
    """

    code = "RT15"
    name = "retries-in-step"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "idempotence", "traffic"})
    since = "0.1"
    message = (
        "{attempts} with waits of exactly {base} and more: calls that fail together return together"
    )
    absence = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for chance in the waits."""
        retry = edge.retry
        if retry is None or retry.backoff.jitter != "none":
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1 or edge.traffic.highest <= _ALONE:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={"attempts": count(attempts, "attempt"), "base": span(retry.backoff.base)},
            fields={"retry.backoff.jitter": "none", "retry.attempts": str(attempts)},
            witness=Witness(
                load=f"{decimal(1000)} calls in one second",
                faults="the callee fails for that second",
                seen=f"{decimal(1000)} requests at once, {span(retry.backoff.base)} later",
                meant="requests spread over the wait",
                run=failing_call(
                    repeated(retry), Measure.RETRIES_TOGETHER, at_most=0.5, calls=100, extreme=False
                ),
            ),
            repair=Repair("retry.backoff.jitter", "full", "wait a random part of each back-off"),
        )
