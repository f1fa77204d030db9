"""RT10: an attempt limit that cuts healthy attempts."""

from math import isinf

from configsvc.analysis.arithmetic import (
    TOLERABLE_CUTS,
    allowed_attempts,
    attempt_limit,
    longest_fair_attempt,
    overall,
)
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import share, span, written_up
from configsvc.analysis.trials import usual_traffic
from configsvc.model.experiments import NO_FAULT, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE

_TOLERABLE = 1_000
_DISASTROUS = 50_000


class FalseTimeouts(EdgeRule):
    """
    A limit that cuts attempts of a healthy callee.

    ## What it does
    Compares the limit of an attempt with the callee's declared percentiles. It reports edges where
    more than 0.1 % of healthy attempts are cut, as an error above 5 %.

    ## Why is this bad?
    Work that would have succeeded is thrown away and, with a retry, done again: a callee that is
    only slow gets more load for it. With a 99th percentile of 900 ms and a limit of 800 ms more
    than one attempt in a hundred is repeated while everything is well.

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
          latency: {p50: 200ms, p99: 900ms, p999: 1200ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 800ms, overall: 4s}
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
          latency: {p50: 200ms, p99: 900ms, p999: 1200ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 1200ms, overall: 4s}
    ```

    ## References
    - AWS Builders' Library, "Timeouts, retries, and backoff with jitter": choosing a time-out
    """

    code = "RT10"
    name = "false-timeouts"
    severity = Severity.WARNING
    inputs = frozenset({"timeout", "latency", "retry", "idempotence", "bulkhead", "rate_limit"})
    since = "0.1"
    message = "an attempt is cut at {limit}, where over {share} of healthy ones still run"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the limit with the tail of the latency."""
        limit = attempt_limit(edge)
        if isinf(limit):
            return None
        cut = edge.latency.share_above(limit, _TOLERABLE)
        if cut <= _TOLERABLE:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=cut,
            severity=Severity.ERROR if cut > _DISASTROUS else Severity.WARNING,
            arguments={"limit": span(limit), "share": share(cut - 1)},
            fields={
                f"timeout.{cut_by}": span(limit),
                **{
                    f"operation.latency.{name}": span(value)
                    for name in ("p50", "p90", "p95", "p99", "p999")
                    if (value := edge.latency.declared(name)) is not None and value > limit
                },
            },
            witness=Witness(
                load="the usual one",
                faults="none",
                seen=f"over {share(cut - 1)} of attempts time out",
                meant="time-outs while the callee is in trouble, and hardly otherwise",
                run=Experiment(
                    usual_traffic(30), NO_FAULT, Measure.TIMED_OUT, at_most=TOLERABLE_CUTS / WHOLE
                ),
            ),
            repair=_repair(edge) if cut_by == "attempt" else None,
        )


def _repair(edge: Edge) -> Repair | None:
    """The slowest healthy thousandth, if all attempts still fit."""
    slowest = edge.latency.declared("p999")
    if slowest is None or slowest >= overall(edge):
        return None
    if allowed_attempts(edge) > 1 and slowest > longest_fair_attempt(edge):
        return None
    value = written_up(slowest)
    return Repair("timeout.attempt", value, f"let an attempt take {value}, its 99.9th percentile")
