"""RT05: an outer limit that ends what an inner one still allows."""

from math import inf

from configsvc.analysis.arithmetic import worst_case
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import span
from configsvc.analysis.view import Layer
from configsvc.model.findings import Severity, Witness


class ShortWrapper(EdgeRule):
    """
    A limit around a call that ends before the call may.

    ## What it does
    For imported edges with further clients around their own (an SDK, a time limiter, a sidecar),
    it reckons the longest that each of them lets the call take, from the inside to the outside,
    and reports the first whose limit is shorter than what is inside it.

    ## Why is this bad?
    The retries inside are never made, or are made for nobody: the application gives up after 2 s
    while the sidecar goes on with three attempts of 2 s.

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
    spec: {target: {}, attempt: 2s}
    ---
    kind: Timeout
    metadata: {name: route}
    spec: {target: {to: stock}, overall: 7s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 25ms}, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Istio, layers: [{name: the application, limit: 2s}]}
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
    spec: {target: {}, attempt: 2s}
    ---
    kind: Timeout
    metadata: {name: route}
    spec: {target: {to: stock}, overall: 7s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, backoff: {base: 25ms}, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: Istio, layers: [{name: the application, limit: 8s}]}
    ```

    ## References
    - Istio, "Timeouts": the application's own; Spring Cloud Netflix issues 1324, 2606 and 2987
    """

    code = "RT05"
    name = "short-wrapper"
    severity = Severity.ERROR
    inputs = frozenset(
        {"bulkhead", "hedge", "idempotence", "rate_limit", "retry", "runtime", "timeout"}
    )
    since = "0.1"
    message = "{layer} gives up after {limit}, and what is inside may take {inner}"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare each limit with what is inside it."""
        layers = edge.runtime.layers
        if not layers:
            return None
        inner = worst_case(edge)
        for layer in reversed(layers):
            if layer.limit is not None and layer.limit < inner:
                return _conflict(layer, inner)
            inner = min(inner * layer.attempts, inf if layer.limit is None else layer.limit)
        return None


def _conflict(layer: Layer, inner: float) -> Conflict:
    limit = layer.limit or 0
    return Conflict(
        magnitude=min(inner / max(limit, 1), 1e9),
        arguments={"layer": layer.name, "limit": span(limit), "inner": span(inner)},
        fields={
            "runtime.layers": f"{layer.name}: {span(limit)}",
            "timeout.overall": "part of what is inside",
            "timeout.attempt": "part of what is inside",
            "retry.attempts": "part of what is inside",
        },
        witness=Witness(
            load="one call",
            faults="the callee is slow",
            seen=f"{layer.name} fails after {span(limit)}; the rest goes on for nobody",
            meant="the innermost limit ends first",
        ),
    )
