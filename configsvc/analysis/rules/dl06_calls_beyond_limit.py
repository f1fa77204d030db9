"""DL06: an operation whose calls can take longer than the operation may."""

from math import isinf

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class CallsBeyondLimit(WorkRule):
    """
    An operation with a limit that is shorter than the calls it makes.

    ## What it does
    Adds up the longest times of the calls that an operation makes, stage after stage, each with all
    of its retries and waits. It reports operations where that is above their own `limit`: an error,
    or a warning where the operation honours deadlines, so that its calls are cut in time.

    ## Why is this bad?
    The server ends the request while its calls still run or are still to be retried. Whoever called
    it tries again, and the calls are made again: a function with a limit of 60 s, whose client
    tries for 626 s, was started eight times for one piece of work.

    ## Example
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, limit: 3s, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 5s}
    ```

    ## Use instead
    ```yaml
    kind: Service
    metadata: {name: shop}
    spec:
      operations:
        - {name: buy, limit: 3s, calls: [{to: stock, operation: reserve}]}
    ---
    kind: Service
    metadata: {name: stock}
    spec:
      operations:
        - {name: reserve, match: {methods: [PUT], path: /reservations}}
    ---
    kind: Timeout
    spec: {target: {to: stock}, overall: 2s}
    ```

    ## References
    - boto3 issues 883 and 1104: a function's limit below its client's time-outs
    """

    code = "DL06"
    name = "calls-beyond-limit"
    severity = Severity.ERROR
    inputs = frozenset({"calls", "composes", "honours_deadline", "limit", "waiting"})
    since = "0.1"
    message = "the operation ends after {limit}, and its calls can take {waiting}"

    def check(self, work: Work) -> Conflict | None:
        """Compare the limit with the time for the calls."""
        limit = work.limit
        if isinf(limit) or work.composes:
            return None
        waiting = work.waiting
        if waiting <= limit:
            return None
        return Conflict(
            magnitude=min(waiting / limit, 1e9),
            severity=Severity.WARNING if work.honours_deadline else Severity.ERROR,
            arguments={"limit": span(limit), "waiting": span(waiting)},
            fields={"limit": span(limit)},
            evidence=tuple(
                Evidence(field, "part of the time for its calls", call.edge.provenance)
                for call in work.calls
                for field in ("timeout.overall", "timeout.attempt", "retry.attempts")
            ),
            witness=Witness(
                load="one request",
                faults="what it calls is slow",
                seen=f"the request ends after {span(limit)} without an answer",
                meant="an answer, or an error that says what was slow",
            ),
        )
