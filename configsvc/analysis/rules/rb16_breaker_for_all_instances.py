"""RB16: one breaker for several instances, with nothing that leaves a bad one out."""

from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal, share
from configsvc.analysis.trials import traffic
from configsvc.model.experiments import Experiment, Fault, Measure
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE


class BreakerForAllInstances(EdgeRule):
    """
    One breaker for all instances of the callee, and nothing that leaves a bad one out.

    ## What it does
    Reports edges to a service with two instances or more, whose breaker is shared by all of them
    while the callee has no outlier detection. Where one address stands for all instances
    (`discovery.mode: server`) it is their balancer that leaves a bad one out.

    ## Why is this bad?
    A breaker cannot tell one bad instance from a bad service. Either a single instance out of two
    reaches the failure rate and the breaker closes the way to the healthy one as well; or one out
    of four stays below it and a quarter of all calls fails for ever.

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
      capacity: {instances: 2}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, failureRate: 50%}
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
    spec: {target: {to: stock}, overall: 2s}
    ---
    kind: CircuitBreaker
    spec: {target: {to: stock}, failureRate: 50%, scope: instance}
    ```

    ## References
    - Marc Brooker, "Will circuit breakers solve my problems?"
    """

    code = "RB16"
    name = "breaker-for-all-instances"
    severity = Severity.INFO
    inputs = frozenset({"breaker", "callee"})
    since = "0.1"
    message = (
        "one of {instances} instances is {part} of the calls, "
        "and the breaker opens at {rate}: {harm}"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare one instance's part of the calls with the failure rate."""
        breaker = edge.breaker
        if breaker is None or breaker.scope == "instance":
            return None
        if edge.callee.declared.ejects or edge.callee.declared.one_address:
            return None
        instances = edge.callee.instances
        if instances == 1:
            return None
        part = WHOLE / instances
        opens = breaker.failure_rate <= part
        harm = "one bad instance opens it for all" if opens else "one bad instance is never seen"
        return Conflict(
            magnitude=1,
            arguments={
                "instances": decimal(instances),
                "part": share(part),
                "rate": share(breaker.failure_rate),
                "harm": harm,
            },
            fields={
                "breaker.scope": breaker.scope,
                "breaker.failureRate": share(breaker.failure_rate),
            },
            witness=Witness(
                load="spread evenly",
                faults="one instance fails every request",
                seen="every call is rejected" if opens else f"{share(part)} of calls fail for ever",
                meant=f"the other {count(instances - 1, 'instance')} serve every call",
                run=Experiment(
                    traffic(50, 60),
                    Fault("errors", instances=1),
                    Measure.FAILED_AFTERWARDS,
                    at_most=0.05,
                ),
            ),
            repair=Repair("breaker.scope", "instance", "give each instance a breaker of its own"),
        )
