"""DL09: a zero that means one thing here and another there."""

from configsvc.analysis.noted import NoteRule
from configsvc.model.findings import Severity


class AmbiguousZero(NoteRule):
    """
    A zero whose meaning differs between platforms.

    ## What it does
    Reports fields of imported edges that were zero, which their platform reads as none, or as off.

    ## Why is this bad?
    Zero attempts are no attempt or no retry; a time-out of zero is none or at once. Copied to
    another platform the same document says the opposite.

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
      platform: Gateway API
      notes:
        - kind: zero
          field: timeout.overall
          declared: "0s"
          effective: no limit
          why: zero switches the time-out off
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
    spec: {target: {}, platform: Gateway API}
    ```

    ## References
    - Gateway API, GEP-1742: zero disables a time-out; stamina: zero is no retry
    """

    code = "DL09"
    name = "ambiguous-zero"
    severity = Severity.WARNING
    since = "0.1"
    kind = "zero"
