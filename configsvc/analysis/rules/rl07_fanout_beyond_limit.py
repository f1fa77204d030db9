"""RL07: calls that a callee's own limit does not admit."""

from configsvc.analysis.arithmetic import per_second
from configsvc.analysis.composite import GraphBounds, Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.interval import Range
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import rate
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import RateLimit


class FanoutBeyondLimit(NodeRule):
    """
    Calls from inside the namespace that exceed the callee's own limit.

    ## What it does
    Adds up the calls of all callers, with the copies that their retries make, and compares them
    with the callee's rate limit in all of its processes.

    ## Why is this bad?
    200 pages a second that make 8 calls each are 1,600: a limit of 1,000 that was meant for
    strangers rejects the namespace's own traffic.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: site}
    spec:
      capacity: {instances: 4, processes: 1}
      operations:
        - name: page
          externalRate: 200
          calls: [{to: posts, operation: get, times: {typical: 8}}]
    ---
    kind: Service
    metadata: {name: posts}
    spec:
      capacity: {instances: 2, processes: 5}
      operations:
        - {name: get, match: {methods: [GET], path: "/posts/{id}"}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: posts}, rate: {limit: 100, period: 1s}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: site}
    spec:
      capacity: {instances: 4, processes: 1}
      operations:
        - name: page
          externalRate: 200
          calls: [{to: posts, operation: get, times: {typical: 8}}]
    ---
    kind: Service
    metadata: {name: posts}
    spec:
      capacity: {instances: 2, processes: 5}
      operations:
        - {name: get, match: {methods: [GET], path: "/posts/{id}"}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: posts}, rate: {limit: 200, period: 1s}}
    ```

    ## References
    - derived: rates follow the calls, limits count per process
    """

    code = "RL07"
    name = "fanout-beyond-limit"
    severity = Severity.ERROR
    inputs = frozenset({"facts", "incoming", "total"})
    since = "0.1"
    message = "{arriving} arrive, retries included, and {admitted} are admitted"

    def check(self, node: Node) -> Conflict | None:
        """Compare what arrives with what is admitted."""
        by_limit: dict[RateLimit, list[EdgeView]] = {}
        for edge in node.incoming:
            if edge.admission is not None:
                by_limit.setdefault(edge.admission, []).append(edge)
        if len(by_limit) != 1:
            return None
        [(limit, edges)] = by_limit.items()
        arriving = node.total("calls of all callers with retries", edges, _arriving, rate)
        admitted = per_second(limit) * node.facts.instances * node.facts.processes
        if arriving <= admitted:
            return None
        return Conflict(
            magnitude=min(arriving / admitted, 1e9),
            arguments={"arriving": rate(arriving), "admitted": rate(admitted)},
            evidence=tuple(
                Evidence(field, text, edge.provenance)
                for edge in edges
                for field, text in (
                    ("admission.rate", f"{rate(per_second(limit))} in each process"),
                    ("retry.attempts", f"copies on {edge.id}"),
                )
            ),
            edges=tuple(sorted(edge.id for edge in edges)),
            witness=Witness(
                load="the usual one",
                faults="the callee is slow enough to be retried",
                seen="calls of the namespace itself are rejected",
                meant="the limit holds off strangers",
            ),
        )


def _arriving(bounds: GraphBounds, edge: EdgeView) -> Range:
    return bounds.rate(edge) * bounds.copies(edge)
