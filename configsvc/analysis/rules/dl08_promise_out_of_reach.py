"""DL08: a promised time that the longest wait exceeds."""

from math import isinf

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class PromiseOutOfReach(WorkRule):
    """
    A promised time that the configuration cannot keep.

    ## What it does
    Compares the `slo` of an operation, a route or a BFF's endpoint with its longest wait: its own
    work and its calls, stage after stage, with all of their retries and waits.

    ## Why is this bad?
    The promise was made to somebody who waits. When something behind it is slow, the policies allow
    more time than was promised, and nobody notices until then: three calls of up to 4 s in a row do
    not fit into 3 s.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, slo: 3s, ownTime: 100ms, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 4s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, slo: 3s, ownTime: 100ms, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ```

    ## References
    - Site Reliability Engineering, chapter 22; Gateway API, GEP-1742: time-outs of a route
    """

    code = "DL08"
    name = "promise-out-of-reach"
    severity = Severity.ERROR
    inputs = frozenset({"calls", "longest", "slo"})
    since = "0.1"
    message = "an answer is promised in {slo}, and can take {longest}"

    def check(self, work: Work) -> Conflict | None:
        """Compare the promise with the longest wait."""
        slo = work.slo
        if isinf(slo):
            return None
        longest = work.longest
        if longest <= slo:
            return None
        return Conflict(
            magnitude=min(longest / slo, 1e9),
            arguments={"slo": span(slo), "longest": span(longest)},
            fields={"slo": span(slo)},
            evidence=tuple(
                Evidence(field, "part of the longest wait", call.edge.provenance)
                for call in work.calls
                for field in ("timeout.overall", "timeout.attempt", "retry.attempts")
            ),
            witness=Witness(
                load="one request",
                faults="what is called is slow",
                seen=f"an answer or an error after {span(longest)}",
                meant=f"an answer or an error after {span(slo)}",
            ),
        )
