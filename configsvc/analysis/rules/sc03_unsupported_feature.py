"""SC03: a field that the platform has no use for."""

from configsvc.analysis.noted import NoteRule
from configsvc.model.findings import Severity


class UnsupportedFeature(NoteRule):
    """
    A field that the platform ignores.

    ## What it does
    Reports fields of imported edges that their platform reads and does nothing with.

    ## Why is this bad?
    The protection is written down and absent. It shows when it is needed.

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
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Runtime
    spec:
      target: {}
      platform: Istio
      notes:
        - kind: ignored
          field: timeout.attempt
          declared: "2s"
          effective: nothing
          why: a per-try time-out on the inbound side is ignored
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
    spec: {target: {}, attempt: 200ms, overall: 2s}
    ---
    kind: Runtime
    spec: {target: {}, platform: Istio}
    ```

    ## References
    - Istio: rules on the inbound side; gRPC proposal A44: no time-out per attempt
    """

    code = "SC03"
    name = "unsupported-feature"
    severity = Severity.WARNING
    since = "0.1"
    kind = "ignored"
