"""RB09: a breaker that healthy calls open."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import share, span, written_up
from configsvc.analysis.trials import usual_traffic
from configsvc.model.experiments import NO_FAULT, Experiment, Measure
from configsvc.model.findings import Severity, Witness


class HealthyCallsTrip(EdgeRule):
    """
    A threshold for slow calls that a healthy callee exceeds.

    ## What it does
    Compares `slowCall.above` with the callee's declared percentiles and reports edges where the
    share of healthy attempts above it reaches `slowCall.rate`.

    ## Why is this bad?
    The breaker opens on a good day, closes, and opens again. A demo of resilience4j did it with a
    threshold of 10: meant as seconds, read as milliseconds.

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
          latency: {p50: 20ms, p99: 200ms, p999: 400ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 1s, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, slowCall: {above: 10ms, rate: 30%}}
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
          latency: {p50: 20ms, p99: 200ms, p999: 400ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 1s, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, slowCall: {above: 500ms, rate: 30%}}
    ```

    ## References
    - resilience4j-spring-boot2-demo issue 29
    """

    code = "RB09"
    name = "healthy-calls-trip"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "latency"})
    since = "0.1"
    message = (
        "over {share} of healthy attempts take longer than {above}, "
        "and the breaker opens at {rate} of them"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the tail of the latency with the share that trips."""
        slow = None if edge.breaker is None else edge.breaker.slow_call
        if slow is None:
            return None
        above = edge.latency.share_above(slow.above, slow.rate)
        if above < slow.rate:
            return None
        p99 = edge.latency.declared("p99")
        return Conflict(
            magnitude=above / slow.rate,
            arguments={
                "share": share(above - 1),
                "above": span(slow.above),
                "rate": share(slow.rate),
            },
            fields={
                "breaker.slowCall.above": span(slow.above),
                "breaker.slowCall.rate": share(slow.rate),
            },
            witness=Witness(
                load="the usual one",
                faults="none",
                seen="the breaker opens, closes and opens again",
                meant="the breaker opens when the callee is in trouble",
                run=Experiment(usual_traffic(60), NO_FAULT, Measure.OPENINGS, at_most=0),
            ),
            repair=None if p99 is None else _repair(written_up(p99)),
        )


def _repair(above: str) -> Repair:
    return Repair("breaker.slowCall.above", above, f"count calls above {above}, its p99, as slow")
