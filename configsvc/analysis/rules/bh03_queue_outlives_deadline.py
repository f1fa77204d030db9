"""BH03: a queue in which calls wait until nobody needs them."""

from math import ceil, isinf

from configsvc.analysis.arithmetic import overall
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span, written
from configsvc.model.experiments import NO_FAULT, Experiment, Load, Measure
from configsvc.model.findings import Severity, Witness


class QueueOutlivesDeadline(EdgeRule):
    """
    A queue in which a call may wait for as long as the whole call may take.

    ## What it does
    Reports edges whose bulkhead lets a call wait in its queue until the whole call is over. It is
    an error where the queue is so long that its last call waits that long while the callee is
    healthy: queue / permits x median.

    ## Why is this bad?
    The call gets its permit in the moment in which its caller gives up: it only keeps others
    waiting. With one permit, a queue of 100, 5 s for each and a limit of 45 s, every call from the
    tenth on waits in vain.

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
          latency: {p50: 5s, p99: 6s, p999: 7s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 45s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 1, queue: 100, maxWait: 1m}
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
          latency: {p50: 5s, p99: 6s, p999: 7s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 45s}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 1, queue: 8, maxWait: 20s}
    ```

    ## References
    - resilience4j issue 2103; Site Reliability Engineering, chapter 22: queue management
    """

    code = "BH03"
    name = "queue-outlives-deadline"
    severity = Severity.WARNING
    inputs = frozenset({"bulkhead", "timeout", "latency"})
    since = "0.1"
    message = (
        "a call may wait {wait} for a permit, and is over after {overall}; "
        "the last of the queue waits {drained} while all is well"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the wait with the time for the call."""
        bulkhead, whole = edge.bulkhead, overall(edge)
        if bulkhead is None or not bulkhead.queue or isinf(whole) or bulkhead.max_wait < whole:
            return None
        drained = ceil(bulkhead.queue / bulkhead.max_concurrent) * edge.latency.p50
        value = written(whole / 2)
        return Conflict(
            magnitude=bulkhead.max_wait / whole,
            severity=Severity.ERROR if drained >= whole else Severity.WARNING,
            arguments={
                "wait": span(bulkhead.max_wait),
                "overall": span(whole),
                "drained": span(drained),
            },
            fields={
                "bulkhead.maxWait": span(bulkhead.max_wait),
                "bulkhead.queue": str(bulkhead.queue),
                "timeout.overall": span(whole),
            },
            witness=Witness(
                load=f"{bulkhead.queue + bulkhead.max_concurrent} calls at once",
                faults="none",
                seen="calls get their permit when their callers have gone",
                meant="calls are rejected that cannot be served in time",
                run=Experiment(
                    Load(burst=bulkhead.queue + bulkhead.max_concurrent),
                    NO_FAULT,
                    Measure.OUT_OF_TIME,
                    at_most=0,
                ),
            ),
            repair=Repair("bulkhead.maxWait", value, f"wait {value} at the most"),
        )
