"""OD02: ejections that the panic threshold takes back."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import share
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE, format_share


class PanicOverrulesEjection(NodeRule):
    """
    Ejections beyond the point at which all instances are used again.

    ## What it does
    Reports services where `maxEjection` is above what `panicThreshold` tolerates: with fewer
    healthy instances than the threshold, all are used, the ejected ones too.

    ## Why is this bad?
    With 75 % that may be left out and a threshold of 50 %, the third of four bad instances brings
    all of them back: more trouble means that more calls go to instances that are known to be bad.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        panicThreshold: 50%
        outlierDetection: {consecutive5xx: 5, maxEjection: 75%}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        panicThreshold: 25%
        outlierDetection: {consecutive5xx: 5, maxEjection: 75%}
    ```

    ## References
    - Envoy, panic threshold
    """

    code = "OD02"
    name = "panic-overrules-ejection"
    severity = Severity.WARNING
    inputs = frozenset({"discovery"})
    since = "0.1"
    message = (
        "up to {ejected} may be left out, but from {tolerated} on all instances are used again"
    )

    def check(self, node: Node) -> Conflict | None:
        """Compare both shares."""
        detection, panic = node.discovery.outlier_detection, node.discovery.panic_threshold
        if detection is None or panic == 0 or detection.max_ejection <= WHOLE - panic:
            return None
        value = format_share(WHOLE - panic)
        return Conflict(
            magnitude=detection.max_ejection / max(WHOLE - panic, 1),
            arguments={"ejected": share(detection.max_ejection), "tolerated": value},
            fields={
                "discovery.outlierDetection.maxEjection": share(detection.max_ejection),
                "discovery.panicThreshold": share(panic),
            },
            witness=Witness(
                load="any",
                faults=f"over {value} of the instances are bad",
                seen="calls go to all of them again",
                meant="calls go to the good ones",
            ),
            repair=Repair(
                "discovery.outlierDetection.maxEjection", value, f"leave out {value} at the most"
            ),
        )
