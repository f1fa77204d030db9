"""RT03: attempts that cannot start, or cannot finish, before the caller gives up."""

from math import isinf

from configsvc.analysis.arithmetic import (
    allowed_attempts,
    attempt,
    backoff,
    floor,
    overall,
    queueing,
    startable_attempts,
    time_for_all,
    whole_attempts,
)
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span, written
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import HANG, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Retry

_UNSENT = frozenset({"connect", "refused", "open", "full", "limited"})
"""Outcomes of attempts whose request has not left the caller."""


class DeadAttempts(EdgeRule):
    """
    Retries that cannot finish before the caller gives up.

    ## What it does
    Adds up what the configured attempts need when each runs to its limit: their limits, the
    longest back-offs between them, and the waits for the bulkhead's queue and the rate limiter.
    It reports edges where the last attempts cannot start, or are cut short, before `overall`
    ends. An attempt is not started with less time left than the callee's median latency, or 10 ms
    where that is not declared.

    Only an attempt that ran to its limit and is repeated after that takes so long. A policy that
    repeats nothing but failures to connect and local rejections (`connect`, `refused`, `open`,
    `full`, `limited`) never follows a hang with another attempt: each of its failed attempts takes
    `connect` at the most, where that is set.

    It is an error if no retry can ever start, a warning if some cannot, and a remark if only the
    last attempt is shorter than the others.

    ## Why is this bad?
    A hang is the case that retries are meant for, and exactly then the later ones do not exist.
    Whoever reads the policy believes in attempts that never happen. The standard resilience
    handler of .NET has this by default: 4 attempts of 10 s with 14 s of back-off need 54 s, and
    the call ends after 30 s.

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
    spec: {target: {to: stock}, attempt: 10s, overall: 30s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 4
      backoff: {base: 2s, multiplier: 2, max: 60s}
      budget: {ratio: 20%}
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
    spec: {target: {to: stock}, attempt: 10s, overall: 30s}
    ---
    kind: Retry
    spec:
      target: {to: stock}
      attempts: 2
      backoff: {base: 2s, multiplier: 2, max: 60s}
      budget: {ratio: 20%}
    ```

    ## References
    - Spring Cloud Netflix: the Ribbon time-out formula that Zuul warned about
    - Istio, VirtualService: attempts made depend on the request's time-out
    - Microsoft.Extensions.Http.Resilience: defaults of the standard handler
    """

    code = "RT03"
    name = "dead-attempts"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "timeout", "bulkhead", "rate_limit", "idempotence", "latency"})
    since = "0.1"
    message = (
        "{attempts} of {attempt} with {backoff} of back-off{queueing} need {needed}; "
        "{outcome} within {overall}"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the time that all attempts need with the time there is."""
        retry, each, whole = edge.retry, attempt(edge), overall(edge)
        if retry is None or isinf(each) or isinf(whole):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1 or time_for_all(edge) - _spared(edge, retry) <= whole:
            return None
        needed, started = time_for_all(edge), startable_attempts(edge)
        waits = queueing(edge) * attempts
        return Conflict(
            magnitude=attempts - started + needed / whole,
            severity=_severity(started, attempts),
            arguments={
                "attempts": count(attempts, "attempt"),
                "attempt": span(each),
                "backoff": span(backoff(retry, attempts)),
                "queueing": f" and {span(waits)} of queueing" if waits else "",
                "needed": span(needed),
                "outcome": _outcome(started, attempts),
                "overall": span(whole),
            },
            fields={
                "retry.attempts": str(retry.attempts),
                "retry.backoff": f"{span(backoff(retry, attempts))} before the last attempt",
                "timeout.attempt": span(each),
                "timeout.overall": span(whole),
            },
            witness=Witness(
                load="one call",
                faults="the callee hangs",
                seen=f"{count(started, 'attempt')} in {span(whole)}",
                meant=f"{count(attempts, 'attempt')} in {span(needed)}",
                run=failing_call(HANG, Measure.MISSING_ATTEMPTS) if started < attempts else None,
            ),
            repair=_repair(edge, retry, needed),
        )


def _spared(edge: Edge, retry: Retry) -> float:
    """What failed attempts leave of their limits where all that is repeated fails unsent."""
    connect = edge.timeout.connect
    if connect is None or not _UNSENT.issuperset(retry.retry_on):
        return 0
    return (allowed_attempts(edge) - 1) * max(attempt(edge) - connect, 0)


def _severity(started: int, attempts: int) -> Severity:
    if started == 1:
        return Severity.ERROR
    return Severity.WARNING if started < attempts else Severity.INFO


def _outcome(started: int, attempts: int) -> str:
    if started == attempts:
        return "the last is cut short"
    return f"only {started} can start"


def _repair(edge: Edge, retry: Retry, needed: float) -> Repair:
    """Fewer attempts if two or more fit whole, else more time."""
    whole = whole_attempts(edge)
    if whole > 1:
        return Repair("retry.attempts", whole, f"make {count(whole, 'attempt')}, which fit")
    value = written(max(needed, backoff(retry, retry.attempts) + floor(edge)))
    return Repair("timeout.overall", value, f"allow {value} for the whole call")
