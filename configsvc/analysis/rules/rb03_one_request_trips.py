"""RB03: a breaker that the attempts of a single request can open."""

from configsvc.analysis.arithmetic import allowed_attempts, configured_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.analysis.trials import repeated
from configsvc.model.experiments import ONE_CALL, Experiment, Measure
from configsvc.model.findings import Severity, Witness

_REQUESTS_TO_TRUST = 5
_LEAST = 10


class OneRequestTrips(EdgeRule):
    """
    A breaker that one bad request can open for everybody.

    ## What it does
    Reports edges whose breaker judges after `minimumCalls` outcomes or fewer than one request has
    attempts. The breaker stands inside the retry, so it counts each attempt.

    ## Why is this bad?
    One request that the callee cannot answer, sent three times, fills the window with failures: the
    breaker opens for all callers, and its own third attempt is refused already.

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
    spec: {target: {to: stock}, attempt: 200ms, overall: 5s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, minimumCalls: 2, window: {kind: count, size: 20}}
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
    spec: {target: {to: stock}, attempt: 200ms, overall: 5s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, minimumCalls: 15, window: {kind: count, size: 20}}
    ```

    ## References
    - derived from the order of composition: the breaker counts attempts, not requests
    """

    code = "RB03"
    name = "one-request-trips"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "breaker", "idempotence", "runtime"})
    since = "0.1"
    message = "one request makes {attempts}, and the breaker judges after {minimum}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the attempts of one request with the outcomes that the breaker waits for."""
        breaker = edge.breaker
        if breaker is None or not edge.runtime.outside("retry", "breaker"):
            return None
        minimum, window = breaker.minimum_calls, breaker.window
        if window.kind == "count" and window.size < minimum:
            return None
        if minimum > configured_attempts(edge):
            return None
        attempts = allowed_attempts(edge)
        if minimum > attempts:
            return None
        value = max(_REQUESTS_TO_TRUST * attempts, _LEAST)
        fits = window.kind == "time" or value <= window.size
        return Conflict(
            magnitude=attempts / minimum,
            arguments={
                "attempts": count(attempts, "attempt"),
                "minimum": count(minimum, "outcome"),
            },
            fields={"breaker.minimumCalls": str(minimum), "retry.attempts": str(attempts)},
            witness=Witness(
                load="one call on a quiet day",
                faults="the callee fails this request alone",
                seen="the breaker opens for every caller of the process",
                meant="one failed call",
                run=Experiment(
                    ONE_CALL,
                    repeated(edge.retry),
                    Measure.OPENINGS,
                    at_most=0,
                ),
            ),
            repair=Repair("breaker.minimumCalls", value, f"judge after {value} outcomes")
            if fits
            else None,
        )
