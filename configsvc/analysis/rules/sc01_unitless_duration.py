"""SC01: a length of time without a unit."""

from configsvc.analysis.noted import NoteRule
from configsvc.model.findings import Severity


class UnitlessDuration(NoteRule):
    """
    A length of time without a unit.

    ## What it does
    Reports fields of imported edges that were bare numbers, with the unit in which their platform
    reads them.

    ## Why is this bad?
    Whoever wrote 10 meant seconds. Read as milliseconds it opens the breaker on every healthy
    call. Documents of configsvc refuse bare numbers.

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
      platform: resilience4j
      notes:
        - kind: unitless
          field: breaker.slowCall.above
          declared: "10"
          effective: 10ms
          why: a bare number is read as milliseconds
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
    spec: {target: {}, platform: resilience4j}
    ```

    ## References
    - resilience4j-spring-boot2-demo issue 29: `slowCallDurationThreshold: 10`
    """

    code = "SC01"
    name = "unitless-duration"
    severity = Severity.ERROR
    since = "0.1"
    kind = "unitless"
