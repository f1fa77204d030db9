"""RT07: a call without any limit on its time."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import written
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness

_PAD = 2
"""How far above the slowest healthy thousandth a suggested limit is."""


class UnlimitedCall(EdgeRule):
    """
    A call that may wait for ever.

    ## What it does
    Reports edges with neither an `attempt` nor an `overall` time-out. Answers that stream need no
    such limit if they have an `idle` one.

    ## Why is this bad?
    A callee that accepts connections and does not answer holds one worker of the caller for each
    call, for ever. When all are held the caller answers nobody, and its own callers follow: one
    hung service takes down everything above it. No breaker helps, because a call that never ends
    is never counted.

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
    spec: {target: {}, overall: 2s}
    ```

    ## References
    - AWS Builders' Library, "Timeouts, retries, and backoff with jitter"
    - gRPC, "Deadlines": by default there is none
    """

    code = "RT07"
    name = "unlimited-call"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "operation", "latency"})
    since = "0.1"
    message = (
        "neither an attempt (attempt: none) nor the whole call (overall: none) has a limit: "
        "a callee that hangs holds a worker for ever"
    )
    explains = frozenset({"RT06"})
    absence = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for any limit."""
        if not isinf(attempt_limit(edge)):
            return None
        if edge.operation.streaming and edge.timeout.idle is not None:
            return None
        return Conflict(
            magnitude=1,
            fields={"timeout.attempt": "none", "timeout.overall": "none"},
            witness=Witness(
                load="one call for each worker of the caller",
                faults="the callee accepts connections and never answers",
                seen="every worker waits; the caller answers nobody until it is restarted",
                meant="each call fails after a while, and its worker is free again",
                run=failing_call(HANG, Measure.UNFINISHED),
            ),
            repair=_repair(edge),
        )


def _repair(edge: Edge) -> Repair | None:
    """Twice the slowest healthy thousandth, where it is declared."""
    slowest = edge.latency.declared("p999")
    if slowest is None:
        return None
    value = written(_PAD * slowest)
    return Repair(
        "timeout.overall", value, f"end each call after {value}, twice its 99.9th percentile"
    )
