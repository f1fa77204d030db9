"""RB02: an open breaker, asked again and again."""

from configsvc.analysis.arithmetic import allowed_attempts, backoff
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, listed, span
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import ERRORS, Experiment, Measure
from configsvc.model.findings import Severity, Witness


class OpenBreakerRetried(EdgeRule):
    """
    Retries that ask a breaker which stays open for longer than they wait.

    ## What it does
    Reports edges whose `retryOn` names `open`. It is an error where the breaker stays open for
    longer than all back-offs together, and a remark otherwise.

    ## Why is this bad?
    The breaker refuses at once so that the caller can give up at once. Two waits of half a second
    against a breaker that is open for a minute never meet a closed one: every call becomes a second
    slower and fails all the same.

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
    spec: {target: {to: stock}, attempts: 3, retryOn: [timeout, 5xx, open], backoff: {base: 500ms}}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, openFor: 60s}
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
    spec: {target: {to: stock}, attempts: 3, retryOn: [timeout, 5xx], backoff: {base: 500ms}}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, openFor: 60s}
    ```

    ## References
    - resilience4j issues 515 and 1065; Polly: a broken circuit tells when to come back
    """

    code = "RB02"
    name = "open-breaker-retried"
    severity = Severity.ERROR
    inputs = frozenset({"retry", "breaker", "idempotence", "runtime"})
    since = "0.1"
    message = (
        "`open` is retried with {backoff} of back-off in all, but the breaker stays open for {open}"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the waits with the time that the breaker stays open."""
        retry, breaker = edge.retry, edge.breaker
        if retry is None or breaker is None or "open" not in retry.retry_on:
            return None
        if not edge.runtime.outside("retry", "breaker"):
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        waits = backoff(retry, attempts)
        remaining = [outcome for outcome in retry.retry_on if outcome != "open"]
        return Conflict(
            magnitude=breaker.open_for / max(waits, 1),
            severity=Severity.ERROR if waits < breaker.open_for else Severity.INFO,
            arguments={"backoff": span(waits), "open": span(breaker.open_for)},
            fields={
                "retry.retryOn": listed(list(retry.retry_on)),
                "breaker.openFor": span(breaker.open_for),
            },
            witness=Witness(
                load="one call",
                faults="the breaker has just opened",
                seen=f"refused {count(attempts, 'time')}, {span(waits)} later than necessary",
                meant="refused at once",
                run=Experiment(traffic(50, 10), ERRORS, Measure.REFUSED_TWICE, at_most=0),
            ),
            repair=Repair("retry.retryOn", remaining, "leave `open` to the breaker")
            if remaining
            else None,
        )
