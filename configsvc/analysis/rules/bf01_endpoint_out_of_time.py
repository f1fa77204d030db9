"""BF01: a BFF's endpoint with less time than its calls may take."""

from math import isinf

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.text import span
from configsvc.model.findings import Severity, Witness


class EndpointOutOfTime(WorkRule):
    """
    An endpoint of a BFF with less time than the calls that it cannot do without.

    ## What it does
    Adds up the longest times of an endpoint's calls, stage after stage, each with its retries,
    without those that are optional. It reports endpoints where that is above their `limit`.

    ## Why is this bad?
    Each call was given a fair time-out, as if it were alone. In a row they do not fit: the page
    fails while its last part is still on the way.

    ## Example
    ```yaml
    kind: Bff
    metadata: {name: site}
    spec:
      client: web
      endpoints:
        - name: page
          path: /page
          limit: 1500ms
          calls:
            - {name: stock, to: stock, operation: count, path: /count}
            - {name: price, to: prices, operation: list, path: /prices, stage: 2}
            - {name: stars, to: reviews, operation: list, path: /stars, stage: 3, optional: true,
            default: null}
          output: {stock: stock, price: price, stars: stars}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: count, match: {methods: [GET], path: /count}}]}
    ---
    kind: Service
    metadata: {name: prices}
    spec: {operations: [{name: list, match: {methods: [GET], path: /prices}}]}
    ---
    kind: Service
    metadata: {name: reviews}
    spec: {operations: [{name: list, match: {methods: [GET], path: /stars}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 1s}
    ```

    ## Use instead
    ```yaml
    kind: Bff
    metadata: {name: site}
    spec:
      client: web
      endpoints:
        - name: page
          path: /page
          limit: 1500ms
          calls:
            - {name: stock, to: stock, operation: count, path: /count}
            - {name: price, to: prices, operation: list, path: /prices, stage: 2}
            - {name: stars, to: reviews, operation: list, path: /stars, stage: 3, optional: true,
            default: null}
          output: {stock: stock, price: price, stars: stars}
    ---
    kind: Service
    metadata: {name: stock}
    spec: {operations: [{name: count, match: {methods: [GET], path: /count}}]}
    ---
    kind: Service
    metadata: {name: prices}
    spec: {operations: [{name: list, match: {methods: [GET], path: /prices}}]}
    ---
    kind: Service
    metadata: {name: reviews}
    spec: {operations: [{name: list, match: {methods: [GET], path: /stars}}]}
    ---
    kind: Timeout
    spec: {target: {}, overall: 500ms}
    ```

    ## References
    - Site Reliability Engineering, chapter 22
    """

    code = "BF01"
    name = "endpoint-out-of-time"
    severity = Severity.ERROR
    inputs = frozenset({"calls", "composes", "limit", "waiting_without_optional"})
    since = "0.1"
    message = "the endpoint ends after {limit}, and the calls it needs can take {waiting}"

    def check(self, work: Work) -> Conflict | None:
        """Compare the limit with the calls that are needed."""
        limit = work.limit
        if not work.composes or isinf(limit):
            return None
        waiting = work.waiting_without_optional
        if waiting <= limit:
            return None
        return Conflict(
            magnitude=min(waiting / limit, 1e9),
            arguments={"limit": span(limit), "waiting": span(waiting)},
            fields={"limit": span(limit)},
            evidence=tuple(
                Evidence(field, "part of the time for its calls", call.edge.provenance)
                for call in work.calls
                for field in ("timeout.overall", "timeout.attempt", "retry.attempts")
                if not call.optional
            ),
            witness=Witness(
                load="one request",
                faults="what it calls is slow",
                seen=f"the page fails after {span(limit)}",
                meant="the page, or an error that says what was slow",
            ),
        )
