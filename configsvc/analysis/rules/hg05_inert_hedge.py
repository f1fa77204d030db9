"""HG05: copies that are sent at a limit which is never reached."""

from math import isinf

from configsvc.analysis.arithmetic import attempt
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed
from configsvc.model.findings import Severity, Witness


class InertHedge(EdgeRule):
    """
    Hedging that waits for a limit which is not there, or is not retried.

    ## What it does
    Reports imported edges whose platform sends a copy when the limit of an attempt is reached,
    where attempts have no limit, or `retryOn` does not name a time-out.

    ## Why is this bad?
    The switch is on and nothing follows: no copy is ever sent.

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
    kind: Retry
    spec: {target: {}, attempts: 2, retryOn: [503], budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, hedgesTimeouts: true}
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
    spec: {target: {}, attempt: 500ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 2, retryOn: [503, timeout], budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, hedgesTimeouts: true}
    ```

    ## References
    - Envoy, `hedge_on_per_try_timeout`: it needs a per-try time-out and a retry on it
    """

    code = "HG05"
    name = "inert-hedge"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "runtime", "timeout"})
    since = "0.1"
    message = "a copy is sent at the limit of an attempt, but {reason}"
    explains = frozenset({"RT02", "RT11"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for the limit, and for what follows it."""
        if not edge.runtime.hedges_timeouts:
            return None
        retried = () if edge.retry is None else edge.retry.retry_on
        if isinf(attempt(edge)):
            reason = "an attempt has no limit (attempt: none)"
        elif not any(map(is_timeout, retried)):
            reason = f"a time-out is not retried ({listed(list(retried))})"
        else:
            return None
        return Conflict(
            magnitude=1,
            arguments={"reason": reason},
            fields={
                "runtime.hedgesTimeouts": "true",
                "timeout.attempt": "none",
                "retry.retryOn": listed(list(retried)),
            },
            witness=Witness(
                load="one call",
                faults="the first attempt is slow",
                seen="one request",
                meant="a copy of it",
            ),
        )
