"""BH05: a full bulkhead, asked again before a permit can be free."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed, span
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import NO_FAULT, Measure
from configsvc.model.findings import Severity, Witness


class FullBulkheadRetried(EdgeRule):
    """
    Retries into a bulkhead that is still full.

    ## What it does
    Reports edges with a bulkhead whose `retryOn` names `full`, while the first back-off is shorter
    than the callee's median latency.

    ## Why is this bad?
    A permit is free when a call ends, which takes about the median. Three tries at 10 ms each are
    rejected three times, by the process itself, and then the call fails 20 ms later.

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
          latency: {p50: 100ms, p99: 150ms, p999: 200ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 1s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout, full]
      backoff: {base: 10ms}
      budget: {ratio: 20%}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
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
          latency: {p50: 100ms, p99: 150ms, p999: 200ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 1s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 3
      retryOn: [timeout]
      backoff: {base: 10ms}
      budget: {ratio: 20%}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: overload is not retried where it arises
    """

    code = "BH05"
    name = "full-bulkhead-retried"
    severity = Severity.WARNING
    inputs = frozenset({"bulkhead", "retry", "idempotence", "latency", "runtime"})
    since = "0.1"
    message = "`full` is retried after {base}, and a permit is free after about {median}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the first wait with the time of a call."""
        retry = edge.retry
        if retry is None or edge.bulkhead is None or "full" not in retry.retry_on:
            return None
        if not edge.runtime.outside("retry", "bulkhead"):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        base, median = retry.backoff.base, edge.latency.p50
        if base >= median:
            return None
        remaining = [outcome for outcome in retry.retry_on if outcome != "full"]
        return Conflict(
            magnitude=min(median / max(base, 1), 1e9),
            arguments={"base": span(base), "median": span(median)},
            fields={
                "retry.retryOn": listed(list(retry.retry_on)),
                "retry.backoff.base": span(base),
                "bulkhead.maxConcurrent": str(edge.bulkhead.max_concurrent),
            },
            witness=Witness(
                load="more calls at a time than permits",
                faults="none",
                seen=f"each is rejected {count(attempts, 'time')}",
                meant="each is rejected once, and at once",
                run=failing_call(
                    NO_FAULT,
                    Measure.REFUSED_TWICE,
                    calls=4 * edge.bulkhead.max_concurrent,
                    extreme=False,
                ),
            ),
            repair=Repair("retry.retryOn", remaining, "let a full bulkhead reject at once")
            if remaining
            else None,
        )
