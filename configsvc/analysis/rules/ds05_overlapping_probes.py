"""DS05: health checks that overlap themselves."""

from configsvc.analysis.composite import Node
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.rule import NodeRule
from configsvc.analysis.text import span, written
from configsvc.model.findings import Severity, Witness


class OverlappingProbes(NodeRule):
    """
    Health checks that may last until the next one, or longer.

    ## What it does
    Reports services whose health check has a `timeout` that is not below its `interval`.

    ## Why is this bad?
    An instance that hangs holds several probes at a time, one more with each interval. Which of
    them speaks for its health is a matter of chance.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {healthCheck: {interval: 5s, timeout: 5s}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: stock}
    spec:
      discovery: {healthCheck: {interval: 5s, timeout: 2s}}
    ```

    ## References
    - derived: a probe that outlasts its interval meets the next one
    """

    code = "DS05"
    name = "overlapping-probes"
    severity = Severity.ERROR
    inputs = frozenset({"discovery"})
    since = "0.1"
    message = "a probe may take {timeout}, and the next one comes after {interval}"

    def check(self, node: Node) -> Conflict | None:
        """Compare a probe's longest time with the interval."""
        probe = node.discovery.health_check
        if probe is None or probe.timeout < probe.interval:
            return None
        value = written(probe.interval / 2)
        return Conflict(
            magnitude=probe.timeout / probe.interval,
            arguments={"timeout": span(probe.timeout), "interval": span(probe.interval)},
            fields={
                "discovery.healthCheck.timeout": span(probe.timeout),
                "discovery.healthCheck.interval": span(probe.interval),
            },
            witness=Witness(
                load="any",
                faults="the instance hangs",
                seen="probes pile up on it",
                meant="one probe at a time",
            ),
            repair=Repair("discovery.healthCheck.timeout", value, f"end a probe after {value}"),
        )
