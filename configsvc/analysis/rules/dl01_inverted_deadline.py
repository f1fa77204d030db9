"""DL01: a caller that gives up before its callee can be done."""

from math import isinf

from configsvc.analysis.arithmetic import attempt_limit
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.analysis.trials import failing_call
from configsvc.model.experiments import Fault, Measure
from configsvc.model.findings import Severity, Witness


class InvertedDeadline(EdgeRule):
    """
    A caller that gives up before its callee can be done.

    ## What it does
    Adds up the longest time that the callee works on one request: its own work and, stage after
    stage, the longest of the calls it makes, each with all of its retries. It reports edges whose
    attempt is cut before. It is an error unless the callee declares that it honours deadlines.

    ## Why is this bad?
    The callee goes on working, and calling others, for somebody who is gone. Time-outs that grow
    from the outside to the inside make every slow request a wasted one: 20 s at the database inside
    15 s at the service inside 10 s at the gateway.

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
          ownTime: 8s
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: count, match: {methods: [GET], path: /count}, ownTime: 1s}
    ---
    kind: Timeout
    spec: {target: {to: shop}, overall: 10s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 20s}
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
          ownTime: 8s
          calls: [{to: stock, operation: count}]
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: count, match: {methods: [GET], path: /count}, ownTime: 1s}
    ---
    kind: Timeout
    spec: {target: {to: shop}, overall: 10s}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 1200ms}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: deadlines and their propagation
    - Envoy issue 7358; userver: an example with 20, 15 and 10 s
    """

    code = "DL01"
    name = "inverted-deadline"
    severity = Severity.ERROR
    inputs = frozenset({"timeout", "operation", "subtree"})
    since = "0.1"
    message = "an attempt is cut at {limit}, and the callee may work on it for {longest}"

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the limit with the callee's longest work."""
        limit = attempt_limit(edge)
        if isinf(limit):
            return None
        longest = edge.subtree
        if limit >= longest:
            return None
        cut_by = "attempt" if edge.timeout.attempt == limit else "overall"
        stops = edge.operation.honours_deadline
        return Conflict(
            magnitude=min(longest / limit, 1e9),
            severity=Severity.WARNING if stops else Severity.ERROR,
            arguments={"limit": span(limit), "longest": span(longest)},
            fields={
                f"timeout.{cut_by}": span(limit),
                "operation.ownTime": "part of the callee's work",
                "operation.calls": "part of the callee's work",
            },
            witness=Witness(
                load="one call",
                faults="what the callee needs is slow",
                seen=f"the caller fails after {span(limit)}; the callee works on for nobody",
                meant="the innermost limit ends first",
                run=failing_call(Fault("hang", where="below"), Measure.ABANDONED_WORK),
            ),
        )
