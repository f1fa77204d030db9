"""DL05: a limit that nobody wrote and that is too short."""

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class ImpliedDefault(EdgeRule):
    """
    A limit of the platform that nobody wrote, and that ends the callee's work.

    ## What it does
    Reports imported edges on which the platform's own default limits the time, where it is
    shorter than the longest that the callee may work.

    ## Why is this bad?
    Nothing in any document says 15 s. The call is cut there all the same, and the search begins
    in the wrong place.

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
        - {name: reserve, match: {methods: [PUT], path: /reservations}, ownTime: 60s}
    ---
    kind: Timeout
    spec: {target: {}, overall: 130s}
    ---
    kind: Runtime
    spec:
      target: {}
      platform: Envoy
      notes:
        - kind: implied
          field: timeout.overall
          declared: nothing
          effective: 15s
          why: default
          time: 15s
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
        - {name: reserve, match: {methods: [PUT], path: /reservations}, ownTime: 60s}
    ---
    kind: Timeout
    spec: {target: {}, overall: 130s}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy}
    ```

    ## References
    - Envoy Gateway issue 4091; Spring Cloud Netflix issue 2882; Envoy's default of 15 s
    """

    code = "DL05"
    name = "implied-default"
    severity = Severity.ERROR
    inputs = frozenset({"runtime", "subtree"})
    since = "0.1"
    message = (
        "nobody wrote {field}, {platform} cuts at {limit}, and the callee may work for {longest}"
    )
    explains = frozenset({"DL01", "DL02"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare what is implied with the callee's longest work."""
        implied = [n for n in edge.runtime.notes if n.kind == "implied" and n.time is not None]
        shortest = min(implied, key=lambda note: note.time or 0, default=None)
        if shortest is None or shortest.time is None:
            return None
        longest = edge.subtree
        if shortest.time >= longest:
            return None
        return Conflict(
            magnitude=min(longest / max(shortest.time, 1), 1e9),
            arguments={
                "field": shortest.field,
                "platform": edge.runtime.platform,
                "limit": span(shortest.time),
                "longest": span(longest),
            },
            fields={"runtime.notes": shortest.why, "operation.ownTime": "the callee's work"},
            witness=Witness(
                load="one call",
                faults="the callee takes its longest",
                seen=f"the call ends after {span(shortest.time)}",
                meant="the call ends where a document says",
            ),
        )
