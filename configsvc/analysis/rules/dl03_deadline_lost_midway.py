"""DL03: a deadline that is handed on, dropped, and handed on again."""

from math import isinf

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.scenario import UndecidableError
from configsvc.analysis.text import listed
from configsvc.analysis.view import EdgeView
from configsvc.model.findings import Severity, Witness


class DeadlineLostMidway(WorkRule):
    """
    A deadline that gets lost in the middle of a path.

    ## What it does
    Reports operations that do not honour deadlines (`honoursDeadline: false`) although their
    callers send one, and what they call would honour it. A service without an agent
    (`client.runtime: none`) is left out: nothing in it could hand a deadline on, and what its own
    calls do is unknown anyway.

    ## Why is this bad?
    The innermost services are ready to stop in time and never hear about it. Work goes on at the
    end of the path that nobody at its beginning waits for.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      operations:
        - {name: page, calls: [{to: shop, operation: cart}]}
    ---
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: cart
          match: {methods: [GET], path: /cart}
          honoursDeadline: false
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: count, match: {methods: [GET], path: /count}, honoursDeadline: true}
    ---
    kind: Timeout
    spec: {target: {to: shop}, overall: 2s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: web}
    spec:
      operations:
        - {name: page, calls: [{to: shop, operation: cart}]}
    ---
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - name: cart
          match: {methods: [GET], path: /cart}
          honoursDeadline: true
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: count, match: {methods: [GET], path: /count}, honoursDeadline: true}
    ---
    kind: Timeout
    spec: {target: {to: shop}, overall: 2s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1s}
    ```

    ## References
    - Envoy issues 4654 and 17016: the expected time-out is sent, and ignored at the next hop
    """

    code = "DL03"
    name = "deadline-lost-midway"
    severity = Severity.WARNING
    inputs = frozenset({"calls", "callers", "honours_deadline"})
    since = "0.1"
    message = "{callers} send a deadline and {callees} would honour it, but it gets lost here"

    def check(self, work: Work) -> Conflict | None:
        """Look for both ends of the gap."""
        agents = [call.edge for call in work.calls if call.edge.caller.enforced]
        below = [edge for edge in agents if edge.operation.honours_deadline]
        known = all(edge.operation.honours_deadline is not None for edge in agents)
        if known and not below:
            return None
        above = sorted({edge.id.caller for edge in work.callers if _sends_deadline(edge)})
        if not above or work.honours_deadline:
            return None
        if not below:
            raise UndecidableError("operation.honoursDeadline")
        return Conflict(
            magnitude=len(below),
            arguments={
                "callers": listed(above),
                "callees": listed(sorted({edge.id.callee for edge in below})),
            },
            fields={"honoursDeadline": "false"},
            evidence=tuple(
                Evidence("operation.honoursDeadline", "true", edge.provenance) for edge in below
            ),
            edges=tuple(sorted(edge.id for edge in below)),
            witness=Witness(
                load="one request",
                faults="the last service is slow",
                seen="it works on after everybody has gone",
                meant="it stops at the deadline",
            ),
        )


def _sends_deadline(edge: EdgeView) -> bool:
    """Whether the caller limits its attempts; its agent then tells the callee."""
    if not edge.caller.enforced:
        return False
    limits = (edge.timeout.attempt, edge.timeout.overall)
    return not all(limit is None or isinf(limit) for limit in limits)
