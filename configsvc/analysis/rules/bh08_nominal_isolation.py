"""BH08: bulkheads so large that they isolate nothing."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import decimal
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import Bulkhead


class NominalIsolation(NodeRule):
    """
    Bulkheads that together, or one alone, can take the caller's workers.

    ## What it does
    For each service that calls two or more others, it compares the permits of its bulkheads in all
    processes of an instance with the workers of that instance. It reports services where one
    bulkhead has half of the workers or more, or where all together have more than there are.

    ## Why is this bad?
    A bulkhead is there so that one callee in trouble does not take all workers. With 10 processes,
    25 permits each and 200 workers, a single callee can hold all of them.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {processes: 10, workers: 200}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}, {to: bank, operation: pay}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec: {operations: [{name: pay, match: {methods: [PUT], path: /payments}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {}, maxConcurrent: 25}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {processes: 10, workers: 200}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}, {to: bank, operation: pay}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: reserve, match: {methods: [PUT], path: /reservations}}]}
    ---
    kind: Service
    metadata: {name: bank}
    spec: {operations: [{name: pay, match: {methods: [PUT], path: /payments}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {}, maxConcurrent: 8}
    ```

    ## References
    - Hystrix, "How it works": isolation
    """

    code = "BH08"
    name = "nominal-isolation"
    severity = Severity.WARNING
    inputs = frozenset({"facts", "outgoing"})
    since = "0.1"
    message = "{processes} processes x {permits} permits {scope} are {total}, for {workers} workers"

    def check(self, node: Node) -> Conflict | None:
        """Compare permits with workers."""
        bulkheads = _bulkheads(node.outgoing)
        if not bulkheads or len({edge.id.callee for edge in node.outgoing}) == 1:
            return None
        permits = [bulkhead.max_concurrent for _, bulkhead in bulkheads]
        processes, workers = node.facts.processes, node.facts.workers
        largest, together = max(permits) * processes, sum(permits) * processes
        if 2 * largest < workers and together <= workers:
            return None
        alone = 2 * largest >= workers
        return Conflict(
            magnitude=min(together / workers, 1e9),
            arguments={
                "processes": decimal(processes),
                "permits": decimal(max(permits) if alone else sum(permits)),
                "scope": "of one bulkhead" if alone else f"of {len(permits)} bulkheads",
                "total": decimal(largest if alone else together),
                "workers": decimal(workers),
            },
            fields={"capacity.workers": decimal(workers)},
            evidence=tuple(
                Evidence(
                    "bulkhead.maxConcurrent", f"{bulkhead.max_concurrent} permits", edge.provenance
                )
                for edge, bulkhead in bulkheads
            ),
            edges=tuple(sorted(edge.id for edge, _ in bulkheads)),
            witness=Witness(
                load="the usual one",
                faults="one callee hangs",
                seen="half of the workers, or all, wait for it",
                meant="most workers go on with other requests",
            ),
        )


def _bulkheads(edges: tuple[EdgeView, ...]) -> list[tuple[EdgeView, Bulkhead]]:
    """The bulkheads of a caller, each once: a pair shares one unless it is for each operation."""
    found: dict[tuple[str, str], tuple[EdgeView, Bulkhead]] = {}
    for edge in edges:
        if edge.bulkhead is not None:
            operation = edge.id.operation if edge.bulkhead.scope == "operation" else ""
            found.setdefault((edge.id.callee, operation), (edge, edge.bulkhead))
    return list(found.values())
