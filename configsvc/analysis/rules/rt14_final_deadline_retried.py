"""RT14: a retry on a deadline after which nothing can follow."""

from math import isinf

from configsvc.analysis.arithmetic import allowed_attempts, overall
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.outcomes import is_timeout
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.text import count, span
from configsvc.model.findings import Severity, Witness


class FinalDeadlineRetried(EdgeRule):
    """
    A retry after the caller's own deadline, on a platform that cannot limit an attempt.

    ## What it does
    Reports imported edges that retry after a time-out although their platform has no limit for a
    single attempt, and the server's own limit does not end an attempt before the whole call is
    over.

    ## Why is this bad?
    In gRPC the deadline is that of the whole call. When it passes, the call is over:
    `DEADLINE_EXCEEDED` among the retryable codes is never followed by a retry, unless the server
    says it first.

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
      protocol: grpc
      operations:
        - {name: reserve, match: {grpc: shop.Stock/Reserve}, idempotent: true, limit: 10s}
    ---
    kind: Timeout
    spec: {target: {}, overall: 2s, attempt: 500ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, retryOn: [DEADLINE_EXCEEDED], budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: gRPC, attemptLimits: false}
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
      protocol: grpc
      operations:
        - {name: reserve, match: {grpc: shop.Stock/Reserve}, idempotent: true, limit: 500ms}
    ---
    kind: Timeout
    spec: {target: {}, overall: 2s, attempt: 500ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 3, retryOn: [DEADLINE_EXCEEDED], budget: {ratio: 20%}}
    ---
    kind: Runtime
    spec: {target: {}, platform: gRPC, attemptLimits: false}
    ```

    ## References
    - gRPC proposal A44: why there is no time-out per attempt; grpc-java issue 8186
    """

    code = "RT14"
    name = "final-deadline-retried"
    severity = Severity.ERROR
    inputs = frozenset({"idempotence", "operation", "retry", "runtime", "timeout"})
    since = "0.1"
    message = (
        "{attempts} after a time-out, but {platform} limits the whole call only ({overall}), "
        "and {server}"
    )
    explains = frozenset({"RT02"})
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the server's limit with that of the call."""
        retry = edge.retry
        if retry is None or edge.runtime.attempt_limits:
            return None
        whole, limit = overall(edge), edge.operation.limit
        if not any(map(is_timeout, retry.retry_on)) or limit < whole:
            return None
        attempts = allowed_attempts(edge)
        if attempts == 1:
            return None
        return Conflict(
            magnitude=attempts,
            arguments={
                "attempts": count(attempts, "attempt"),
                "platform": edge.runtime.platform,
                "overall": span(whole),
                "server": _server(limit),
            },
            fields={
                "retry.retryOn": ", ".join(retry.retry_on),
                "timeout.overall": span(whole),
                "operation.limit": span(limit),
            },
            witness=Witness(
                load="one call",
                faults="the callee hangs",
                seen=f"the call is over after {span(whole)}",
                meant=count(attempts, "attempt"),
            ),
        )


def _server(limit: float) -> str:
    if isinf(limit):
        return "the server has no limit of its own"
    return f"the server gives up after {span(limit)}"
