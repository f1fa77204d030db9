"""OD07: outlier detection that never has enough to judge."""

from dataclasses import replace
from math import isinf

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import count, decimal, rate, span
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import SECOND


class InertOutlierDetection(NodeRule):
    """
    Outlier detection that never has enough instances or requests to judge.

    ## What it does
    Reports services with fewer instances than `minHosts`, or where each instance gets fewer
    requests in an interval than `minRequests`.

    ## Why is this bad?
    It is switched on and does nothing: no instance is ever left out.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 3}
      discovery:
        outlierDetection: {consecutive5xx: 5, minHosts: 5}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 3}
      discovery:
        outlierDetection: {consecutive5xx: 5, minHosts: 3}
    ```

    ## References
    - Envoy: minimum hosts and request volume of outlier detection
    """

    code = "OD07"
    name = "inert-outlier-detection"
    severity = Severity.ERROR
    inputs = frozenset({"discovery", "facts", "incoming", "load"})
    since = "0.1"
    message = "an instance is judged from {needed} on, and there are {found}"
    complete = True

    def check(self, node: Node) -> Conflict | None:
        """Compare what is needed with what there is."""
        detection = node.discovery.outlier_detection
        if detection is None:
            return None
        instances = node.facts.instances
        counts = detection.min_requests > 1 and node.incoming
        if instances < detection.min_hosts:
            texts = (count(detection.min_hosts, "instance"), decimal(instances))
            found = _conflict("minHosts", detection.min_hosts, instances, instances, texts)
            # Where requests are counted too, fewer hosts alone may not be all that it takes.
            return replace(found, repair=None) if counts else found
        if not counts:
            return None
        load = node.load
        seen = load * detection.interval / SECOND / instances
        if isinf(load) or seen >= detection.min_requests:
            return None
        needed = f"{count(detection.min_requests, 'request')} in {span(detection.interval)}"
        texts = needed, f"{decimal(seen)} ({rate(load)} on {count(instances, 'instance')})"
        return _conflict("minRequests", detection.min_requests, seen, instances, texts)


def _conflict(
    field: str, needed: int, found: float, instances: float, texts: tuple[str, str]
) -> Conflict:
    value = int(found)
    return Conflict(
        magnitude=needed / max(found, 1e-3),
        arguments={"needed": texts[0], "found": texts[1]},
        fields={
            f"discovery.outlierDetection.{field}": str(needed),
            "capacity.instances": count(instances, "instance"),
        },
        witness=Witness(
            load="the usual one",
            faults="an instance fails every request",
            seen="it is used like any other",
            meant="it is left out",
        ),
        repair=Repair(f"discovery.outlierDetection.{field}", value, f"judge from {value} on")
        if value
        else None,
    )
