"""RB12: a breaker that counts calls which never left the process."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import LOCAL
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed, share
from configsvc.model.findings import Severity, Witness


class RejectionsRecorded(EdgeRule):
    """
    A breaker that counts the caller's own rejections as failures of the callee.

    ## What it does
    Reports imported edges whose breaker records `open`, `full` or `limited`, on a platform that
    lets it.

    ## Why is this bad?
    A burst fills the bulkhead, the rejections open the breaker, and a healthy callee is not
    called at all: a moment of saturation becomes an outage.

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
    spec: {target: {}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {}, failures: {record: [timeout, 5xx, full]}}
    ---
    kind: Runtime
    spec: {target: {}, platform: resilience4j, recordsRejections: true}
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
    ---
    kind: CircuitBreaker
    spec: {target: {}, failures: {record: [timeout, 5xx]}}
    ---
    kind: Runtime
    spec: {target: {}, platform: resilience4j, recordsRejections: true}
    ```

    ## References
    - resilience4j issues 989 and 1656
    """

    code = "RB12"
    name = "rejections-recorded"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "runtime"})
    since = "0.1"
    message = "the breaker opens at {rate} of failures and counts {rejections}, which never left"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for rejections among what is recorded."""
        breaker = edge.breaker
        if breaker is None or not edge.runtime.records_rejections:
            return None
        counted = [o for o in breaker.record if o in LOCAL and o not in breaker.ignore]
        if not counted:
            return None
        remaining = [outcome for outcome in breaker.record if outcome not in counted]
        return Conflict(
            magnitude=len(counted),
            arguments={"rate": share(breaker.failure_rate), "rejections": listed(counted)},
            fields={"breaker.failures.record": listed(list(breaker.record))},
            witness=Witness(
                load="a burst that fills the bulkhead",
                faults="none",
                seen="the breaker opens, and nothing is called",
                meant="what does not fit is rejected, the rest is served",
            ),
            repair=Repair("breaker.failures.record", remaining, f"count {listed(remaining)} only")
            if remaining
            else None,
        )
