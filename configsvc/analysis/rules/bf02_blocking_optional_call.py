"""BF02: an optional part that takes the page down with it."""

from math import isinf

from configsvc.analysis.composite import Work
from configsvc.analysis.conflict import Conflict, Evidence
from configsvc.analysis.rule import WorkRule
from configsvc.analysis.text import listed, span
from configsvc.analysis.view import CallView
from configsvc.model.findings import Severity, Witness


class BlockingOptionalCall(WorkRule):
    """
    An optional call that can take the whole endpoint down.

    ## What it does
    Reports endpoints of a BFF with an optional call that has neither a `default` nor a Fallback,
    and endpoints whose needed calls fit into their `limit` while the optional ones make them exceed
    it.

    ## Why is this bad?
    The reviews are not worth the page. With 2 s for them in a page of 2 s, slow reviews are a page
    without anything; and without something to show in their place the page has a hole that nobody
    planned.

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
    spec: {target: {}, overall: 600ms}
    ---
    kind: Timeout
    spec: {target: {to: reviews}, overall: 2s}
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
    spec: {target: {}, overall: 600ms}
    ---
    kind: Timeout
    spec: {target: {to: reviews}, overall: 300ms}
    ```

    ## References
    - Site Reliability Engineering, chapter 22: degraded results
    """

    code = "BF02"
    name = "blocking-optional-call"
    severity = Severity.ERROR
    inputs = frozenset({"calls", "composes", "limit", "waiting", "waiting_without_optional"})
    since = "0.1"
    message = "{calls} may fail, but {harm}"

    def check(self, work: Work) -> Conflict | None:
        """Compare the time with and without the optional calls."""
        optional = [call for call in work.calls if call.optional]
        if not work.composes or not optional:
            return None
        bare = [call for call in optional if not call.default and call.edge.fallback is None]
        if bare:
            return _conflict(work, bare, len(bare), "nothing stands in for the answer")
        limit = work.limit
        if isinf(limit) or work.waiting_without_optional > limit:
            return None
        waiting = work.waiting
        if waiting <= limit:
            return None
        harm = f"with it the endpoint can take {span(waiting)} of {span(limit)}"
        return _conflict(work, optional, min(waiting / limit, 1e9), harm)


def _conflict(work: Work, calls: list[CallView], magnitude: float, harm: str) -> Conflict:
    callees = listed(sorted({call.edge.id.callee for call in calls}))
    return Conflict(
        magnitude=magnitude,
        arguments={"calls": f"the call of {callees}", "harm": harm},
        fields={"limit": span(work.limit), "calls": "optional"},
        evidence=tuple(
            Evidence(field, f"limits the call of {call.edge.id.callee}", call.edge.provenance)
            for call in calls
            for field in ("timeout.overall", "timeout.attempt", "retry.attempts")
        ),
        witness=Witness(
            load="one request",
            faults=f"{callees} hangs",
            seen="the page fails",
            meant="the page without a part of it",
        ),
    )
