"""DL02: a caller's limit that leaves nothing for the way there and back."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span, written_up
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import MILLISECOND

_LEAST_SLACK = 5 * MILLISECOND
_SLACK_DIVISOR = 20


class DeadlineWithoutSlack(EdgeRule):
    """
    A limit that leaves no time for the way to the callee and back.

    ## What it does
    Reports edges where the limit of an attempt is at or above the longest work of the callee, by
    less than 5 ms or 5 % of the limit. It needs all data: the callee's own time, and the limits of
    what it calls.

    ## Why is this bad?
    The sum fits on paper. On the wire there is a queue, a handshake, a pause for garbage
    collection: the slowest answers arrive just after the caller has gone.

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
        - {name: reserve, match: {methods: [PUT], path: /reservations}, ownTime: 990ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
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
        - {name: reserve, match: {methods: [PUT], path: /reservations}, ownTime: 900ms}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: choosing a deadline
    """

    code = "DL02"
    name = "deadline-without-slack"
    severity = Severity.WARNING
    inputs = frozenset({"timeout", "subtree"})
    since = "0.1"
    message = (
        "an attempt is cut at {limit}, {slack} after the callee's longest work of {longest}: "
        "the way takes more than {needed}"
    )
    complete = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what is left with what the way takes."""
        limit = attempt_limit(edge)
        if isinf(limit):
            return None
        longest = edge.subtree
        slack, needed = limit - longest, max(_LEAST_SLACK, limit / _SLACK_DIVISOR)
        if slack < 0 or slack >= needed:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        value = written_up(
            max(longest + _LEAST_SLACK, longest * _SLACK_DIVISOR / (_SLACK_DIVISOR - 1))
        )
        return Conflict(
            magnitude=1 - slack / needed,
            arguments={
                "limit": span(limit),
                "slack": span(slack),
                "longest": span(longest),
                "needed": span(needed),
            },
            fields={f"timeout.{cut_by}": span(limit), "operation.ownTime": "the callee's work"},
            witness=Witness(
                load="one call",
                faults=f"the callee takes its longest, and the way {span(needed)}",
                seen="the answer comes just after the caller has gone",
                meant="the answer",
            ),
            repair=Repair(f"timeout.{cut_by}", value, f"allow {value}") if _alone(edge) else None,
        )


def _alone(edge: Edge) -> bool:
    """Whether the one limit may grow without meeting the other."""
    return edge.timeout.attempt is None or edge.timeout.overall is None
