"""RB07: a breaker that cannot see a hang, because few attempts end in its window."""

from math import ceil, isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import HANG, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class HangBlindBreaker(EdgeRule):
    """
    A breaker that never opens on a hang, because the bulkhead lets too few attempts end.

    ## What it does
    While the callee hangs, `maxConcurrent` attempts end in each attempt limit, and no more. The
    rule reports edges where the breaker's window of time holds fewer of them than `minimumCalls`,
    also if all permits are taken, and therefore given back, in the same moment: a permit can come
    back once for each limit that has begun in the window.

    ## Why is this bad?
    The hang is the very failure that a breaker is for. With 10 permits, attempts of 30 s, a window
    of 10 s and a minimum of 20 the window never holds more than a few outcomes: in a simulation of
    300 s the breaker never opened. With attempts of 1 s it opened after 2.2 s.

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
    spec: {target: {to: stock}, attempt: 4s, overall: 4s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: time, size: 10s}, minimumCalls: 40}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
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
    spec: {target: {to: stock}, attempt: 4s, overall: 4s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, window: {kind: time, size: 10s}, minimumCalls: 20}
    ---
    kind: Bulkhead
    spec: {target: {to: stock}, maxConcurrent: 10}
    ```

    ## References
    - resilience4j issue 1597; a simulation with the agent's own engine
    """

    code = "RB07"
    name = "hang-blind-breaker"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "bulkhead", "timeout"})
    since = "0.1"
    message = (
        "in a hang {permits} x {ends} of {limit} in {window} are {seen} at the most, "
        "and the breaker judges after {minimum}"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the attempts that end in a window with those that the breaker waits for."""
        breaker, bulkhead, limit = edge.breaker, edge.bulkhead, attempt_limit(edge)
        if breaker is None or bulkhead is None or breaker.window.kind != "time" or isinf(limit):
            return None
        size, minimum = breaker.window.size, breaker.minimum_calls
        seen = bulkhead.max_concurrent * ceil(size / limit)
        if seen >= minimum:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=minimum / seen,
            arguments={
                "permits": count(bulkhead.max_concurrent, "permit"),
                "limit": span(limit),
                "window": span(size),
                "ends": count(ceil(size / limit), "end"),
                "seen": count(seen, "outcome"),
                "minimum": str(minimum),
            },
            fields={
                "breaker.minimumCalls": str(minimum),
                "breaker.window": f"time, {span(size)}",
                "bulkhead.maxConcurrent": str(bulkhead.max_concurrent),
                f"timeout.{cut_by}": span(limit),
            },
            witness=Witness(
                load=f"more than {count(bulkhead.max_concurrent, 'call')} at a time",
                faults="the callee hangs",
                seen="every permit is held, every call is rejected as full, the breaker is closed",
                meant="the breaker opens, and calls fail at once",
                run=Experiment(
                    traffic(4 * bulkhead.max_concurrent * SECOND / limit, 4 * size / SECOND),
                    HANG,
                    Measure.OPENINGS,
                    at_least=1,
                ),
            ),
            repair=Repair("breaker.minimumCalls", seen, f"judge after {count(seen, 'outcome')}"),
        )
