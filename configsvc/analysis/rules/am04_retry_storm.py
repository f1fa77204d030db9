"""AM04: a callee that bears its load, but not the retries when it fails."""

from configsvc.analysis.composite import GraphBounds, Node
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.interval import Range
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import decimal, rate
from configsvc.analysis.trials import usual_traffic
from configsvc.analysis.view import EdgeView
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND, Duration

_BURST = Experiment(
    usual_traffic(120),
    Fault("hang", Duration(5 * SECOND), Duration(5 * SECOND)),
    Measure.FAILED_AFTERWARDS,
    at_most=0.05,
)


class RetryStorm(NodeRule):
    """
    A callee that bears its load, but not the retries of it.

    ## What it does
    Adds up the calls of all callers of a service, with and without the copies that their retries
    and hedges make when everything fails, and compares both with `capacity`. It reports services
    that bear the first and not the second, as an error where a caller has neither a budget nor a
    breaker.

    ## Why is this bad?
    A short outage makes every call several. The load stays above the capacity because it is above
    the capacity: the service does not come back although the cause is gone, until somebody turns
    off the traffic.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 10, processes: 4}
      operations:
        - {name: buy, externalRate: 9000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 20, requestsPerSecond: 500}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 50%, minPerSecond: 0}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 10, processes: 4}
      operations:
        - {name: buy, externalRate: 9000, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 20, requestsPerSecond: 500}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, attempt: 200ms, overall: 2s}
    ---
    kind: Retry
    spec: {target: {to: stock}, attempts: 3, budget: {ratio: 10%, minPerSecond: 0}}
    ```

    ## References
    - Bronson and others, "Metastable failures in distributed systems"; OSDI 2022, the study of them
    - Marc Brooker, "Metastability and distributed systems"
    """

    code = "AM04"
    name = "retry-storm"
    severity = Severity.WARNING
    inputs = frozenset({"facts", "incoming", "load", "total"})
    since = "0.1"
    message = (
        "{load} of calls, {storm} with all retries, for a capacity of "
        "{instances} x {each} = {capacity}"
    )
    complete = True

    def check(self, node: Node) -> Conflict | None:
        """Compare both loads with the capacity."""
        multiplying = [edge for edge in node.incoming if _makes_copies(edge)]
        if not multiplying:
            return None
        instances, each = node.facts.instances, node.facts.requests_per_second
        capacity = instances * each
        load = node.load
        if load >= capacity:
            return None
        storm = node.total("rate with all retries", node.incoming, _storm, rate)
        if storm <= capacity:
            return None
        unchecked = any(_is_unchecked(edge) for edge in multiplying)
        return Conflict(
            magnitude=storm / capacity,
            severity=Severity.ERROR if unchecked else Severity.WARNING,
            arguments={
                "load": rate(load),
                "storm": rate(storm),
                "instances": decimal(instances),
                "each": rate(each),
                "capacity": rate(capacity),
            },
            fields={
                "capacity.requestsPerSecond": decimal(each),
                "capacity.instances": decimal(instances),
            },
            evidence=tuple(
                Evidence(field, "makes copies", edge.provenance)
                for edge in multiplying
                for field in ("retry.attempts", "retry.budget.ratio", "hedge.extra")
            ),
            edges=tuple(sorted(edge.id for edge in multiplying)),
            witness=Witness(
                load=rate(load),
                faults="the service hangs for some seconds",
                seen=f"{rate(storm)} arrive, and go on arriving after it is well again",
                meant="it comes back by itself",
                run=_BURST,
            ),
        )


def _storm(bounds: GraphBounds, edge: EdgeView) -> Range:
    return bounds.rate(edge) * bounds.copies(edge)


def _makes_copies(edge: EdgeView) -> bool:
    return edge.hedge is not None or (edge.retry is not None and edge.retry.attempts > 1)


def _is_unchecked(edge: EdgeView) -> bool:
    """Whether neither a budget nor a breaker holds back the copies on an edge."""
    if edge.breaker is not None:
        return False
    budgets = (edge.retry and edge.retry.budget, edge.hedge and edge.hedge.budget)
    return not any(budgets)
