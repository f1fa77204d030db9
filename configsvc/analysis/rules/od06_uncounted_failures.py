"""OD06: outlier detection that does not count what the callee answers."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.outcomes import is_server_failure
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import count, listed
from configsvc.model.findings import Severity, Witness

_GATEWAY = frozenset({"502", "503", "504"})


class UncountedFailures(NodeRule):
    """
    Outlier detection that does not count the failures which the callee makes.

    ## What it does
    Reports services whose outlier detection counts 502, 503 and 504 only (`consecutiveGateway`),
    where an operation declares that it `emits` other server errors.

    ## Why is this bad?
    An instance that answers 500 to everything is never left out: it fails fast, so that some load
    balancers even prefer it.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        outlierDetection: {consecutiveGateway: 5}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}, emits: [500]}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery:
        outlierDetection: {consecutiveGateway: 5, consecutive5xx: 5}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}, emits: [500]}
    ```

    ## References
    - Istio issue 8846: gateway errors are counted, the service answers 500
    """

    code = "OD06"
    name = "uncounted-failures"
    severity = Severity.WARNING
    inputs = frozenset({"discovery", "emits"})
    since = "0.1"
    message = "{counted} in a row of 502, 503 or 504 leave an instance out; {emitted} never does"

    def check(self, node: Node) -> Conflict | None:
        """Compare what is counted with what is answered."""
        detection = node.discovery.outlier_detection
        if detection is None or detection.consecutive_5xx is not None:
            return None
        emitted = [o for o in node.emits if is_server_failure(o) and o not in _GATEWAY]
        if detection.consecutive_gateway is None or not emitted:
            return None
        value = detection.consecutive_gateway
        return Conflict(
            magnitude=len(emitted),
            arguments={"counted": str(value), "emitted": listed(emitted)},
            fields={
                "discovery.outlierDetection.consecutiveGateway": count(value, "failure"),
                "discovery.outlierDetection.consecutive5xx": "none",
            },
            witness=Witness(
                load="any",
                faults=f"an instance answers {listed(emitted)} to everything",
                seen="it is used like any other",
                meant="it is left out",
            ),
            repair=Repair(
                "discovery.outlierDetection.consecutive5xx", value, "count every server error"
            ),
        )
