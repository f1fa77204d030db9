"""HG07: copies without an instance of their own to go to."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness


class HedgeOnSameInstance(EdgeRule):
    """
    More copies of a call than the callee has instances.

    ## What it does
    Reports edges with a Hedge where the callee has fewer instances than there are copies of one
    call.

    ## Why is this bad?
    A copy helps because another instance may be faster. On the same one it stands in the same
    queue, behind the call that it is meant to overtake.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 1}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 100ms, budget: {ratio: 10%}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 2}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: Hedge
    spec: {target: {to: stock}, extra: 1, delay: 100ms, budget: {ratio: 10%}}
    ```

    ## References
    - derived: a copy needs an instance of its own
    """

    code = "HG07"
    name = "hedge-on-same-instance"
    severity = Severity.WARNING
    inputs = frozenset({"hedge", "callee"})
    since = "0.1"
    message = "{copies} copies of a call, for {instances}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare copies and instances."""
        hedge = edge.hedge
        if hedge is None:
            return None
        copies, instances = 1 + hedge.extra, edge.callee.instances
        if instances >= copies:
            return None
        return Conflict(
            magnitude=copies / instances,
            arguments={"copies": str(copies), "instances": count(instances, "instance")},
            fields={
                "hedge.extra": str(hedge.extra),
                "hedge.delay": "set",
                "callee.capacity.instances": count(instances, "instance"),
            },
            witness=Witness(
                load="one call",
                faults="an instance is slow",
                seen="the copy waits on the same instance",
                meant="the copy overtakes on another",
            ),
            repair=Repair("hedge.extra", int(instances) - 1, f"send {int(instances) - 1} more")
            if instances > 1
            else None,
        )
