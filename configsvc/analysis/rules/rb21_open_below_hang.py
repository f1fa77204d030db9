"""RB21: a breaker that is open for a shorter time than a probe hangs."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, share, span, written_up
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import HANG, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE


class OpenBelowHang(EdgeRule):
    """
    A breaker that probes for longer than it protects.

    ## What it does
    Reports edges whose breaker stays open for less time than an attempt may take.

    ## Why is this bad?
    While the callee hangs, a probe takes the full limit of an attempt. With a limit of 30 s and a
    breaker that is open for 1 s, workers are stuck in probes 97 % of the time: the breaker saves
    hardly anything.

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
    spec: {target: {to: stock}, attempt: 30s, overall: 30s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, openFor: 1s}
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
    spec: {target: {to: stock}, attempt: 30s, overall: 30s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, openFor: 30s}
    ```

    ## References
    - derived: the part of time spent probing is limit / (limit + open)
    """

    code = "RB21"
    name = "open-below-hang"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "timeout"})
    since = "0.1"
    message = (
        "the breaker is open for {open} and a probe hangs for {limit}: it probes {duty} of the time"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the time open with the longest probe."""
        breaker, limit = edge.breaker, attempt_limit(edge)
        if breaker is None or isinf(limit) or breaker.open_for >= limit:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        duty = limit / (limit + breaker.open_for)
        value = written_up(limit)
        return Conflict(
            magnitude=limit / breaker.open_for,
            arguments={
                "open": span(breaker.open_for),
                "limit": span(limit),
                "duty": share(round(duty * WHOLE, -4)),
            },
            fields={"breaker.openFor": span(breaker.open_for), f"timeout.{cut_by}": span(limit)},
            witness=Witness(
                load="any",
                faults="the callee hangs",
                seen=f"{count(breaker.half_open.probes, 'worker')} stuck in probes nearly always",
                meant="calls fail at once, apart from a probe now and then",
                run=Experiment(traffic(50, 60), HANG, Measure.PROBING, at_most=0.5),
            ),
            repair=Repair("breaker.openFor", value, f"stay open for {value}"),
        )
