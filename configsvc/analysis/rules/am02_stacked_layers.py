"""AM02: several clients around one call that all retry it."""

from math import prod

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import listed
from configsvc.model.findings import Severity, Witness


class StackedLayers(EdgeRule):
    """
    Two clients around one call that both retry it.

    ## What it does
    Reports imported edges on which more than one layer retries: an SDK inside the application's
    own retry, a sidecar around both.

    ## Why is this bad?
    They multiply on a single hop: four attempts of the application with three of the SDK are
    twelve requests, and nobody wrote a twelve anywhere.

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
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: an SDK, layers: [{name: the application, attempts: 4}]}
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
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: an SDK, layers: [{name: the application, attempts: 1}]}
    ```

    ## References
    - nanobot issue 2760: 4 x 3 attempts; jina-serve issue 4877; Envoy issue 31597
    """

    code = "AM02"
    name = "stacked-layers"
    severity = Severity.ERROR
    inputs = frozenset({"idempotence", "retry", "runtime"})
    since = "0.1"
    message = "{layers} all retry one call: {product} are {total} attempts"
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Count the layers that retry."""
        runtime = edge.runtime
        if not runtime.layers:
            return None
        retrying = [(layer.name, layer.attempts) for layer in runtime.layers if layer.attempts > 1]
        own = allowed_attempts(edge)
        retrying += [(runtime.platform, own)] if own > 1 else []
        if len(retrying) < 2:  # noqa: PLR2004 - one layer may retry
            return None
        numbers = [attempts for _, attempts in retrying]
        return Conflict(
            magnitude=prod(numbers),
            arguments={
                "layers": listed([name for name, _ in retrying]),
                "product": " x ".join(map(str, numbers)),
                "total": str(prod(numbers)),
            },
            fields={"runtime.layers": "further retries", "retry.attempts": str(own)},
            witness=Witness(
                load="one call",
                faults="the callee fails every request",
                seen=f"{prod(numbers)} requests",
                meant=f"{max(numbers)} requests",
            ),
        )
