"""RB10: a breaker that does not count time-outs."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed, span
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import HANG, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import CircuitBreaker


class UnrecordedTimeouts(EdgeRule):
    """
    A breaker that does not count time-outs.

    ## What it does
    Reports edges that cut attempts, whose breaker leaves `timeout` out of `failures.record` or
    names it in `failures.ignore`. In imported configurations it reports time limiters outside the
    breaker as well.

    ## Why is this bad?
    A callee that hangs produces time-outs and nothing else. The breaker sees no failure and stays
    closed, and every call waits for its full limit.

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
    spec: {target: {to: stock}, failures: {record: [connect, refused, reset, 5xx]}}
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
    spec: {target: {to: stock}, failures: {record: [connect, refused, reset, timeout, 5xx]}}
    ```

    ## References
    - resilience4j issues 528 and 2013: the time limiter around the breaker
    """

    code = "RB10"
    name = "unrecorded-timeouts"
    severity = Severity.ERROR
    inputs = frozenset({"breaker", "timeout", "runtime"})
    since = "0.1"
    message = "attempts are cut at {limit}, and the breaker does not count that: {reason}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what a hang ends in with what is counted."""
        breaker, limit = edge.breaker, attempt_limit(edge)
        if breaker is None or isinf(limit):
            return None
        reason = _reason(breaker, unseen=edge.runtime.outside("attempt", "breaker"))
        if not reason:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=1,
            arguments={"limit": span(limit), "reason": reason},
            fields={
                "breaker.failures.record": listed(list(breaker.record)),
                "breaker.failures.ignore": listed(list(breaker.ignore)),
                f"timeout.{cut_by}": span(limit),
            },
            witness=Witness(
                load="any",
                faults="the callee hangs",
                seen=f"the breaker stays closed; each call takes {span(limit)}",
                meant="the breaker opens, and calls fail at once",
                run=Experiment(traffic(50, 60), HANG, Measure.OPENINGS, at_least=1),
            ),
            repair=_repair(breaker),
        )


def _reason(breaker: CircuitBreaker, *, unseen: bool) -> str:
    if unseen:
        return "the time limit stands outside the breaker"
    if any(map(is_timeout, breaker.ignore)):
        return f"it ignores {listed(list(breaker.ignore))}"
    if not any(map(is_timeout, breaker.record)):
        return f"it records {listed(list(breaker.record))}"
    return ""


def _repair(breaker: CircuitBreaker) -> Repair | None:
    """Add it to what is recorded, if nothing else stands against it."""
    if any(map(is_timeout, (*breaker.record, *breaker.ignore))):
        return None
    return Repair("breaker.failures.record", [*breaker.record, "timeout"], "count time-outs")
