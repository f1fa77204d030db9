"""OD03: ejections after which the remaining instances are too few."""

from math import floor

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import rate, share
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE, format_share


class OverloadedSurvivors(NodeRule):
    """
    Ejections that leave fewer instances than the load needs.

    ## What it does
    Compares the calls of all callers with the capacity of the instances that remain when as many
    are left out as `maxEjection` allows.

    ## Why is this bad?
    The instances that are left get the load of those that are not, fail under it, and are left
    out in turn.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 1}
      operations:
        - {name: buy, externalRate: 700, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 10, requestsPerSecond: 100}
      discovery:
        outlierDetection: {consecutive5xx: 5, maxEjection: 50%}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 2, processes: 1}
      operations:
        - {name: buy, externalRate: 700, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 10, requestsPerSecond: 100}
      discovery:
        outlierDetection: {consecutive5xx: 5, maxEjection: 30%}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## References
    - Envoy: why there is a panic threshold
    """

    code = "OD03"
    name = "overloaded-survivors"
    severity = Severity.WARNING
    inputs = frozenset({"discovery", "facts", "incoming", "load"})
    since = "0.1"
    message = (
        "{load} arrive, and {left} of {capacity} are left when {ejected} of the instances are out"
    )
    complete = True

    def check(self, node: Node) -> Conflict | None:
        """Compare the load with the capacity that is left."""
        detection = node.discovery.outlier_detection
        if detection is None or detection.max_ejection == 0 or not node.incoming:
            return None
        load = node.load
        capacity = node.facts.instances * node.facts.requests_per_second
        left = capacity * (WHOLE - detection.max_ejection) / WHOLE
        if load <= left or load > capacity:
            return None
        return Conflict(
            magnitude=min(load / max(left, 1), 1e9),
            arguments={
                "load": rate(load),
                "left": rate(left),
                "capacity": rate(capacity),
                "ejected": share(detection.max_ejection),
            },
            fields={
                "discovery.outlierDetection.maxEjection": share(detection.max_ejection),
                "capacity.requestsPerSecond": rate(capacity),
            },
            witness=Witness(
                load=rate(load),
                faults=f"{share(detection.max_ejection)} of the instances are bad for a while",
                seen="the others are overloaded and follow",
                meant="the others bear it",
            ),
            repair=_repair(floor((1 - load / capacity) * 100)),
        )


def _repair(percent: int) -> Repair:
    value = format_share(percent * 10_000)
    return Repair("discovery.outlierDetection.maxEjection", value, f"leave out {value} at the most")
