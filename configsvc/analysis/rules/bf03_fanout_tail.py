"""BF03: a fan-out that nearly always meets a slow answer."""

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.text import count, share
from configsvc.model.findings import Severity, Witness

_TOLERABLE = 10_000
_FAN = 2


class FanoutTail(WorkRule):
    """
    Many calls that each seldom time out, and together often.

    ## What it does
    For each operation it multiplies the shares of requests in which no call is given up although
    all callees are healthy, by their declared percentiles and limits. A call that is retried after
    a time-out fails if all of its attempts are cut; optional calls do not count, and of a route's
    destinations a request meets one alone. It reports operations where more than 1 % of requests
    lose a call.

    ## Why is this bad?
    One call in a thousand is nothing. Twenty of them for each page are one page in fifty, while
    every dashboard is green.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: feed}
    spec:
      operations:
        - name: show
          calls: [{to: posts, operation: get, times: {typical: 20}}]
    ---
    kind: Service
    metadata: {name: posts}
    spec:
      operations:
        - name: get
          match: {methods: [GET], path: "/posts/{id}"}
          latency: {p50: 20ms, p99: 80ms, p999: 150ms}
    ---
    kind: Timeout
    spec: {target: {}, overall: 120ms}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: feed}
    spec:
      operations:
        - name: show
          calls: [{to: posts, operation: get, times: {typical: 20}}]
    ---
    kind: Service
    metadata: {name: posts}
    spec:
      operations:
        - name: get
          match: {methods: [GET], path: "/posts/{id}"}
          latency: {p50: 20ms, p99: 80ms, p999: 150ms}
    ---
    kind: Timeout
    spec: {target: {}, attempt: 200ms, overall: 500ms}
    ---
    kind: Retry
    spec: {target: {}, attempts: 2, retryOn: [timeout], budget: {ratio: 10%}}
    ```

    ## References
    - Dean and Barroso, "The tail at scale", 2013
    """

    code = "BF03"
    name = "fanout-tail"
    severity = Severity.WARNING
    inputs = frozenset({"alternatives", "calls", "cut_share"})
    since = "0.1"
    message = (
        "of {calls} for one request, one is given up in {share} of requests though all is well"
    )
    explains = frozenset({"RT10"})

    def check(self, work: Work) -> Conflict | None:
        """Compare the share of requests that lose a call with what is tolerable."""
        if work.alternatives:
            return None
        needed = [call for call in work.calls if not call.optional]
        number = sum(call.typical for call in needed)
        if number < _FAN:
            return None
        lost = work.cut_share
        if lost <= _TOLERABLE:
            return None
        return Conflict(
            magnitude=lost,
            arguments={"calls": count(number, "call"), "share": share(lost)},
            evidence=tuple(
                Evidence(field, f"limits the call of {call.edge.id.callee}", call.edge.provenance)
                for call in needed
                for field in ("timeout.attempt", "timeout.overall", "operation.latency.p999")
            ),
            witness=Witness(
                load="the usual one",
                faults="none",
                seen=f"{share(lost)} of requests fail",
                meant="hardly any",
            ),
        )
