"""RT09: a time-out to connect that the attempt's own time-out forestalls."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span, written
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import MILLISECOND


class SlowConnect(EdgeRule):
    """
    A time-out to connect that never comes before the attempt ends.

    ## What it does
    Reports edges whose `connect` time-out is not below the limit of an attempt.

    ## Why is this bad?
    An instance that is gone swallows the attempt: what should be a failure to connect, which is
    safe to repeat elsewhere, is seen as a time-out after which the callee may have done the work. A
    retry that is restricted to what was never sent does not happen.

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
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, connect: 5s, attempt: 1s, overall: 4s}
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
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, connect: 250ms, attempt: 1s, overall: 4s}
    ```

    ## References
    - Envoy, router filter: `connect-failure` is not raised by time-outs of the request
    """

    code = "RT09"
    name = "slow-connect"
    severity = Severity.WARNING
    inputs = frozenset({"timeout"})
    since = "0.1"
    message = "connecting may take {connect}, but the attempt is cut at {limit}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the time to connect with that of the attempt."""
        connect, limit = edge.timeout.connect, attempt_limit(edge)
        if connect is None or isinf(limit) or connect < limit:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        return Conflict(
            magnitude=connect / limit,
            arguments={"connect": span(connect), "limit": span(limit)},
            fields={"timeout.connect": span(connect), f"timeout.{cut_by}": span(limit)},
            witness=Witness(
                load="one call",
                faults="the instance's host is gone: packets are not answered",
                seen=f"`timeout` after {span(limit)}",
                meant=f"`connect` after {span(connect)}",
            ),
            repair=_repair(limit / 4),
        )


def _repair(quarter: float) -> Repair | None:
    """A quarter of the limit, unless that is shorter than documents may say."""
    if quarter < MILLISECOND:
        return None
    value = written(quarter)
    return Repair("timeout.connect", value, f"give up connecting after {value}")
