"""BH02: one callee that hangs and takes the workers of all others."""

from math import isinf

from configsvc.analysis.composite import GraphBounds, Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.interval import ZERO, Range
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import decimal
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class SharedPoolExhausted(NodeRule):
    """
    One callee that hangs and holds every worker of its caller.

    ## What it does
    For each callee of a service that calls several, it multiplies the rate of the calls that no
    bulkhead bounds with the longest that one can take, and compares the product with the caller's
    workers.

    ## Why is this bad?
    When that callee hangs, all workers of the caller wait for it, and none is left for requests
    that have nothing to do with it. 50 calls a second that wait for 100 s each are 5,000 at a time.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 10, workers: 100}
      operations:
        - {name: buy, externalRate: 500, calls: [{to: stock, operation: reserve}, {to: bank,
        operation: pay}]}
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
    kind: Timeout
    spec: {target: {to: bank}, overall: 10s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 10, workers: 100}
      operations:
        - {name: buy, externalRate: 500, calls: [{to: stock, operation: reserve}, {to: bank,
        operation: pay}]}
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
    kind: Timeout
    spec: {target: {to: bank}, overall: 1500ms}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: bimodal latency
    """

    code = "BH02"
    name = "shared-pool-exhausted"
    severity = Severity.ERROR
    inputs = frozenset({"facts", "largest", "outgoing"})
    since = "0.1"
    message = "when {callee} hangs, {held} calls wait for it at a time, for {workers} workers"

    def check(self, node: Node) -> Conflict | None:
        """Compare what one callee can hold with the workers there are."""
        by_callee: dict[str, list[EdgeView]] = {}
        for edge in node.outgoing:
            by_callee.setdefault(edge.id.callee, []).append(edge)
        if len(by_callee) < 2:  # noqa: PLR2004 - nobody to take workers from
            return None
        worst, held = node.largest("calls that wait", by_callee, _waiting, decimal)
        if held == 0:
            return None
        workers = node.facts.instances * node.facts.workers
        if held < workers:
            return None
        return _conflict(worst, held, workers, by_callee[worst])


def _waiting(bounds: GraphBounds, edge: EdgeView) -> Range:
    longest = bounds.worst_case_alone(edge)
    if edge.bulkhead is not None or isinf(longest.high):
        return ZERO
    return bounds.rate(edge) * longest / Range.exactly(SECOND)


def _conflict(callee: str, held: float, workers: float, edges: list[EdgeView]) -> Conflict:
    return Conflict(
        magnitude=min(held / workers, 1e9),
        arguments={"callee": callee, "held": decimal(held), "workers": decimal(workers)},
        fields={"capacity.workers": decimal(workers)},
        evidence=tuple(
            Evidence(field, f"limits the calls of {callee}", edge.provenance)
            for edge in edges
            for field in ("timeout.overall", "timeout.attempt", "retry.attempts")
        ),
        edges=tuple(sorted(edge.id for edge in edges)),
        witness=Witness(
            load="the usual one",
            faults=f"{callee} hangs",
            seen="no worker is left for anything else",
            meant=f"what does not need {callee} goes on",
        ),
    )
