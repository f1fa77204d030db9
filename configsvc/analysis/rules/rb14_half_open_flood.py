"""RB14: probes from so many processes that they are a flood."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal
from configsvc.model.findings import Severity, Witness


class HalfOpenFlood(EdgeRule):
    """
    Probes that together exceed what the callee can work on.

    ## What it does
    Every process of the caller has a breaker of its own and sends `halfOpen.probes` at a time. The
    rule reports edges where all of them together are more than the callee's workers.

    ## Why is this bad?
    Breakers that opened together turn half-open together. 400 processes with 10 probes each greet
    the callee that just recovered with 4,000 requests at once, and it goes down again.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 50, processes: 8}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 20, workers: 50}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, halfOpen: {probes: 10}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 50, processes: 8}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 20, workers: 50}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, halfOpen: {probes: 2}}
    ```

    ## References
    - resilience4j issue 1432; `circuitbreaker` for Python, which lets every call through
    """

    code = "RB14"
    name = "half-open-flood"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "caller", "callee"})
    since = "0.1"
    message = (
        "{instances} x {processes} processes x {probes} probes are {total} at once, "
        "for {workers} workers"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare all probes with all workers."""
        if edge.breaker is None:
            return None
        probes = edge.breaker.half_open.probes
        processes = edge.caller.instances * edge.caller.processes
        workers = edge.callee.instances * edge.callee.workers
        if processes * probes <= workers:
            return None
        value = int(workers / processes) if processes <= workers else 0
        return Conflict(
            magnitude=processes * probes / workers,
            arguments={
                "instances": decimal(edge.caller.instances),
                "processes": decimal(edge.caller.processes),
                "probes": decimal(probes),
                "total": decimal(processes * probes),
                "workers": decimal(workers),
            },
            fields={
                "breaker.halfOpen.probes": str(probes),
                "callee.capacity.workers": decimal(edge.callee.workers),
            },
            witness=Witness(
                load="more than the probes from each process",
                faults="an outage that has just ended, seen by all breakers at once",
                seen=f"{decimal(processes * probes)} requests in one moment",
                meant="a careful return",
            ),
            repair=Repair("breaker.halfOpen.probes", value, f"probe with {value} at a time")
            if value
            else None,
        )
