"""DS01: calls to instances that are gone, with no second attempt."""

from configsvc.analysis.arithmetic import allowed_attempts, repeatable
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, rate, span
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class StaleInstances(EdgeRule):
    """
    Calls to instances that are gone, without another instance to try.

    ## What it does
    When an instance disappears, callers use it until their list is refreshed. For operations that
    may be repeated, the rule multiplies the part of the calls that go to it with that time, and
    reports edges where at least one call fails because no second attempt goes to another
    instance. Where one address stands for all instances (`discovery.mode: server`) callers have
    no list.

    ## Why is this bad?
    Every deployment and every crash costs calls that a second attempt elsewhere would have saved.
    A chain of caches (a registry, a client, a balancer) can keep a dead instance for minutes.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 100, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 5}
      discovery: {refresh: 30s}
      server: {drain: 30s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 100, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 5}
      discovery: {refresh: 30s}
      server: {drain: 30s}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 1s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 2, retryOn: [connect, refused], budget: {ratio: 10%}}
    ```

    ## References
    - Eureka issues 804 and 1150; Spring Cloud Netflix issue 1248: up to 240 s of stale instances
    """

    code = "DS01"
    name = "stale-instances"
    severity = Severity.WARNING
    inputs = frozenset({"callee", "idempotence", "retry", "traffic"})
    since = "0.1"
    message = (
        "one of {instances} disappears: {part} for {stale} are {lost} failed calls, "
        "and none is tried elsewhere"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Reckon the calls that a stale list costs."""
        stale = edge.callee.declared.refresh
        if not stale or edge.callee.declared.one_address:
            return None
        if _tries_elsewhere(edge) or not repeatable(edge):
            return None
        instances = edge.callee.instances
        part = edge.traffic.all / instances
        lost = part * stale / SECOND
        if lost < 1:
            return None
        return Conflict(
            magnitude=min(lost, 1e9),
            arguments={
                "instances": f"{decimal(instances)} instances",
                "part": rate(part),
                "stale": span(stale),
                "lost": decimal(lost),
            },
            fields={"callee.discovery.refresh": span(stale), "callee.capacity.instances": "few"},
            witness=Witness(
                load="the usual one",
                faults="an instance disappears",
                seen=f"{decimal(lost)} calls fail",
                meant="none fails",
            ),
            repair=_repair(edge),
        )


def _tries_elsewhere(edge: Edge) -> bool:
    return edge.retry is not None and edge.retry.other_instance and allowed_attempts(edge) > 1


def _repair(edge: Edge) -> Repair | None:
    retry = edge.retry
    if retry is None or retry.attempts == 1:
        return None
    return Repair("retry.otherInstance", value=True, title="try another instance")
