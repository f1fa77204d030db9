"""DS03: registrations that lapse when one renewal is lost."""

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.scenario import UndecidableError
from configsvc.analysis.text import decimal, span
from configsvc.model.findings import Severity, Witness

_RENEWALS = 3


class FragileLease(EdgeRule):
    """
    Registrations that last for fewer than three renewals.

    ## What it does
    Reports imported edges whose callee is listed by a registry in which a registration lapses
    before it could be renewed three times.

    ## Why is this bad?
    One renewal that is late and one that is lost take a healthy instance off the list. With a
    lease of 2 s and a renewal each second the list flaps; 90 s and 30 s survive two losses.

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
    spec: {target: {}, platform: Eureka, lease: 2s, renewal: 1s}
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
    spec: {target: {}, overall: 1s}
    ---
    kind: Runtime
    spec: {target: {}, platform: Eureka, lease: 90s, renewal: 30s}
    ```

    ## References
    - Spring Cloud Netflix issue 373
    """

    code = "DS03"
    name = "fragile-lease"
    severity = Severity.WARNING
    inputs = frozenset({"runtime"})
    since = "0.1"
    message = "a registration lapses after {lease}, {times} renewals of {renewal}"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the lease with its renewals."""
        lease, renewal = edge.runtime.lease, edge.runtime.renewal
        if lease is None:
            return None
        if renewal is None:
            raise UndecidableError("runtime.renewal")
        if lease >= _RENEWALS * renewal:
            return None
        return Conflict(
            magnitude=_RENEWALS * renewal / max(lease, 1),
            arguments={
                "lease": span(lease),
                "times": decimal(lease / renewal),
                "renewal": span(renewal),
            },
            fields={"runtime.lease": span(lease), "runtime.renewal": span(renewal)},
            witness=Witness(
                load="any",
                faults="one renewal is lost",
                seen="a healthy instance is not called",
                meant="nothing",
            ),
        )
