"""GW06: a specific policy that takes away what a general one set."""

from configsvc.analysis.noted import NoteRule
from configsvc.model.findings import Severity


class ReplacedPolicy(NoteRule):
    """
    A specific policy that silently takes away what a general one set.

    ## What it does
    Reports fields of imported edges that a general document sets and a more specific one resets
    to the platform's default, because the platform replaces policies as a whole instead of field
    by field.

    ## Why is this bad?
    Somebody adds a rate limit for one route, and its time-out falls from 130 s to 15 s.

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
      platform: Envoy Gateway
      notes:
        - kind: replaced
          field: timeout.overall
          declared: "130s"
          effective: "15s"
          why: a policy for the route replaces that for the gateway as a whole
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
    spec: {target: {}, platform: Envoy Gateway}
    ```

    ## References
    - Envoy Gateway issues 4091, 4478 and 4844
    """

    code = "GW06"
    name = "replaced-policy"
    severity = Severity.ERROR
    since = "0.1"
    kind = "replaced"
