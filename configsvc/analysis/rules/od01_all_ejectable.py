"""OD01: outlier detection that may leave out every instance."""

from math import floor, isinf

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import count, share
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE, format_share


class AllEjectable(NodeRule):
    """
    Outlier detection that may leave out every instance, with nothing that takes them back.

    ## What it does
    Reports services where `maxEjection` leaves less than one instance, and `panicThreshold` is 0
    %, so that nothing is used once all are out.

    ## Why is this bad?
    A shared cause (a database that is slow) makes all instances look bad. One after the other is
    left out, until every call fails although every instance could answer some.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      discovery:
        panicThreshold: 0%
        outlierDetection: {consecutive5xx: 5, maxEjection: 100%}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      discovery:
        panicThreshold: 0%
        outlierDetection: {consecutive5xx: 5, maxEjection: 50%}
    ```

    ## References
    - Istio issues 13682 and 20135: all endpoints ejected, 503 for every request
    """

    code = "OD01"
    name = "all-ejectable"
    severity = Severity.ERROR
    inputs = frozenset({"discovery", "facts"})
    since = "0.1"
    message = "{share} of {instances} may be left out, {left} remain, and panic is off"

    def check(self, node: Node) -> Conflict | None:
        """Reckon how many instances remain."""
        detection = node.discovery.outlier_detection
        if detection is None or node.discovery.panic_threshold > 0 or detection.max_ejection == 0:
            return None
        instances = node.facts.instances
        kept = max(WHOLE - detection.max_ejection, 0)
        left = instances * kept / WHOLE if kept else 0
        if left >= 1:
            return None
        safe = 0 if isinf(instances) else floor((instances - 1) / instances * 100)
        return Conflict(
            magnitude=1 - left,
            arguments={
                "share": share(detection.max_ejection),
                "instances": count(instances, "instance"),
                "left": f"{left:.2g}",
            },
            fields={
                "discovery.outlierDetection.maxEjection": share(detection.max_ejection),
                "discovery.panicThreshold": "0%",
                "capacity.instances": count(instances, "instance"),
            },
            witness=Witness(
                load="any",
                faults="a cause that all instances share, for some seconds",
                seen="no instance is used: every call fails",
                meant="the instances that are left answer what they can",
            ),
            repair=_repair(safe) if safe else None,
        )


def _repair(percent: int) -> Repair:
    value = format_share(percent * 10_000)
    return Repair("discovery.outlierDetection.maxEjection", value, f"leave out {value} at the most")
