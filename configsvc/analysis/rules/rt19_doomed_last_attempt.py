"""RT19: an attempt that is started with too little time left."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt, overall, start
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class DoomedLastAttempt(EdgeRule):
    """
    An attempt that starts with less time left than the callee usually takes.

    ## What it does
    Reports imported edges, on platforms that start an attempt however little time is left, where
    an attempt may begin with less than the callee's median before the deadline.

    ## Why is this bad?
    It costs the callee as much as any other and answers nobody: after 2.7 s of 3 s an attempt
    that usually takes 0.5 s has 0.3 s left.

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
          latency: {p50: 500ms, p99: 800ms, p999: 900ms}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 4200ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 600ms, max: 2s}, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, startsDoomed: true}
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
          latency: {p50: 500ms, p99: 800ms, p999: 900ms}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 4200ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 100ms, max: 2s}, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, startsDoomed: true}
    ```

    ## References
    - Envoy, router filter: the note on retries near the global time-out
    """

    code = "RT19"
    name = "doomed-last-attempt"
    severity = Severity.WARNING
    inputs = frozenset(
        {"bulkhead", "idempotence", "latency", "rate_limit", "retry", "runtime", "timeout"}
    )
    since = "0.1"
    message = "attempt {number} may start {left} before the end, and usually takes {median}"
    explains = frozenset({"RT03"})
    complete = True
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for an attempt with too little time left."""
        whole = overall(edge)
        if not edge.runtime.starts_doomed or isinf(attempt(edge)) or isinf(whole):
            return None
        for number in range(2, allowed_attempts(edge) + 1):
            left = whole - start(edge, number)
            median = edge.latency.p50
            if 0 <= left < median:
                return _conflict(number, left, median, whole)
        return None


def _conflict(number: int, left: float, median: float, whole: float) -> Conflict:
    return Conflict(
        magnitude=1 - left / median,
        arguments={"number": str(number), "left": span(left), "median": span(median)},
        fields={
            "timeout.overall": span(whole),
            "timeout.attempt": "takes its part",
            "retry.backoff": "takes its part",
            "operation.latency.p50": span(median),
        },
        witness=Witness(
            load="one call",
            faults="the attempts before run to their limit",
            seen=f"the callee works on attempt {number} for nobody",
            meant="no attempt that cannot end",
        ),
    )
