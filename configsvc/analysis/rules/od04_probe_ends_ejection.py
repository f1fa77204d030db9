"""OD04: health checks that take back what outlier detection left out."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class ProbeEndsEjection(NodeRule):
    """
    Health checks that end an ejection long before its time.

    ## What it does
    Reports services with both outlier detection and a health check that may end an ejection
    (`unejects`), where enough good probes come before the ejection would end by itself, and the
    probes fetch a path that no operation serves.

    ## Why is this bad?
    An instance can be well enough for `/healthz` and bad for every real request. It is left out,
    found healthy a few seconds later, used, left out again: the ejection time never holds.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        healthCheck: {path: /healthz, interval: 5s, healthyAfter: 1, unejects: true}
        outlierDetection: {consecutive5xx: 5, baseEjection: 30s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        healthCheck: {path: /healthz, interval: 5s, healthyAfter: 1, unejects: false}
        outlierDetection: {consecutive5xx: 5, baseEjection: 30s}
    ```

    ## References
    - Envoy issues 28303 and 32442: active health checks uneject
    """

    code = "OD04"
    name = "probe-ends-ejection"
    severity = Severity.WARNING
    inputs = frozenset({"discovery", "serves"})
    since = "0.1"
    message = "{probes} of {interval} end an ejection of {ejection} after {early}"

    def check(self, node: Node) -> Conflict | None:
        """Compare the time of the probes with that of an ejection."""
        probe, detection = node.discovery.health_check, node.discovery.outlier_detection
        if probe is None or detection is None or not probe.unejects:
            return None
        early = probe.interval * probe.healthy_after
        if early >= detection.base_ejection or (probe.path and node.serves(probe.path)):
            return None
        return Conflict(
            magnitude=detection.base_ejection / early,
            arguments={
                "probes": f"{probe.healthy_after} good probe{'s' * (probe.healthy_after > 1)}",
                "interval": span(probe.interval),
                "ejection": span(detection.base_ejection),
                "early": span(early),
            },
            fields={
                "discovery.healthCheck.unejects": "true",
                "discovery.healthCheck.interval": span(probe.interval),
                "discovery.outlierDetection.baseEjection": span(detection.base_ejection),
            },
            witness=Witness(
                load="any",
                faults="an instance that answers probes and fails requests",
                seen=f"it is used again after {span(early)}, time and again",
                meant=f"it is left out for {span(detection.base_ejection)} and longer",
            ),
            repair=Repair(
                "discovery.healthCheck.unejects", value=False, title="let ejections take their time"
            ),
        )
