"""RL04: a limit that calls and their retries do not fit into."""

from configsvc.analysis.arithmetic import copies, per_second
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, rate
from configsvc.analysis.trials import repeated, traffic
from configsvc.model.experiments import NO_FAULT, Experiment, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import Share


class RetriesEatQuota(EdgeRule):
    """
    A caller's limit that its own retries use up.

    ## What it does
    Compares the caller's rate limit with its calls, and with the copies that retries make of them
    when the callee fails. The limit stands inside the retry: each attempt takes from it. Calls
    that do not fit by themselves are reported as well: they are rejected on a good day too.

    ## Why is this bad?
    As soon as the callee fails, the process limits itself: first attempts of new calls are
    rejected in favour of the third attempt of old ones. 80 calls a second fit into 100; three
    times 80 do not.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 80, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 100, period: 1s}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 80, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 100, period: 1s}}
    ```

    ## References
    - derived from the order of composition; resilience4j has the retry outside the limiter as well
    """

    code = "RL04"
    name = "retries-eat-quota"
    severity = Severity.WARNING
    inputs = frozenset({"rate_limit", "retry", "runtime", "hedge", "idempotence", "traffic"})
    since = "0.1"
    message = "{calls} per process {fit} {limit}{retried}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the limit with the calls and with their copies."""
        limit = edge.rate_limit
        if limit is None or limit.key is not None:
            return None
        once = edge.runtime.outside("rate_limit", "retry")
        allowed, factor = per_second(limit), 1 if once else copies(edge)
        pair = limit.scope == "pair"
        calls = edge.traffic.pair_per_process if pair else edge.traffic.per_process
        if calls * factor <= allowed:
            return None
        fits = calls <= allowed
        total = f", and {decimal(factor)} copies of each do not: {rate(calls * factor)}"
        return Conflict(
            magnitude=min(calls * factor / allowed, 1e9),
            arguments={
                "calls": rate(calls),
                "fit": "fit into" if fits else "do not fit into",
                "limit": rate(allowed),
                "retried": total if fits else "",
            },
            fields={
                "rate_limit.rate": rate(allowed),
                "retry.attempts": decimal(factor),
                "retry.budget.ratio": "what caps them",
            },
            witness=Witness(
                load=f"{rate(calls)} from each process",
                faults="the callee fails every request" if fits else "none",
                seen="new calls are rejected as limited",
                meant="new calls get their attempt",
                run=Experiment(
                    traffic(calls, 30),
                    repeated(edge.retry, share=Share(400_000)) if edge.retry else NO_FAULT,
                    Measure.LIMITED,
                    at_most=0,
                ),
            ),
        )
