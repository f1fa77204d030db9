"""RT13: a value that the platform changed without a word."""

from configsvc.analysis.noted import NoteRule
from configsvc.model.findings import Severity


class SilentClamp(NoteRule):
    """
    A value that the platform changes without a word.

    ## What it does
    Reports fields of imported edges that their platform moves into its own bounds.

    ## Why is this bad?
    The document says eight attempts, five are made, and nobody is told. Whoever reckons with
    eight reckons wrong.

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
      platform: gRPC
      notes:
        - kind: clamped
          field: retry.attempts
          declared: "8"
          effective: "5"
          why: gRPC makes five attempts at the most
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
    spec: {target: {}, platform: gRPC}
    ```

    ## References
    - gRPC proposals A6 and A44: attempts above five are treated as five
    - resilience4j: minimum calls above the window are lowered to it
    """

    code = "RT13"
    name = "silent-clamp"
    severity = Severity.INFO
    since = "0.1"
    kind = "clamped"
