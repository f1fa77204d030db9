"""RT21: a deadline for an answer that has no end."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.experiments import ONE_CALL, Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Timeout
from configsvc.model.quantities import Duration


class StreamWithDeadline(EdgeRule):
    """
    A deadline on an answer that streams.

    ## What it does
    Reports edges to a `streaming` operation whose attempt or whole call has a time-out.

    ## Why is this bad?
    The stream is cut in the middle, however healthy it is: server-sent events die every 15 s behind
    a proxy with a default of 15 s. What tells a dead stream from a quiet one is the time since the
    last byte, `idle`.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: show, calls: [{to: prices, operation: follow}]}
    ---
    kind: Service
    metadata: {name: prices}
    spec:
      operations:
        - {name: follow, match: {methods: [GET], path: /prices}, streaming: true}
    ---
    kind: Timeout
    spec: {target: {}, overall: 15s, idle: 30s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: show, calls: [{to: prices, operation: follow}]}
    ---
    kind: Service
    metadata: {name: prices}
    spec:
      operations:
        - {name: follow, match: {methods: [GET], path: /prices}, streaming: true}
    ---
    kind: Timeout
    spec: {target: {to: prices, operation: follow}, overall: none, idle: 30s}
    ---
    kind: Timeout
    spec: {target: {}, overall: 15s}
    ```

    ## References
    - Envoy, frequently asked questions: streams and the route's time-out
    """

    code = "RT21"
    name = "stream-with-deadline"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "operation"})
    since = "0.1"
    message = "the answer streams without end and is cut after {limit}, however healthy it is"
    explains = frozenset({"RB21"})

    def check(self, edge: Edge) -> Conflict | None:
        """Look for a limit on what should last."""
        limit = attempt_limit(edge)
        if isinf(limit) or not edge.operation.streaming:
            return None
        timeout = edge.timeout
        limits = {"attempt": timeout.attempt, "overall": timeout.overall}
        return Conflict(
            magnitude=1,
            arguments={"limit": span(limit)},
            fields={
                "operation.streaming": "true",
                **{f"timeout.{name}": span(v) for name, v in limits.items() if v is not None},
            },
            witness=Witness(
                load="one call that follows the stream",
                faults="none",
                seen=f"the stream ends after {span(limit)}",
                meant="the stream lasts for as long as both sides want",
                run=Experiment(ONE_CALL, _lasting(limit), Measure.TIMED_OUT, at_most=0),
            ),
            repair=_repair(timeout),
        )


def _lasting(limit: float) -> Fault:
    """A stream that somebody follows for twice the limit."""
    return Fault("slow", amount=Duration(2 * int(limit)))


def _repair(timeout: Timeout) -> Repair | None:
    """Lift the one limit, if an idle limit remains."""
    if timeout.idle is None or (timeout.attempt is not None and timeout.overall is not None):
        return None
    field = "attempt" if timeout.overall is None else "overall"
    return Repair(
        f"timeout.{field}", "none", "lift the limit; the idle time-out ends a dead stream"
    )
