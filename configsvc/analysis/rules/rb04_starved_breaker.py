"""RB04: a breaker that never sees enough calls to judge."""

from math import floor as whole_part

from configsvc.analysis.arithmetic import allowed_attempts, breaker_rate
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal, rate, span
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import ERRORS, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class StarvedBreaker(EdgeRule):
    """
    A breaker with a window of time that holds too few calls to judge.

    ## What it does
    Compares `minimumCalls` with the attempts that one process sends in the window while all of them
    fail: its rate of calls, times the window, times the attempts of each. A breaker for each
    instance sees its part only. It is an error where somebody wrote the breaker for this pair or
    operation, and a warning where a general one does not suit this edge.

    ## Why is this bad?
    The breaker never opens, whatever happens. Ten calls a minute and a window of five minutes are
    50 outcomes; a minimum of 100 is never reached. Rates are per process: eight processes see an
    eighth of the traffic each.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 4, processes: 5}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {from: shop, to: stock}, window: {kind: time, size: 30s}, minimumCalls: 100}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 4, processes: 5}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {from: shop, to: stock}, window: {kind: time, size: 30s}, minimumCalls: 15}
    ```

    ## References
    - resilience4j issues 747 and 1443; Polly: minimum throughput
    """

    code = "RB04"
    name = "starved-breaker"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "retry", "idempotence", "traffic", "callee", "own_breaker"})
    since = "0.1"
    message = (
        "{rate} per process x {window} x {attempts} are {seen}, "
        "and the breaker judges after {minimum}: it never opens"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the calls in a window with those that the breaker waits for."""
        breaker = edge.breaker
        if breaker is None or breaker.window.kind != "time":
            return None
        attempts, calls = allowed_attempts(edge), breaker_rate(edge)
        seconds = breaker.window.size / SECOND
        seen = calls * seconds * attempts
        if seen >= breaker.minimum_calls:
            return None
        specific = edge.own_breaker
        return Conflict(
            magnitude=breaker.minimum_calls / max(seen, 1e-3),
            severity=Severity.ERROR if specific else Severity.WARNING,
            arguments={
                "rate": rate(calls),
                "window": span(breaker.window.size),
                "attempts": count(attempts, "attempt"),
                "seen": f"{decimal(seen)} outcomes",
                "minimum": decimal(breaker.minimum_calls),
            },
            fields={
                "breaker.minimumCalls": str(breaker.minimum_calls),
                "breaker.window": f"time, {span(breaker.window.size)}",
            },
            witness=Witness(
                load=f"{rate(calls)} from each process",
                faults="the callee fails every request for an hour",
                seen="the breaker stays closed",
                meant=f"the breaker opens within {span(breaker.window.size)}",
                run=Experiment(traffic(calls, 4 * seconds), ERRORS, Measure.OPENINGS, at_least=1),
            ),
            repair=_repair(whole_part(calls * seconds / 2)),
        )


def _repair(minimum: int) -> Repair | None:
    if minimum <= 1:
        return None
    title = f"judge after {minimum} outcomes, half of what a window holds"
    return Repair("breaker.minimumCalls", minimum, title)
