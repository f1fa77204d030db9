"""RB08: a breaker that counts calls as slow which are cut before."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import share, span, written
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import MILLISECOND, Duration


class UnreachableSlowCall(EdgeRule):
    """
    A threshold for slow calls that no call can exceed.

    ## What it does
    Reports edges whose breaker counts calls above `slowCall.above` as slow although an attempt is
    cut at or before that time, by `attempt` or by `overall`.

    ## Why is this bad?
    No attempt lives long enough to be slow, so the slow-call rate is always zero. The breaker
    that should open when the callee gets slow waits until it fails outright. resilience4j has
    this by default: 60 s for a slow call, 1 s for the time limiter.

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
    spec: {target: {to: stock}, attempt: 1s, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, slowCall: {above: 60s, rate: 100%}}
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
    spec: {target: {to: stock}, attempt: 1s, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, slowCall: {above: 500ms, rate: 100%}}
    ```

    ## References
    - resilience4j issue 973, spring-cloud-circuitbreaker issue 71
    """

    code = "RB08"
    name = "unreachable-slow-call"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "timeout"})
    since = "0.1"
    message = (
        "calls count as slow above {above}, but every attempt is cut at {limit}: "
        "the slow-call rate stays 0 %"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the threshold with the longest attempt."""
        slow = None if edge.breaker is None else edge.breaker.slow_call
        limit = attempt_limit(edge)
        if slow is None or isinf(limit) or slow.above < limit:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=slow.above / limit,
            arguments={"above": span(slow.above), "limit": span(limit)},
            fields={"breaker.slowCall.above": span(slow.above), f"timeout.{cut_by}": span(limit)},
            witness=Witness(
                load="any",
                faults=f"every answer takes just under {span(limit)}",
                seen="no call is slow; the breaker stays closed",
                meant=f"the breaker opens at {share(slow.rate)} of slow calls",
                run=Experiment(
                    traffic(50, 60),
                    Fault("slow", amount=Duration(int(limit) - 1)),
                    Measure.OPENINGS,
                    at_least=1,
                ),
            ),
            repair=_repair(limit / 2),
        )


def _repair(half: float) -> Repair | None:
    """Half of the limit, unless that is shorter than documents may say."""
    if half < MILLISECOND:
        return None
    value = written(half)
    return Repair("breaker.slowCall.above", value, f"count calls above {value} as slow")
