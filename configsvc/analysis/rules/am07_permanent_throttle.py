"""AM07: a throttle of retries that an ordinary day holds shut."""

from configsvc.analysis.arithmetic import allowed_attempts
from configsvc.analysis.conflict import Conflict
from configsvc.analysis.readers import Edge
from configsvc.analysis.rule import EdgeRule
from configsvc.analysis.scenario import UndecidableError
from configsvc.analysis.text import share
from configsvc.model.findings import Severity, Witness
from configsvc.model.quantities import WHOLE


class PermanentThrottle(EdgeRule):
    """
    A throttle that stops retries on an ordinary day.

    ## What it does
    Reports imported edges whose platform stops retrying once failures exceed a ratio to
    successes, where the usual share of failures reaches ratio / (1 + ratio).

    ## Why is this bad?
    Each failure takes a token, each success gives back a part of one. In the long run the bucket
    is empty from that share on: with a ratio of 0.1 from 9.1 % failures, and it is mostly shut at
    8 % already.

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
    spec: {target: {}, platform: gRPC, throttle: 10%, failures: 10%}
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
    spec: {target: {}, platform: gRPC, throttle: 20%, failures: 10%}
    ```

    ## References
    - gRPC proposal A6, throttling; a simulation of it
    """

    code = "AM07"
    name = "permanent-throttle"
    severity = Severity.WARNING
    inputs = frozenset({"idempotence", "retry", "runtime"})
    since = "0.1"
    message = (
        "{failures} of calls fail on a usual day, and a ratio of {ratio} stops retries at {limit}"
    )
    imported_only = True

    def check(self, edge: Edge) -> Conflict | None:
        """Compare the usual failures with what the throttle tolerates."""
        ratio, failures = edge.runtime.throttle, edge.runtime.failures
        if edge.retry is None or ratio is None or allowed_attempts(edge) == 1:
            return None
        if failures is None:
            raise UndecidableError("runtime.failures")
        limit = WHOLE * ratio / (WHOLE + ratio)
        if failures < limit:
            return None
        return Conflict(
            magnitude=failures / max(limit, 1),
            arguments={
                "failures": share(failures),
                "ratio": share(ratio),
                "limit": share(round(limit, -2)),
            },
            fields={
                "runtime.throttle": share(ratio),
                "retry.attempts": str(edge.retry.attempts),
            },
            witness=Witness(
                load="the usual one",
                faults="the usual ones",
                seen="no failed call is repeated",
                meant="failed calls are repeated on a usual day",
            ),
        )
