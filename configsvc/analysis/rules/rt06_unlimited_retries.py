"""RT06: attempts without a limit on all of them together."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt, overall, time_for_all
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span, written
from configsvc.model.findings import Severity, Witness


class UnlimitedRetries(EdgeRule):
    """
    Retries without a limit on the whole call.

    ## What it does
    Reports edges that make more than one attempt and have no `overall` time-out. It is an error
    where an attempt has no limit either. Answers that stream are left out: they have no end to wait
    for.

    ## Why is this bad?
    The caller's own caller has given up long ago, and the work goes on for somebody who is no
    longer there. Under load such calls pile up: each holds a worker for all of its attempts and
    waits. One service mesh was seen retrying for five hours on what its users took for a budget of
    five seconds.

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
    spec: {target: {to: stock}, attempt: 1s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempt: 1s, overall: 4s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## References
    - gRPC, "Deadlines"; Site Reliability Engineering, chapter 22; linkerd issue 2369
    """

    code = "RT06"
    name = "unlimited-retries"
    severity = Severity.WARNING
    inputs = frozenset({"timeout", "retry", "idempotence", "operation", "bulkhead", "rate_limit"})
    since = "0.1"
    message = "{attempts} of {attempt} take up to {needed}, and the whole call has no limit"
    absence = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for a limit on the whole call."""
        if edge.retry is None or not isinf(overall(edge)) or edge.operation.streaming:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        each, needed = attempt(edge), time_for_all(edge)
        return Conflict(
            magnitude=attempts,
            severity=Severity.ERROR if isinf(each) else Severity.WARNING,
            arguments={
                "attempts": count(attempts, "attempt"),
                "attempt": span(each),
                "needed": span(needed),
            },
            fields={"timeout.overall": "none", "retry.attempts": str(attempts)},
            witness=Witness(
                load="one call whose own caller gives up after a second",
                faults="the callee is slow",
                seen=f"a worker is held for {span(needed)}",
                meant="a worker is held for as long as somebody waits for the answer",
            ),
            repair=_repair(needed),
        )


def _repair(needed: float) -> Repair | None:
    if isinf(needed):
        return None
    value = written(needed)
    return Repair("timeout.overall", value, f"end the whole call after {value}")
