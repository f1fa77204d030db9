"""RB06: a window of time in which an attempt that hangs hardly fits."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span, written_up
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import HANG, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class WindowBelowAttempts(EdgeRule):
    """
    A breaker whose window is shorter than two attempts.

    ## What it does
    Reports edges whose breaker counts over a time below twice the limit of an attempt.

    ## Why is this bad?
    When the callee hangs, outcomes arrive one attempt limit after their calls began, in bunches. A
    window of about that length holds one bunch or none, and forgets it before the next one comes:
    the breaker sees too few failures at a time.

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
    spec: {target: {to: stock}, attempt: 10s, overall: 10s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: time, size: 10s}, openFor: 30s}
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
    spec: {target: {to: stock}, attempt: 10s, overall: 10s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: time, size: 20s}, openFor: 30s}
    ```

    ## References
    - Microsoft.Extensions.Http.Resilience: the sampling duration is at least twice the attempt
    time-out
    """

    code = "RB06"
    name = "window-below-attempts"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "timeout"})
    since = "0.1"
    message = (
        "the breaker looks back {window}, less than twice the {limit} "
        "of an attempt that hangs ({double})"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the window with two attempts."""
        breaker, limit = edge.breaker, attempt_limit(edge)
        if breaker is None or breaker.window.kind != "time" or isinf(limit):
            return None
        size = breaker.window.size
        if size >= 2 * limit:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        value = written_up(2 * limit)
        return Conflict(
            magnitude=2 * limit / size,
            arguments={"window": span(size), "limit": span(limit), "double": span(2 * limit)},
            fields={"breaker.window": f"time, {span(size)}", f"timeout.{cut_by}": span(limit)},
            witness=Witness(
                load="steady",
                faults="the callee hangs",
                seen="time-outs leave the window before enough of them are in it",
                meant="the breaker opens",
                run=_steady_hang(breaker.minimum_calls, size, limit),
            ),
            repair=Repair("breaker.window", {"kind": "time", "size": value}, f"look back {value}"),
        )


def _steady_hang(minimum: int, size: float, limit: float) -> Experiment:
    """Calls of which two attempt limits hold enough outcomes, and the window does not."""
    rate = minimum * SECOND / ((size + 2 * limit) / 2)
    return Experiment(traffic(rate, 8 * limit / SECOND), HANG, Measure.OPENINGS, at_least=1)
