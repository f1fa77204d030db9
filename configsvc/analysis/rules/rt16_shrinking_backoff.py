"""RT16: back-offs that contradict themselves."""

from dataclasses import replace
from math import isinf

from configsvc.analysis.arithmetic import attempt, overall
from configsvc.analysis.arithmetic import backoff as waits
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, span
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Backoff, Retry
from configsvc.model.quantities import WHOLE, format_duration


class ShrinkingBackoff(EdgeRule):
    """
    Back-offs that get shorter, or whose longest is below the first.

    ## What it does
    Reports edges that make several attempts with `backoff.max` below `backoff.base`, or a
    multiplier below 1.

    ## Why is this bad?
    A callee in trouble needs more rest with every failure, not less. With a base of 5 s and a
    maximum of 1 s every wait is 1 s: the base that somebody chose never holds.

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
    spec: {target: {to: stock}, attempt: 200ms, overall: 20s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, backoff: {base: 5s, max: 1s}, budget: {ratio: 20%}}
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
    spec: {target: {to: stock}, attempt: 200ms, overall: 20s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, backoff: {base: 5s, max: 10s}, budget: {ratio: 20%}}
    ```

    ## References
    - gRPC proposal A6: `initialBackoff`, `maxBackoff` and `backoffMultiplier`
    """

    code = "RT16"
    name = "shrinking-backoff"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "timeout"})
    since = "0.1"
    message = (
        "the first back-off is {base}, the longest {longest}, "
        "and each is {multiplier} times the one before"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the waits with each other."""
        if edge.retry is None or edge.retry.attempts == 1:
            return None
        backoff = edge.retry.backoff
        if backoff.max >= backoff.base and backoff.multiplier >= WHOLE:
            return None
        multiplier = decimal(backoff.multiplier / WHOLE)
        return Conflict(
            magnitude=max(backoff.base / max(backoff.max, 1), WHOLE / backoff.multiplier),
            arguments={
                "base": span(backoff.base),
                "longest": span(backoff.max),
                "multiplier": multiplier,
            },
            fields=_fields(backoff, multiplier),
            witness=Witness(
                load="one call",
                faults="every attempt fails",
                seen="waits that are shorter than the first one was meant to be",
                meant=f"waits of {span(backoff.base)} and more",
            ),
            repair=_repair(edge, edge.retry),
        )


def _fields(backoff: Backoff, multiplier: str) -> dict[str, str]:
    if backoff.max >= backoff.base:
        return {"retry.backoff.multiplier": multiplier}
    return {"retry.backoff.base": span(backoff.base), "retry.backoff.max": span(backoff.max)}


def _repair(edge: Edge, retry: Retry) -> Repair | None:
    """Longer waits if the whole call has the time for them, else what the waits are already."""
    backoff = retry.backoff
    if backoff.max >= backoff.base:
        fits = _fits(edge, replace(retry, backoff=replace(backoff, multiplier=WHOLE)))
        title = "keep every wait as long as the first"
        return Repair("retry.backoff.multiplier", 1, title) if fits else None
    if backoff.multiplier < WHOLE:
        return None
    if _fits(edge, replace(retry, backoff=replace(backoff, max=backoff.base))):
        value = format_duration(backoff.base)
        return Repair("retry.backoff.max", value, f"let waits grow to {value}")
    value = format_duration(backoff.max)
    return Repair("retry.backoff.base", value, f"begin with {value}, which is every wait now")


def _fits(edge: Edge, retry: Retry) -> bool:
    """Whether all attempts can run to their limit with these waits between them."""
    limit = attempt(edge)
    running = 0 if isinf(limit) else retry.attempts * limit
    return running + waits(retry, retry.attempts) < overall(edge)
