"""BH09: bulkheads of all callers that together exceed the callee."""

from configsvc.analysis.composite import GraphBounds, Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.interval import Range
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import decimal
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness


class OversubscribedCallee(NodeRule):
    """
    Bulkheads whose permits, over all callers, exceed the callee's workers.

    ## What it does
    Adds up the permits of all processes of all callers that have a bulkhead, and compares them with
    the workers of all instances of the callee.

    ## Why is this bad?
    No bulkhead rejects anything before the callee is full: what does not fit waits inside the
    callee, where it is neither counted nor bounded. It is a remark, because callers are seldom at
    their bounds together.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 40, processes: 1}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4, workers: 100}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
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
      capacity: {instances: 40, processes: 1}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4, workers: 100}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Bulkhead
    spec: {target: {}, maxConcurrent: 10}
    ```

    ## References
    - derived: permits count per process, workers per instance
    """

    code = "BH09"
    name = "oversubscribed-callee"
    severity = Severity.INFO
    inputs = frozenset({"facts", "incoming", "total"})
    since = "0.1"
    message = (
        "all callers together have {permits} permits, for {instances} x {each} = {workers} workers"
    )

    def check(self, node: Node) -> Conflict | None:
        """Compare all permits with all workers."""
        bounded = _one_of_each(node.incoming)
        if not bounded:
            return None
        permits = node.total("permits of all callers", bounded, _permits, decimal)
        instances, each = node.facts.instances, node.facts.workers
        workers = instances * each
        if permits <= workers:
            return None
        return Conflict(
            magnitude=min(permits / workers, 1e9),
            arguments={
                "permits": decimal(permits),
                "instances": decimal(instances),
                "each": decimal(each),
                "workers": decimal(workers),
            },
            fields={"capacity.workers": decimal(each), "capacity.instances": decimal(instances)},
            evidence=tuple(
                Evidence("bulkhead.maxConcurrent", f"on {edge.id}", edge.provenance)
                for edge in bounded
            ),
            edges=tuple(sorted(edge.id for edge in bounded)),
            witness=Witness(
                load="every caller at the bound of its bulkhead",
                faults="the callee slows down",
                seen=f"{decimal(permits)} requests at a time in {decimal(workers)} workers",
                meant="callers reject what the callee cannot work on",
            ),
        )


def _permits(bounds: GraphBounds, edge: EdgeView) -> Range:
    permits = 0 if edge.bulkhead is None else edge.bulkhead.max_concurrent
    return Range.exactly(permits) * bounds.processes(edge)


def _one_of_each(edges: tuple[EdgeView, ...]) -> list[EdgeView]:
    """One edge for each bulkhead: a pair shares one unless it is for each operation."""
    found: dict[tuple[str, str], EdgeView] = {}
    for edge in edges:
        if edge.bulkhead is not None:
            operation = edge.id.operation if edge.bulkhead.scope == "operation" else ""
            found.setdefault((edge.id.caller, operation), edge)
    return list(found.values())
