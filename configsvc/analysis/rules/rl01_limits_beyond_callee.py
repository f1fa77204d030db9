"""RL01: limits of all callers that together exceed the callee's own."""

from configsvc.analysis.arithmetic import per_second
from configsvc.analysis.composite import GraphBounds, Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.interval import Range
from configsvc.analysis.outcomes import is_overload
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import decimal, rate
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness
from configsvc.model.policies import RateLimit


class LimitsBeyondCallee(NodeRule):
    """
    Limits of all callers that together exceed what the callee admits.

    ## What it does
    Adds up the rate limits of all processes of all callers and compares them with the callee's
    own limit in all of its processes. It is an error where a caller retries what the callee
    rejects.

    ## Why is this bad?
    The callers' limits are there so that the callee's is not reached. 20 processes of 100 calls a
    second each do not fit into 1,000: every caller keeps to its limit, and half of the calls are
    rejected.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 20, processes: 1}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 100, period: 1s}}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: stock}, rate: {limit: 1000, period: 1s}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 20, processes: 1}
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: RateLimit
    spec: {side: caller, target: {to: stock}, rate: {limit: 50, period: 1s}}
    ---
    kind: RateLimit
    spec: {side: callee, target: {to: stock}, rate: {limit: 1000, period: 1s}}
    ```

    ## References
    - Site Reliability Engineering, chapter 21: per-client limits
    """

    code = "RL01"
    name = "limits-beyond-callee"
    severity = Severity.WARNING
    inputs = frozenset({"facts", "incoming", "total"})
    since = "0.1"
    message = "all callers together may send {callers}, and the callee admits {callee}"

    def check(self, node: Node) -> Conflict | None:
        """Compare the limits on both sides."""
        limited = _one_of_each(node.incoming)
        admissions = {edge.admission for edge in limited if edge.admission is not None}
        if len(admissions) != 1:
            return None
        admission = admissions.pop()
        callers = node.total("limits of all callers", limited, _all_processes, rate)
        callee = per_second(admission) * node.facts.instances * node.facts.processes
        if callers <= callee:
            return None
        return _conflict(admission, limited, callers, callee)


def _conflict(
    admission: RateLimit, limited: list[EdgeView], callers: float, callee: float
) -> Conflict:
    return Conflict(
        magnitude=min(callers / callee, 1e9),
        severity=Severity.ERROR if any(map(_retries, limited)) else Severity.WARNING,
        arguments={"callers": rate(callers), "callee": rate(callee)},
        evidence=tuple(
            Evidence(field, text, edge.provenance)
            for edge in limited
            for field, text in (
                ("rate_limit.rate", f"{rate(_own(edge))} from each process on {edge.id}"),
                ("admission.rate", f"{rate(per_second(admission))} in each process"),
            )
        ),
        edges=tuple(sorted(edge.id for edge in limited)),
        witness=Witness(
            load="every caller at its limit",
            faults="none",
            seen=f"{decimal(100 * (1 - callee / callers))} % of calls are rejected",
            meant="the callee's limit is not reached",
        ),
    )


def _own(edge: EdgeView) -> float:
    return 0 if edge.rate_limit is None else per_second(edge.rate_limit)


def _all_processes(bounds: GraphBounds, edge: EdgeView) -> Range:
    return Range.exactly(_own(edge)) * bounds.processes(edge)


def _retries(edge: EdgeView) -> bool:
    return edge.retry is not None and any(map(is_overload, edge.retry.retry_on))


def _one_of_each(edges: tuple[EdgeView, ...]) -> list[EdgeView]:
    """One edge for each limit of a caller: a pair shares one unless it is for each operation."""
    found: dict[tuple[str, str], EdgeView] = {}
    for edge in edges:
        if edge.rate_limit is not None and edge.rate_limit.key is None:
            operation = edge.id.operation if edge.rate_limit.scope == "operation" else ""
            found.setdefault((edge.id.caller, operation), edge)
    return list(found.values())
