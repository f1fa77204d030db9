"""AM06: a cap on retries at a time that even a few failures exceed."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt_limit
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, rate, span
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND

_ORDINARY = 0.1


class StarvingRetryCap(EdgeRule):
    """
    A cap on retries at a time that is used up as soon as one call in ten fails.

    ## What it does
    Reports imported edges with a cap on concurrent retries that is below what one failed call in
    ten needs: the rate, times a tenth, times how long an attempt usually takes, which is the
    callee's median or else the limit that cuts it.

    ## Why is this bad?
    Envoy allows three retries at a time by default. At 200 ms each that is 15 a second, whatever
    the traffic: at 1,000 calls a second most retries that the policy promises do not happen.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 1000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}, latency: {p50: 200ms}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 900ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 2}
    ---
    kind: CircuitBreaker
    spec: {target: {}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, retryCap: 3}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 1000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}, latency: {p50: 200ms}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 900ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 2}
    ---
    kind: CircuitBreaker
    spec: {target: {}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, retryCap: 20}
    ```

    ## References
    - Envoy issues 10869 and 29762; Envoy Gateway issue 2754
    """

    code = "AM06"
    name = "starving-retry-cap"
    severity = Severity.WARNING
    inputs = frozenset({"idempotence", "latency", "retry", "runtime", "timeout", "traffic"})
    since = "0.1"
    message = (
        "{cap} retries of {usual} at a time are {served}, and when one call in ten of {calls} "
        "fails there are {needed}"
    )
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the cap with what ordinary failures need."""
        cap = edge.runtime.retry_cap
        if edge.retry is None or cap is None or isinf(cap) or allowed_attempts(edge) == 1:
            return None
        usual = min(edge.latency.p50, attempt_limit(edge))
        calls = edge.traffic.pair_per_process
        needed, served = calls * _ORDINARY, cap * SECOND / max(usual, 1)
        if served >= needed:
            return None
        return Conflict(
            magnitude=min(needed / max(served, 1e-3), 1e9),
            arguments={
                "cap": decimal(cap),
                "usual": span(usual),
                "served": rate(served),
                "calls": rate(calls),
                "needed": rate(needed),
            },
            fields={"runtime.retryCap": decimal(cap), "retry.attempts": str(edge.retry.attempts)},
            witness=Witness(
                load=f"{rate(calls)} from each process",
                faults="one call in ten fails and would succeed when repeated",
                seen=f"{rate(served)} are repeated",
                meant=f"{rate(needed)} are repeated",
            ),
        )
