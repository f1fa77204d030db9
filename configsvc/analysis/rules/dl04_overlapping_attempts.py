"""DL04: attempts that are given up while the callee goes on, and then repeated."""

from math import ceil, isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt, overall
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import Severity, Witness


class OverlappingAttempts(EdgeRule):
    """
    Retries of work that is still going on.

    ## What it does
    Reports edges that retry after a time-out although the callee may work on an attempt for longer
    than the attempt's limit, and neither stops when its caller hangs up (`cancels`) nor honours
    deadlines.

    ## Why is this bad?
    Every retry adds a copy beside the one that still runs. With a limit of 1 s, three attempts and
    a callee that needs 5 s, three copies of the same work run at once, and none of them is waited
    for.

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
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          ownTime: 5s
          cancels: false
          honoursDeadline: false
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 1s, overall: 5s}
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
        - name: reserve
          match: {methods: [PUT], path: /reservations}
          ownTime: 800ms
          cancels: false
          honoursDeadline: false
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 1s, overall: 5s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## References
    - resilience4j issue 2296: a time limiter that does not stop what it gave up
    """

    code = "DL04"
    name = "overlapping-attempts"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "retry", "idempotence", "operation", "subtree"})
    since = "0.1"
    message = (
        "an attempt is given up after {limit} and repeated, while the callee works on it for "
        "{longest}: {copies} at once"
    )
    explains = frozenset({"DL01", "BH06"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the limit with the callee's longest work."""
        retry, limit = edge.retry, attempt(edge)
        if retry is None or isinf(limit) or limit >= overall(edge):
            return None
        if not any(map(is_timeout, retry.retry_on)):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        longest = edge.subtree
        if limit >= longest or edge.operation.cancels or edge.operation.honours_deadline:
            return None
        copies = attempts if isinf(longest) else min(attempts, ceil(longest / limit))
        return Conflict(
            magnitude=copies,
            arguments={
                "limit": span(limit),
                "longest": span(longest),
                "copies": count(copies, "copy").replace("copys", "copies"),
            },
            fields={
                "timeout.attempt": span(limit),
                "retry.attempts": str(attempts),
                "operation.ownTime": "part of the callee's work",
                "operation.cancels": "false",
            },
            witness=Witness(
                load="one call",
                faults=f"the callee takes {span(longest)}",
                seen=f"{copies} copies of the same work run at once",
                meant="one",
                run=failing_call(Fault("hang", where="below"), Measure.COPIES_AT_ONCE, at_most=1),
            ),
        )
