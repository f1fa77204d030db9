"""AM08: a cap on retries beside a budget that takes its place."""

from math import isinf

from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import decimal, share
from configsvc.model.findings import Severity, Witness


class OverriddenCap(EdgeRule):
    """
    A cap on retries that a budget makes void.

    ## What it does
    Reports imported edges with both a cap on concurrent retries and a retry budget, where the
    platform looks at the budget alone.

    ## Why is this bad?
    Whoever set the cap believes that no more than so many retries run at a time. Envoy ignores it
    silently as soon as a budget is there.

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
    kind: Retry
    spec: {target: {}, attempts: 2, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy, retryCap: 100}
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
    kind: Retry
    spec: {target: {}, attempts: 2, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Envoy}
    ```

    ## References
    - Envoy, `retry_budget` in the cluster's circuit breakers; Envoy issue 30974
    """

    code = "AM08"
    name = "overridden-cap"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "runtime"})
    since = "0.1"
    message = "a cap of {cap} retries at a time is void beside a budget of {ratio} on {platform}"
    explains = frozenset({"AM06"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Look for both."""
        cap = edge.runtime.retry_cap
        budget = None if edge.retry is None else edge.retry.budget
        if cap is None or isinf(cap) or budget is None:
            return None
        return Conflict(
            magnitude=1,
            arguments={
                "cap": decimal(cap),
                "ratio": share(budget.ratio),
                "platform": edge.runtime.platform,
            },
            fields={"runtime.retryCap": decimal(cap), "retry.budget.ratio": share(budget.ratio)},
            witness=Witness(
                load=f"more than {decimal(cap)} calls at a time",
                faults="every call fails",
                seen=f"{share(budget.ratio)} of calls are repeated, however many that is",
                meant=f"{decimal(cap)} retries at a time",
            ),
        )
