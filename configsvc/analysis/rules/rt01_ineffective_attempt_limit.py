"""RT01: a time-out per attempt that is not below the time for the whole call."""

from math import isinf

from configsvc.analysis.arithmetic import (
    LEAST_FLOOR,
    allowed_attempts,
    attempt,
    longest_fair_attempt,
    overall,
)
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span, written
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness


class IneffectiveAttemptLimit(EdgeRule):
    """
    An attempt may take as long as the whole call, so a further attempt never starts.

    ## What it does
    Reports edges whose `attempt` time-out is above `overall`, or equal to it although more than
    one attempt is configured.

    ## Why is this bad?
    One slow attempt uses up the whole call. The retries are written down and never happen: after
    a hang the call ends at `overall` with a single attempt behind it. Envoy goes further and
    silently drops a per-try time-out that is not below the route's.

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
    spec: {target: {to: stock}, attempt: 2s, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 4, backoff: {base: 100ms}, budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempt: 325ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 4, backoff: {base: 100ms}, budget: {ratio: 20%}}
    ```

    ## References
    - Envoy, router filter: a per-try time-out that is not below the global one is ignored
    """

    code = "RT01"
    name = "ineffective-attempt-limit"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "retry", "idempotence", "bulkhead", "rate_limit"})
    since = "0.1"
    message = "an attempt may take {attempt} of {overall}: only 1 of {attempts} can start"
    explains = frozenset({"RT03"})

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the two limits."""
        each, whole = attempt(edge), overall(edge)
        if isinf(each) or each < whole:
            return None
        attempts = allowed_attempts(edge)
        if each == whole and attempts == 1:
            return None
        return Conflict(
            magnitude=each / whole,
            arguments={
                "attempt": span(each),
                "overall": span(whole),
                "attempts": count(attempts, "attempt"),
            },
            fields={"timeout.attempt": span(each), "timeout.overall": span(whole)},
            witness=Witness(
                load="one call",
                faults="the callee hangs",
                seen=f"the call ends after {span(whole)} with one attempt made",
                meant=f"{count(attempts, 'attempt')} of up to {span(each)}",
                run=failing_call(HANG, Measure.MISSING_ATTEMPTS) if attempts > 1 else None,
            ),
            repair=_repair(edge),
        )


def _repair(edge: Edge) -> Repair | None:
    """The longest attempt limit with which every attempt fits."""
    longest = longest_fair_attempt(edge)
    if longest <= LEAST_FLOOR:
        return None
    value = written(longest)
    return Repair("timeout.attempt", value, f"limit each attempt to {value}")
