"""HG04: copies of calls that are not slow at all."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import share, span, written_up
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import NO_FAULT, Experiment, Measure
from configsvc.model.findings import Severity, Witness

_TOLERABLE = 50_000


class EarlyHedge(EdgeRule):
    """
    Hedge copies of calls that take no longer than usual.

    ## What it does
    Compares the delay of the first copy with the callee's declared percentiles and reports edges
    where more than 5 % of healthy attempts last longer.

    ## Why is this bad?
    A hedge is for the slow tail. With a delay at the median every second call is sent twice: half
    as much load again, for nothing.

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
          latency: {p50: 50ms, p95: 90ms, p99: 200ms, p999: 400ms}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, delay: 40ms, budget: {ratio: 10%}}
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
          latency: {p50: 50ms, p95: 90ms, p99: 200ms, p999: 400ms}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, delay: 90ms, budget: {ratio: 10%}}
    ```

    ## References
    - Dean and Barroso, "The tail at scale", 2013: hedge after the 95th percentile
    """

    code = "HG04"
    name = "early-hedge"
    severity = Severity.WARNING
    inputs = frozenset({"hedge", "latency"})
    since = "0.1"
    message = "a copy is sent after {delay}, when over {share} of healthy attempts still run"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the delay with the tail of the latency."""
        hedge = edge.hedge
        if hedge is None:
            return None
        above = edge.latency.share_above(hedge.delay, _TOLERABLE)
        if above <= _TOLERABLE:
            return None
        p95 = edge.latency.declared("p95")
        return Conflict(
            magnitude=above,
            arguments={"delay": span(hedge.delay), "share": share(above - 1)},
            fields={"hedge.delay": span(hedge.delay)},
            witness=Witness(
                load="the usual one",
                faults="none",
                seen=f"over {share(above - 1)} more requests",
                meant="5 % more requests at the most",
                run=Experiment(traffic(50, 60), NO_FAULT, Measure.ATTEMPTS_PER_CALL, at_most=1.06),
            ),
            repair=None if p95 is None else _repair(written_up(p95)),
        )


def _repair(delay: str) -> Repair:
    return Repair("hedge.delay", delay, f"wait {delay}, the 95th percentile")
