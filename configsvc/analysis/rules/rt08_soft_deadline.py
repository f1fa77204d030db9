"""RT08: a deadline that is looked at between attempts only."""

from math import isinf

from configsvc.analysis.arithmetic import attempt, overall
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class SoftDeadline(EdgeRule):
    """
    A limit on the whole call that does not end an attempt.

    ## What it does
    Reports imported edges whose overall limit is looked at between attempts only, and whose
    attempts have no limit of their own.

    ## Why is this bad?
    The attempt that runs when the time is up goes on for as long as it likes. With
    `stop_after_delay(1)` and attempts of 0.9 s a call takes 1.9 s; with an attempt that hangs it
    takes for ever.

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
    spec: {target: {}, overall: 1s}
    ---
    kind: Runtime
    spec: {target: {}, platform: tenacity, softDeadline: true}
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
    spec: {target: {}, attempt: 500ms, overall: 1s}
    ---
    kind: Runtime
    spec: {target: {}, platform: tenacity, softDeadline: true}
    ```

    ## References
    - tenacity, `stop_after_delay` and `stop_before_delay`; measured: 1.91 s for a limit of 1 s
    """

    code = "RT08"
    name = "soft-deadline"
    severity = Severity.WARNING
    inputs = frozenset({"runtime", "timeout"})
    since = "0.1"
    message = (
        "{overall} is looked at between attempts only, and an attempt has no limit: {platform}"
    )
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for a limit that ends an attempt."""
        whole = overall(edge)
        if not edge.runtime.soft_deadline or isinf(whole) or not isinf(attempt(edge)):
            return None
        return Conflict(
            magnitude=1,
            arguments={"overall": span(whole), "platform": edge.runtime.platform},
            fields={
                "timeout.overall": span(whole),
                "timeout.attempt": "none",
                "runtime.softDeadline": "true",
            },
            witness=Witness(
                load="one call",
                faults="the callee hangs",
                seen="the call hangs",
                meant=f"the call fails after {span(whole)}",
            ),
        )
