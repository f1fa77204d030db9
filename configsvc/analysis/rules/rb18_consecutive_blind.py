"""RB18: a breaker that waits for failures in a row, which a good instance interrupts."""

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, decimal
from configsvc.model.findings import Severity, Witness


class ConsecutiveBlind(EdgeRule):
    """
    A breaker that opens after failures in a row, in front of several instances.

    ## What it does
    Reports imported edges whose breaker counts failures in a row, where calls go to several
    instances by turns and a row is at least as long as a turn. (One that counts for each instance
    by itself is not deceived.)

    ## Why is this bad?
    One good instance out of five ends every row: at 80 % failures a breaker that waits for five
    in a row never opens. pybreaker and `circuitbreaker` for Python count like this and nothing
    else.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {}, minimumCalls: 5}
    ---
    kind: Runtime
    spec: {target: {}, platform: pybreaker, consecutive: 5}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      capacity: {instances: 1, processes: 1}
      operations:
        - {name: buy, externalRate: 20, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      capacity: {instances: 4}
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ---
    kind: CircuitBreaker
    spec: {target: {}, minimumCalls: 5}
    ```

    ## References
    - measured: `circuitbreaker` 2 never opened at 80 % failures with every fifth call good
    """

    code = "RB18"
    name = "consecutive-blind"
    severity = Severity.WARNING
    inputs = frozenset({"breaker", "callee", "runtime"})
    since = "0.1"
    message = (
        "the breaker opens after {row} in a row, and calls go to {instances} by turns: "
        "with one good instance it stays closed at {share} % failures"
    )
    explains = frozenset({"RB16"})
    complete = True
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the row with the turns."""
        breaker, row = edge.breaker, edge.runtime.consecutive
        if breaker is None or breaker.scope == "instance" or row is None:
            return None
        if edge.callee.declared.sticky:
            return None
        instances = edge.callee.instances
        if instances == 1 or row < instances:
            return None
        return Conflict(
            magnitude=row,
            arguments={
                "row": count(row, "failure"),
                "instances": count(instances, "instance"),
                "share": decimal(round(100 * (1 - 1 / instances), 1)),
            },
            fields={
                "runtime.consecutive": str(row),
                "breaker.scope": breaker.scope,
            },
            witness=Witness(
                load="spread evenly",
                faults="all instances but one fail every request",
                seen="the breaker stays closed",
                meant="the breaker opens",
            ),
        )
