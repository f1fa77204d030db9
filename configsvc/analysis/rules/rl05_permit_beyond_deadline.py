"""RL05: a wait for a permit that is as long as the whole call."""

from math import isinf

from configsvc.analysis.arithmetic import overall
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span, written
from configsvc.model.experiments import Experiment, Fault, Load, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import Duration


class PermitBeyondDeadline(EdgeRule):
    """
    A limiter that lets a call wait until it is over.

    ## What it does
    Reports edges whose own rate limit has a `maxWait` that is not below the time for the whole
    call.

    ## Why is this bad?
    The call waits for its permit, gets it, and has no time left to use it: a token is spent for
    nothing, and the caller hears "timeout" where "limited" would be true. resilience4j waits 5 s
    by default, in calls of 1 s.

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
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 100, period: 1s}, maxWait: 5s}
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
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 100, period: 1s}, maxWait: 300ms}
    ```

    ## References
    - resilience4j: defaults of the rate limiter and the time limiter
    """

    code = "RL05"
    name = "permit-beyond-deadline"
    severity = Severity.ERROR
    inputs = frozenset({"rate_limit", "timeout"})
    since = "0.1"
    message = "a call may wait {wait} for a permit, and is over after {overall}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the wait with the time for the call."""
        limit, whole = edge.rate_limit, overall(edge)
        if limit is None or isinf(whole) or limit.max_wait < whole:
            return None
        value = written(whole / 4)
        return Conflict(
            magnitude=limit.max_wait / whole,
            arguments={"wait": span(limit.max_wait), "overall": span(whole)},
            fields={"rate_limit.maxWait": span(limit.max_wait), "timeout.overall": span(whole)},
            witness=Witness(
                load="more calls than the limit",
                faults="none",
                seen=f"calls that waited for most of their {span(whole)} are cut before the answer",
                meant="`limited`, in time to do something else",
                run=Experiment(
                    Load(burst=4 * limit.burst),
                    Fault("slow", amount=Duration(int(whole / 4))),
                    Measure.TIMED_OUT,
                    at_most=0,
                ),
            ),
            repair=Repair("rate_limit.maxWait", value, f"wait {value} at the most"),
        )
