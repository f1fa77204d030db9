"""BH04: permits that are held while nothing is called."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, attempt_limit, backoff, overall
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, rate, span
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class PermitHeldInBackoff(EdgeRule):
    """
    A bulkhead outside the retry, whose permits are held during back-offs.

    ## What it does
    Reports imported edges where the bulkhead wraps the retry and has enough permits for one
    attempt of each call under way, but not for all attempts and the waits between them.

    ## Why is this bad?
    When the callee fails, every call holds its permit while it sleeps. At 20 calls a second,
    three attempts of 1 s and 1.5 s of waits need 90 permits where 20 would do: new calls are
    rejected in favour of sleeping ones.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 10s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 500ms}, budget: {ratio: 20%, minPerSecond: 0}}
    ---
    kind: Bulkhead
    spec: {target: {}, maxConcurrent: 40}
    ---
    kind: Runtime
    spec: {target: {}, platform: Polly, order: [overall, bulkhead, retry, attempt]}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 10s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 500ms}, budget: {ratio: 20%, minPerSecond: 0}}
    ---
    kind: Bulkhead
    spec: {target: {}, maxConcurrent: 40}
    ---
    kind: Runtime
    spec: {target: {}, platform: Polly, order: [overall, retry, bulkhead, attempt]}
    ```

    ## References
    - derived from the two orders: Polly's pipelines, resilience4j's decorators
    """

    code = "BH04"
    name = "permit-held-in-backoff"
    severity = Severity.WARNING
    inputs = frozenset({"bulkhead", "idempotence", "retry", "runtime", "timeout", "traffic"})
    since = "0.1"
    message = (
        "{calls} that last {held} ({attempts} x {limit} + {waits}) hold {needed} permits in a "
        "hang, one attempt each would {once}, and there are {permits}"
    )
    complete = True
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the permits that whole calls hold with those there are."""
        bulkhead, retry, limit = edge.bulkhead, edge.retry, attempt_limit(edge)
        if bulkhead is None or retry is None or isinf(limit):
            return None
        if not edge.runtime.outside("bulkhead", "retry"):
            return None
        attempts, waits = allowed_attempts(edge), backoff(retry, allowed_attempts(edge))
        held = min(attempts * limit + waits, overall(edge))
        calls = edge.traffic.pair_per_process
        once, needed = calls * limit / SECOND, calls * held / SECOND
        if not once <= bulkhead.max_concurrent < needed:
            return None
        return Conflict(
            magnitude=needed / bulkhead.max_concurrent,
            arguments={
                "calls": rate(calls),
                "held": span(held),
                "attempts": str(attempts),
                "limit": span(limit),
                "waits": span(waits),
                "needed": decimal(needed),
                "once": decimal(once),
                "permits": str(bulkhead.max_concurrent),
            },
            fields={
                "runtime.order": ", ".join(edge.runtime.order),
                "bulkhead.maxConcurrent": str(bulkhead.max_concurrent),
                "retry.attempts": str(attempts),
            },
            witness=Witness(
                load=rate(calls),
                faults="the callee hangs",
                seen="new calls are rejected while others sleep between attempts",
                meant="a permit is held while something is called",
            ),
        )
