"""RT20: requests that are too large to be sent again."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict, Repair
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import format_size


class UnreplayableBody(EdgeRule):
    """
    Retries of requests that are too large to be kept for another attempt.

    ## What it does
    Reports edges that make several attempts where the operation's `maxBody` is above the caller's
    `server.replayBuffer`.

    ## Why is this bad?
    A body that does not fit into the buffer is gone after the first attempt. Small requests are
    retried and large ones are not, so tests pass and uploads fail.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      server: {replayBuffer: 64KiB}
      operations:
        - {name: show, calls: [{to: images, operation: store}]}
    ---
    kind: Service
    metadata: {name: images}
    spec:
      operations:
        - {name: store, match: {methods: [PUT], path: "/images/{id}"}, maxBody: 1MiB}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 5s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      server: {replayBuffer: 1MiB}
      operations:
        - {name: show, calls: [{to: images, operation: store}]}
    ---
    kind: Service
    metadata: {name: images}
    spec:
      operations:
        - {name: store, match: {methods: [PUT], path: "/images/{id}"}, maxBody: 1MiB}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 1s, overall: 5s}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, budget: {ratio: 20%}}
    ```

    ## References
    - gRPC proposal A6: requests above the buffer limit are committed and not retried
    - Linkerd: requests with bodies above 64 KiB are not retried
    """

    code = "RT20"
    name = "unreplayable-body"
    severity = Severity.WARNING
    inputs = frozenset({"retry", "operation", "caller", "idempotence"})
    since = "0.1"
    message = (
        "{attempts} of requests of up to {body}, but only {buffer} are kept for a further attempt"
    )

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the largest body with the buffer."""
        if edge.retry is None:
            return None
        body, buffer = edge.operation.max_body, edge.caller.declared.replay_buffer
        if body is None or buffer is None or body <= buffer:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=body / max(buffer, 1),
            arguments={
                "attempts": count(attempts, "attempt"),
                "body": format_size(body),
                "buffer": format_size(buffer),
            },
            fields={
                "retry.attempts": str(attempts),
                "operation.maxBody": format_size(body),
                "caller.server.replayBuffer": format_size(buffer),
            },
            witness=Witness(
                load=f"one call with a body of {format_size(body)}",
                faults="the first attempt fails",
                seen="the call fails",
                meant="a second attempt",
            ),
            repair=Repair(
                "caller.server.replayBuffer", format_size(body), f"keep {format_size(body)}"
            ),
        )
